"""Lids and cheeks: small, smooth, and out of a blink's way."""

from __future__ import annotations

import numpy as np

from sadtalker3d.motion.cheeks import cheek_motion
from sadtalker3d.motion.lids import lid_motion, with_blinks
from sadtalker3d.motion.prosody import Prosody
from sadtalker3d.rig.arkit import OPEN_64


def performance(frames: int = 50, **columns: float) -> np.ndarray:
    result = np.zeros((frames, 64))
    for name, value in columns.items():
        result[:, OPEN_64.index(name)] = value
    return result


def column(columns: np.ndarray, name: str) -> np.ndarray:
    return columns[:, OPEN_64.index(name)]


def awake(frames: int, *accents: int) -> Prosody:
    prominence = np.zeros(frames)
    prominence[list(accents)] = 1.0
    none = np.zeros(0, np.int64)
    return Prosody(prominence, np.ones(frames, bool), none, none, np.ones(frames))


REST = performance()


def test_looking_down_lowers_and_up_widens() -> None:
    down = lid_motion(REST, REST, performance(eyeLookDownLeft=1.0))
    assert column(down, "eyeBlinkLeft")[0] > 0 and not column(down, "eyeBlinkRight").any()
    assert column(lid_motion(REST, REST, performance(eyeLookUpLeft=1.0)), "eyeWideLeft")[0] > 0


def test_brows_widen_and_cheeks_narrow_but_never_both() -> None:
    raised, pushed = performance(browInnerUp=0.4), performance(cheekSquintRight=0.2)
    both = lid_motion(raised, pushed, REST)
    assert column(both, "eyeWideLeft")[0] > 0 and column(both, "eyeSquintRight")[0] > 0
    assert not (column(both, "eyeWideRight") * column(both, "eyeSquintRight")).any()


def test_a_blink_closes_the_rest_of_the_way_and_nothing_holds_the_lid_open() -> None:
    upper = performance(eyeBlinkLeft=0.3, eyeWideLeft=0.2, eyeSquintRight=0.2, browInnerUp=0.2)
    shut = with_blinks(upper, np.ones(50))
    assert (column(shut, "eyeBlinkLeft") == 1).all() and (column(shut, "eyeBlinkRight") == 1).all()
    assert not column(shut, "eyeWideLeft").any() and not column(shut, "eyeSquintRight").any()
    np.testing.assert_array_equal(with_blinks(upper, np.zeros(50)), upper)


def test_cheeks_rise_with_spread_vowels_and_strong_accents() -> None:
    spread = column(cheek_motion(awake(50), performance(mouthSpread=0.4)), "cheekSquintLeft")
    assert 0.05 < spread[25] < 0.2
    accent = column(cheek_motion(awake(50, 25), REST), "cheekSquintLeft")
    assert accent.argmax() == 25 and 0.05 < accent.max() < 0.2


def test_cheeks_do_not_twitch_when_lips_do() -> None:
    flicker = performance(400, mouthSpread=0.5) * (np.arange(400) // 2 % 2)[:, None]
    step = np.abs(np.diff(cheek_motion(awake(400, 100, 110), flicker), axis=0))
    assert step.max() < 0.05
