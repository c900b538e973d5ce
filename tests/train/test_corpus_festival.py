"""Festival's phones in our alphabet; with the voices, that a running festival says lines and stays the same."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.train import corpus_festival
from sadtalker3d.train.corpus_engines import Line, require, speak
from sadtalker3d.train.corpus_festival import FESTIVAL_VOICES, VOICES_FOLDER, festival_phones
from sadtalker3d.train.phones import SHAPES, Phone


@pytest.mark.parametrize(
    ("voice", "symbol", "names"),
    [
        ("lp_diphone", "nf", ["v"]),
        ("lp_diphone", "tS", ["ch"]),
        ("czech_ph", "ch", ["x"]),
        ("czech_ph", "c~", ["ch"]),
        ("msu_ru_nsh_clunits", "mm", ["m"]),
        ("suo_fi_lj_diphone", "y:", ["yu"]),
        ("suo_fi_lj_diphone", "##", ["sil"]),
        ("ked_diphone", "axr", ["er"]),
    ],
)
def test_symbols(voice: str, symbol: str, names: list[str]) -> None:
    phones = festival_phones(symbol, 0.0, 0.1, FESTIVAL_VOICES[voice], [])
    assert [phone.name for phone in phones] == names


def test_catalan_b_is_closed_only_at_the_beginning_and_after_m() -> None:
    voice = FESTIVAL_VOICES["upc_ca_ona_hts"]
    names = [
        festival_phones("b", 0.1, 0.2, voice, before)[0].name
        for before in ([], [Phone("m", 0, 0.1)], [Phone("aa", 0, 0.1)])
    ]
    assert names == ["b", "b", "bh"]


def test_stress_is_taken_from_the_digit() -> None:
    (phone,) = festival_phones("O1", 0.0, 0.1, FESTIVAL_VOICES["pc_diphone"], [])
    assert (phone.name, phone.stress) == ("ao", 2)


def test_every_table_leads_to_shapes() -> None:
    for voice in FESTIVAL_VOICES.values():
        for symbol in voice.ipa or {}:
            phones = festival_phones(symbol, 0.0, 0.1, voice, [])
            assert phones, symbol
            assert {phone.name for phone in phones} <= set(SHAPES)


def test_missing_voices_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(corpus_festival, "VOICES_FOLDER", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    with pytest.raises(UserError, match=r"festvox-kallpc16k.*festvox-ru"):
        require({"festival"})


@pytest.mark.skipif(
    shutil.which("festival") is None or not (VOICES_FOLDER / "italian/lp_diphone").exists(),
    reason="festival's Italian voice is not installed",
)
def test_a_running_festival_says_lines_the_same_each_time() -> None:
    line = Line("festival", "lp_diphone", "la mamma beve", "it")
    wave, phones = speak(line)
    speak(Line("festival", "lp_diphone", "un uomo parla", "it", rate=1.4))
    again, _ = speak(line)
    assert np.array_equal(wave, again)
    said = [phone.name for phone in phones if phone.name != "sil"]
    assert said == ["l", "aa", "m", "aa", "m", "m", "aa", "b", "ey", "v", "ey"]
    assert phones[-1].end_s == pytest.approx(len(wave) / 16000, abs=0.1)
