"""Reference coefficients and blink ratio are the ones upstream prepares."""

import random

import numpy as np

from sadtalker3d.motion.conditioning import upstream_conditioning
from tests.seeded import CONFORMANCE

DRAW_SEED = 11  # gives the blinks of the recorded run


def test_equals_upstream() -> None:
    data = np.load(CONFORMANCE / "get_data.npz")
    source, frames = data["first_coeff"][0], int(data["num_frames"])
    reference, ratio = upstream_conditioning(source, frames, random.Random(DRAW_SEED))
    np.testing.assert_array_equal(ratio[:, 0], data["ratio"])
    assert reference.shape == (frames, 70)
    np.testing.assert_array_equal(reference[[0, 1, -1]], data["ref"])


def test_blinks_of_another_performance_equal_upstream() -> None:
    data = np.load(CONFORMANCE / "get_data.npz")
    source, performance = data["first_coeff"][0], data["ref_blink"]
    reference, ratio = upstream_conditioning(source, 136, random.Random(0), performance)
    np.testing.assert_array_equal(reference, data["blink_ref"])
    np.testing.assert_array_equal(ratio[:, 0], data["blink_ratio"])


def test_idle_has_no_blinks() -> None:
    data = np.load(CONFORMANCE / "get_data.npz")
    frames = int(data["idle_shape"][1])
    _, ratio = upstream_conditioning(data["first_coeff"][0], frames, random.Random(0), idle=True)
    assert ratio.shape == (frames, 1) and ratio.sum() == data["idle_ratio_sum"]
