from __future__ import annotations

import numpy as np

from sadtalker3d.clip.lids import blinks


def _eyes(frames: int = 100, open_m: float = 0.01) -> np.ndarray:
    return np.full((frames, 2), open_m) * (1 + 0.02 * np.random.default_rng(0).normal(size=(frames, 2)))


def test_open_eyes_do_not_blink_whatever_their_size() -> None:
    for open_m in (0.005, 0.012):
        assert blinks(_eyes(open_m=open_m)).max() < 0.05


def test_lids_drawn_half_open_are_shut() -> None:
    eyes = _eyes()
    eyes[40:43] *= 0.45
    shut = blinks(eyes)
    assert shut[40:43].min() > 0.9
    assert np.delete(shut, [40, 41, 42], axis=0).max() < 0.05


def test_a_wink_is_one_eye() -> None:
    eyes = _eyes()
    eyes[40:43, 0] *= 0.45
    shut = blinks(eyes)
    assert shut[41, 0] > 0.85
    assert shut[41, 1] < 0.15
