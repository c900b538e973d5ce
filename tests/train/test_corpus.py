"""The plan of the corpus is the same for everybody, and its texts hold the sounds that lips are judged by."""

from __future__ import annotations

import ctypes.util
import shutil

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.train.corpus import (
    CorpusConfig,
    build,
    without_quiet_ends,
)
from sadtalker3d.train.corpus_engines import Line, require, speak
from sadtalker3d.train.corpus_espeak import without_false_silence
from sadtalker3d.train.corpus_sounds import KINDS, sound
from sadtalker3d.train.corpus_text import LANGUAGES, sentence
from sadtalker3d.train.phones import Phone

TINY = CorpusConfig(
    hibari=0,
    flite=(("kal16", 1),),
    festival=0,
    espeak_english=1,
    espeak_other=1,
    held_out_voice=1,
    held_out_engine=0,
    held_out_language=0,
    sounds=1,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_filled_in_and_vary(language: str) -> None:
    rng = np.random.default_rng(0)
    said = {sentence(rng, language) for _ in range(40)}
    assert len(said) > 30
    assert not any(set("{}") & set(text) for text in said)


@pytest.mark.parametrize("kind", KINDS)
def test_other_sounds_are_finite_and_levelled(kind: str) -> None:
    wave = sound(kind, 2.0, np.random.default_rng(1))
    assert len(wave) == 32000
    assert np.isfinite(wave).all()
    assert 0.01 < np.abs(wave).max() <= 3.0


def test_silence_at_the_end_of_a_phone_is_cut_off() -> None:
    mel = np.full((80, 80), -4.0, np.float32)
    mel[:, 10:40] = 1.0
    cut = without_quiet_ends([Phone("aa", 0.1, 0.3), Phone("l", 0.3, 0.9)], mel)
    assert [phone.name for phone in cut] == ["aa", "l", "sil"]
    assert cut[1].end_s == pytest.approx(0.5, abs=0.03)


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_tells_when_it_says_what() -> None:
    wave, phones = speak(Line("flite", "kal16", "Bob may fill the moon boots."))
    assert [phone.name for phone in phones if phone.name in "bmpf"] == ["b", "b", "m", "f", "m", "b"]
    assert phones[-1].end_s == pytest.approx(len(wave) / 16000, abs=0.15)


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_formants_move_without_the_time_moving_much() -> None:
    plain, _ = speak(Line("flite", "kal16", "Bob may fill the moon boots."))
    shifted, phones = speak(Line("flite", "kal16", "Bob may fill the moon boots.", formant=1.2))
    assert len(shifted) == pytest.approx(len(plain), rel=0.1)
    assert phones[-1].end_s == pytest.approx(len(shifted) / 16000, abs=0.15)


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"sudo apt install flite festival"):
        require({"flite", "festival"})


@pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_says_no_silence_inside_words_and_no_other_voice() -> None:
    _, phones = speak(Line("espeak", "es+f1", "mi abuela bebe pan", "es"))
    names = [phone.name for phone in phones if phone.end_s - phone.start_s > 0.01]
    assert names == ["m", "iy", "aa", "bh", "w", "ey", "l", "aa", "bh", "ey", "bh", "ey", "p", "aa", "n"]
    with pytest.raises(UserError, match="no voice xx"):
        speak(Line("espeak", "xx+f1", "mi abuela"))


def test_a_closure_belongs_to_its_stop_and_a_loud_silence_to_the_sound_before() -> None:
    wave = np.ones(16000, np.float32)
    wave[4000:4800] = 0
    said = [Phone("aa", 0.0, 0.3), Phone("p", 0.3, 0.34), Phone("iy", 0.34, 0.5),
            Phone("sil", 0.5, 0.55), Phone("aa", 0.55, 0.7)]  # fmt: skip
    found = without_false_silence(said, wave, 16000)
    assert [(p.name, p.start_s, p.end_s) for p in found] == [
        ("aa", 0.0, 0.25), ("p", 0.25, 0.34), ("iy", 0.34, 0.55), ("aa", 0.55, 0.7),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("flite") is None or ctypes.util.find_library("espeak-ng") is None,
    reason="flite and libespeak-ng1 are not both installed",
)
def test_a_corpus_is_made_once_and_refused_for_another_plan(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = build(tmp_path, TINY, processes=1)
    again = build(tmp_path, TINY)
    assert np.array_equal(made.mel, again.mel)
    assert [u.part for u in made.utterances] == ["train", "train", "train", "voice", "rest"]
    with pytest.raises(UserError, match="another plan"):
        build(tmp_path, CorpusConfig(**{**vars(TINY), "seed": 1}))
