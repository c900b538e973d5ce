"""Trembling goes, closures stay, and movements grow without opening a closed mouth."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.motion.lips import reaching, steadied
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64

JAW, SEAL = OPEN_64.index("jawOpen"), OPEN_64.index("mouthSeal")


def test_trembling_is_less_and_a_steady_mouth_stays() -> None:
    rng = np.random.default_rng(0)
    trembling = 0.3 + 0.05 * rng.standard_normal((200, 64)).astype(np.float32)
    trembling[:, SEAL] = 0
    assert np.diff(steadied(trembling), axis=0).std() < 0.75 * np.diff(trembling, axis=0).std()
    still = np.full((5, 64), 0.4, np.float32)
    np.testing.assert_allclose(steadied(still), still, rtol=1e-6)


def test_a_closure_of_one_frame_keeps_its_depth_and_its_place() -> None:
    mouth = np.zeros((9, 64), np.float32)
    mouth[:, JAW] = 0.4
    mouth[4, JAW], mouth[4, SEAL] = 0.0, 0.3
    assert steadied(mouth)[4, JAW] == 0
    assert steadied(mouth)[:, JAW].argmin() == 4
    mouth[4, SEAL] = 0  # without the seal it is a movement like any other
    assert steadied(mouth)[4, JAW] == pytest.approx(0.08)


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_any_length(frames: int) -> None:
    assert steadied(np.ones((frames, 64), np.float32)).shape == (frames, 64)


def test_open_lips_open_further_and_closed_ones_stay_closed() -> None:
    mouth = Mouth.of(bfm.load("open"))
    said = np.zeros((2, 64), np.float32)
    said[:, JAW] = 0.2
    said[1, OPEN_64.index("mouthClose")] = 0.2
    before, after = (mouth.measure(weights).gap_mm for weights in (said, reaching(said)))
    assert after[0] > 1.15 * before[0]
    assert after[1] < before[1] + 0.3
    assert reaching(np.ones((1, 64), np.float32)).max() == 1
