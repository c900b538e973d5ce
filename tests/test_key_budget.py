"""Few keys within a limit in millimetres, measured on every vertex of the head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bfm
from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.key_budget import BudgetConfig, ReducedKeys, reduce_keys_mm
from sadtalker3d.keys import POSE, columns_and_pose
from sadtalker3d.rig import OPEN_64
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track, load

FACE = bfm.load("open")


@pytest.fixture(scope="module")
def spoken() -> Track:
    return load(Path(__file__).parent / "data" / "speech_take.npz")


@pytest.fixture(scope="module")
def reduced(spoken: Track) -> ReducedKeys:
    return reduce_keys_mm(spoken, FACE, 0.1)


def curves_at(reduced: ReducedKeys, frames: np.ndarray) -> np.ndarray:
    return np.stack([curve.at(frames) for curve in reduced.curves], axis=1)


def furthest_mm(spoken: Track, values: np.ndarray, identity: np.ndarray | None = None) -> float:
    """The exact pose and the whole mesh, frame by frame."""

    def placed(expression: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        places = FACE.vertices(identity, expression).astype(np.float64)
        return places @ to_matrices(rotation[None])[0].T + translation

    worst = 0.0
    for frame, row in enumerate(values):
        there = placed(spoken.expression[frame], spoken.rotation[frame], spoken.translation[frame])
        worst = max(worst, np.linalg.norm(placed(row[:64], row[64:67], row[67:]) - there, axis=1).max())
    return 1000 * worst


def test_a_quarter_of_the_keys_within_a_tenth_of_a_millimetre(spoken, reduced):
    values = curves_at(reduced, np.arange(len(spoken)))
    assert reduced.ratio <= 0.25
    assert furthest_mm(spoken, values) <= reduced.error_mm + 1e-4
    assert reduced.error_mm <= 0.1


def test_another_face_is_as_close(spoken, reduced):
    part = edit.trim(spoken, 3, 5)
    values = curves_at(reduced, np.arange(75, 125))
    assert furthest_mm(part, values, np.random.default_rng(2).normal(0, 1, 80)) <= 0.1


def test_keys_are_counted_and_lie_on_the_track(spoken, reduced):
    values = columns_and_pose(spoken)
    moving = np.flatnonzero(np.ptp(values, axis=0) > 0)
    assert [curve.name for curve in reduced.curves] == [*OPEN_64, *POSE]
    assert reduced.keys == sum(len(reduced.curves[i].frames) for i in moving)
    assert reduced.of == len(moving) * len(spoken)
    for curve, column in zip(reduced.curves, values.T, strict=True):
        np.testing.assert_array_equal(curve.values, column[curve.frames])


def test_between_the_frames_it_does_not_swing(spoken, reduced):
    at = np.arange(4 * len(spoken) - 3) / 4
    smooth = columns_and_pose(edit.resample(spoken, 100))[: len(at)]
    values = columns_and_pose(spoken)
    before = np.minimum(at.astype(int), len(spoken) - 2)
    low, high = np.minimum(values[before], values[before + 1]), np.maximum(values[before], values[before + 1])
    got = curves_at(reduced, at)
    assert np.maximum(low - got, got - high)[:, :64].max() < 0.06
    assert np.sqrt(np.square(got - smooth).mean()) < 0.006


def test_a_wider_limit_needs_fewer_keys(spoken, reduced):
    wide = reduce_keys_mm(spoken, FACE, 0.5)
    assert wide.keys < 0.75 * reduced.keys
    assert 0.1 < wide.error_mm <= 0.5


def test_blocks_join_without_a_seam(spoken):
    part = edit.trim(spoken, 0, 2)
    cut = reduce_keys_mm(part, FACE, 0.2, BudgetConfig(block_frames=20))
    assert furthest_mm(part, curves_at(cut, np.arange(len(part)))) <= 0.2


def test_a_column_that_rests_in_one_block_only():
    expression = np.zeros((100, 64))
    expression[:30, 17] = np.sin(np.arange(30) / 5) ** 2
    expression[70:, 17] = np.sin(np.arange(30) / 5) ** 2
    expression[30:70, 17] = expression[29, 17]
    expression[70:, 17] += expression[29, 17]
    t = Track(expression / 3, *[np.zeros((100, 3))] * 2)
    cut = reduce_keys_mm(t, FACE, 0.1, BudgetConfig(block_frames=20))
    assert furthest_mm(t, curves_at(cut, np.arange(100))) <= 0.1


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_takes(spoken, frames):
    short = edit.trim(spoken, 1, 1 + frames / 25)
    got = reduce_keys_mm(short, FACE, 0.1)
    assert furthest_mm(short, curves_at(got, np.arange(frames))) <= 0.1


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_that_is_none(spoken, limit):
    with pytest.raises(UserError, match="above 0"):
        reduce_keys_mm(spoken, FACE, limit)


def test_a_track_of_another_space():
    with pytest.raises(UserError, match="'open' space"):
        reduce_keys_mm(Track(np.zeros((3, 64)), *[np.zeros((3, 3))] * 2, space="basel"), FACE)
