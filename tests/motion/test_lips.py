"""Movements grow without opening a closed mouth."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.motion.lips import OPENING, SEALED, SEALING, reaching, sealed
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64

JAW = OPEN_64.index("jawOpen")


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_any_length(frames: int) -> None:
    assert reaching(np.ones((frames, 64), np.float32)).shape == (frames, 64)


def test_open_lips_open_further_and_closed_ones_stay_closed() -> None:
    mouth = Mouth.of(bfm.load("open"))
    said = np.zeros((2, 64), np.float32)
    said[:, JAW] = 0.2
    said[1, OPEN_64.index("mouthClose")] = 0.2
    before, after = (mouth.measure(weights).gap_mm for weights in (said, reaching(said)))
    assert after[0] == pytest.approx(OPENING * before[0], rel=0.03)
    assert after[1] < before[1] + 0.3
    assert reaching(np.ones((1, 64), np.float32)).max() == 1


def test_lips_that_nearly_seal_meet_and_others_stay() -> None:
    mouth = Mouth.of(bfm.load("open"))
    said = np.zeros((3, 64), np.float32)
    said[:, JAW] = 0.25
    said[:, OPEN_64.index("mouthSeal")] = [SEALED, SEALING, 0.0]
    before, after = (mouth.measure(weights, 52).gap_mm for weights in (said, sealed(said)))
    assert before.min() > 5
    assert after[0] < 0.5
    np.testing.assert_allclose(after[1:], before[1:])
