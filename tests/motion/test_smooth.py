"""Savitzky-Golay against upstream's numbers, and the lengths upstream fails on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import savgol_filter

from sadtalker3d.motion.smooth import add_reference_pose, smooth_pose

POSE_POST = Path(__file__).parents[1] / "data" / "conformance" / "pose_post.npz"


@pytest.fixture(scope="module")
def measured() -> dict[str, np.ndarray]:
    with np.load(POSE_POST) as data:
        return dict(data)


@pytest.mark.parametrize("frames", [3, 4, 5, 9, 12, 13, 14, 40])
def test_equals_upstream(measured: dict[str, np.ndarray], frames: int) -> None:
    got = smooth_pose(measured[f"in{frames}"])
    np.testing.assert_allclose(got, measured[f"out{frames}"], atol=1e-6)
    assert got.dtype == np.float32


@pytest.mark.parametrize("frames", [3, 6, 12, 13, 14, 15, 33, 100])
def test_any_length_and_batch_is_scipys_filter(frames: int) -> None:
    pose = np.random.default_rng(frames).normal(size=(2, frames, 6))
    window = min(13, (frames - 1) // 2 * 2 + 1)
    np.testing.assert_allclose(smooth_pose(pose), savgol_filter(pose, window, 2, axis=1), atol=1e-9)


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_too_short_to_smooth_comes_back_unchanged(frames: int) -> None:
    pose = np.arange(frames * 6, dtype=np.float32).reshape(frames, 6)
    got = smooth_pose(pose)
    np.testing.assert_array_equal(got, pose)
    assert got is not pose


def test_reference_pose_equals_upstream(measured: dict[str, np.ndarray]) -> None:
    pose, reference = measured["refpose_in"][:, 64:], measured["refpose_ref"][:, 64:70]
    got = add_reference_pose(pose, reference)
    np.testing.assert_allclose(got, measured["refpose_out"][:, 64:], atol=1e-6)
