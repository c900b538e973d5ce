"""Curves with few keys stay within their tolerance of every frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadtalker3d.errors import UserError
from sadtalker3d.keys import reduce_keys
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track


def track(frames: int, seed: int = 0) -> Track:
    """A seeded random walk in every column."""
    walk = np.cumsum(np.random.default_rng(seed).normal(0, 0.03, (frames, 70)), axis=0)
    return Track(walk[:, :64], walk[:, 64:67], walk[:, 67:])


@given(st.integers(1, 120), st.floats(0, 0.2), st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_curves_pass_every_frame_within_the_tolerance(frames, tolerance, seed):
    t = track(frames, seed)
    curves = reduce_keys(t, tolerance, angle_tolerance_rad=tolerance, translation_tolerance=tolerance)
    assert [curve.name for curve in curves] == [*OPEN_64, "pitch", "yaw", "roll", "x", "y", "z"]
    values = np.hstack([t.expression, t.rotation, t.translation])
    again = np.stack([curve.at(np.arange(frames)) for curve in curves], axis=1)
    assert np.abs(again - values).max() <= tolerance + 1e-9
    for curve, column in zip(curves, values.T, strict=True):
        assert curve.frames[0] == 0
        np.testing.assert_array_equal(curve.values, column[curve.frames])


def test_lines_need_two_keys_a_corner_three_and_rest_one():
    expression = np.zeros((101, 64))
    expression[:, 0] = np.linspace(0, 1, 101)
    expression[:, 1] = 1 - np.abs(np.linspace(-1, 1, 101))
    counts = [len(curve.frames) for curve in reduce_keys(Track(expression, *[np.zeros((101, 3))] * 2))]
    assert counts[:3] == [2, 3, 1]


def test_smooth_motion_needs_few_keys():
    t = np.arange(1500) / 25
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * 0.5 * t)[:, None]
    curves = reduce_keys(Track(np.tile(wave, 64), *[np.zeros((1500, 3))] * 2), 0.02)
    assert len(curves[0].frames) < 450  # 333 would do: one each 4.5 frames has an error of 0.02


def test_a_tolerance_below_zero_is_refused():
    for tolerance in (-0.1, float("nan")):
        with pytest.raises(UserError, match="tolerance is .*; it must be 0 or more"):
            reduce_keys(track(3), tolerance)
