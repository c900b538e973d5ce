"""The teacher moves the lips as phonetics says, measured in millimetres with the 52 ARKit shapes alone."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.mouth import LipMotion, Mouth
from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64
from sadtalker3d.train.phones import Phone
from sadtalker3d.train.teacher import DRIVEN, open_targets


@pytest.fixture(scope="module")
def mouth() -> Mouth:
    return Mouth.of(bfm.load("open"))


def say(mouth: Mouth, *phones: tuple[str, float]) -> tuple[np.ndarray, list[Phone], LipMotion]:
    """Phones with their lengths after 0.4 s of silence: targets, phones with times, and the lips."""
    spoken, at = [], 0.4
    for name, length_s in phones:
        spoken.append(Phone(name, at, at + length_s))
        at += length_s
    targets = open_targets(spoken, int((at + 0.4) * 25), mouth)
    return targets, spoken, mouth.measure(targets, len(ARKIT_52))


def during(values: np.ndarray, phone: Phone) -> np.ndarray:
    middle = (np.arange(len(values)) + 0.5) / 25
    return values[(middle >= phone.start_s) & (middle < phone.end_s)]


@pytest.mark.parametrize("stop", ["p", "b", "m"])
@pytest.mark.parametrize("vowel", ["aa", "iy", "uw"])
def test_lips_close_on_p_b_m_between_any_vowels(mouth: Mouth, stop: str, vowel: str) -> None:
    _, phones, lips = say(mouth, (vowel, 0.16), (stop, 0.08), (vowel, 0.16))
    assert during(lips.gap_mm, phones[1]).min() < 0.3
    assert during(lips.gap_mm, phones[0]).max() > 2.0
    assert during(lips.gap_mm, phones[2]).max() > 2.0


def test_a_closure_of_40_ms_is_not_missed_wherever_the_frames_fall(mouth: Mouth) -> None:
    for shift in np.linspace(0, 0.04, 9):
        phones = [
            Phone("aa", 0.4, 0.6 + shift),
            Phone("b", 0.6 + shift, 0.64 + shift),
            Phone("aa", 0.64 + shift, 0.9),
        ]
        lips = mouth.measure(open_targets(phones, 35, mouth), 52)
        assert lips.gap_mm[13:19].min() < 1.0


def test_the_lower_lip_comes_nearer_the_teeth_on_f_than_on_t(mouth: Mouth) -> None:
    _, f, lips_f = say(mouth, ("aa", 0.16), ("f", 0.10), ("aa", 0.16))
    _, t, lips_t = say(mouth, ("aa", 0.16), ("t", 0.10), ("aa", 0.16))
    assert during(lips_f.labiodental_mm, f[1]).min() < during(lips_t.labiodental_mm, t[1]).min() - 1.2


def test_rounding_starts_before_the_vowel(mouth: Mouth) -> None:
    _, rounded, lips = say(mouth, ("iy", 0.16), ("t", 0.10), ("uw", 0.20))
    _, spread, plain = say(mouth, ("iy", 0.16), ("t", 0.10), ("iy", 0.20))
    ahead = during(lips.protrusion_mm, rounded[1]) - during(plain.protrusion_mm, spread[1])
    assert ahead.max() > 1.0
    assert during(lips.width_mm, rounded[2]).min() < -2.0


def test_vowels_open_in_the_order_of_the_vowel_chart(mouth: Mouth) -> None:
    widest = {}
    for vowel in ("aa", "eh", "ih", "uw"):
        _, phones, lips = say(mouth, ("t", 0.06), (vowel, 0.2), ("t", 0.06))
        widest[vowel] = during(lips.gap_mm, phones[1]).max()
    assert widest["aa"] > widest["eh"] > widest["ih"] > widest["uw"] > 1.5


def test_a_louder_vowel_opens_further(mouth: Mouth) -> None:
    phones = [Phone("t", 0.1, 0.2), Phone("aa", 0.2, 0.4), Phone("t", 0.4, 0.5), Phone("aa", 0.5, 0.7)]
    loudness_db = np.where(np.arange(80) < 36, -10.0, 0.0)
    gap = mouth.measure(open_targets(phones, 25, mouth, loudness_db=loudness_db), 52).gap_mm
    assert during(gap, phones[3]).max() > during(gap, phones[1]).max() + 0.5


def test_silence_is_the_neutral_face_and_only_the_mouth_moves(mouth: Mouth) -> None:
    targets, _, _ = say(mouth, ("m", 0.1), ("aa", 0.2))
    assert np.abs(targets[:3]).max() < 0.01
    assert np.abs(targets[-3:]).max() < 0.01
    others = [column for column in range(len(OPEN_64)) if column not in DRIVEN]
    assert not targets[:, others].any()
    assert targets.min() >= 0 and targets.max() <= 1


def test_no_phones_is_rest(mouth: Mouth) -> None:
    assert not open_targets([], 10, mouth).any()
    assert open_targets([Phone("aa", 0, 1)], 0, mouth).shape == (0, 64)
