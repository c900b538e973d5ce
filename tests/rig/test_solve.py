"""Bounded least squares: against scipy's solver, and weights that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from sadtalker3d.rig.solve import SolveConfig, bounded_least_squares, solve


@pytest.mark.parametrize("alike", [0.0, 0.9])  # shapes that resemble each other need many exchanges
def test_equals_scipys_solver_frame_by_frame(alike: float) -> None:
    rng = np.random.default_rng(4)
    shapes = rng.normal(size=(60, 20)) + alike * 4 * rng.normal(size=(60, 1))
    targets = rng.normal(size=(15, 60)) * 3
    gram = shapes.T @ shapes
    got = bounded_least_squares(gram, targets @ shapes)
    for frame, target in zip(got, targets, strict=True):
        expected = lsq_linear(shapes, target, bounds=(0, 1), method="bvls", tol=1e-12).x
        np.testing.assert_allclose(frame, expected, atol=1e-6)


def test_one_shape_at_a_time_ends_at_the_same_place() -> None:
    rng = np.random.default_rng(5)
    shapes = rng.normal(size=(40, 12))
    wanted = rng.normal(size=(30, 40)) @ shapes
    slow = SolveConfig(patience=0, most_exchanges=100_000)
    gram = shapes.T @ shapes
    np.testing.assert_allclose(
        bounded_least_squares(gram, wanted, slow), bounded_least_squares(gram, wanted), atol=1e-9
    )


def test_known_weights_come_back_and_nothing_is_left() -> None:
    rng = np.random.default_rng(6)
    target = rng.normal(size=(10, 50, 3))
    mix = rng.normal(size=(16, 10))
    source = np.tensordot(mix, target, axes=1)
    known = np.clip(rng.normal(0.3, 0.5, (40, 10)), 0, 1)
    weights, residual = solve(target, source, known @ np.linalg.pinv(mix), config=SolveConfig(ridge=1e-9))
    np.testing.assert_allclose(weights, known, atol=1e-5)
    assert residual.all_mm < 0.01 and residual.moved_mm > 100


def test_the_residual_is_the_distance_of_the_points() -> None:
    rng = np.random.default_rng(7)
    target, source = rng.normal(size=(5, 30, 3)), rng.normal(size=(8, 30, 3))
    coefficients, lips = rng.normal(size=(9, 8)), np.arange(30) < 6
    weights, residual = solve(target, source, coefficients, lips=lips)
    moved = np.tensordot(coefficients, source, axes=1)
    left = np.tensordot(weights, target, axes=1) - moved

    def rms_mm(values: np.ndarray) -> float:
        return 1000 * np.sqrt((values**2).sum(axis=-1).mean())

    got = [residual.all_mm, residual.moved_mm, residual.lips_mm, residual.lips_moved_mm]
    expected = [rms_mm(left), rms_mm(moved), rms_mm(left[:, lips]), rms_mm(moved[:, lips])]
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_important_points_are_followed_more_closely() -> None:
    rng = np.random.default_rng(8)
    target, source = rng.normal(size=(5, 30, 3)), 0.2 * rng.normal(size=(8, 30, 3))
    coefficients, lips = rng.normal(size=(9, 8)), np.arange(30) < 6
    plain = solve(target, source, coefficients, lips=lips)[1]
    weighted = solve(target, source, coefficients, lips=lips, weights=np.where(lips, 20.0, 1.0))[1]
    assert weighted.lips_mm < plain.lips_mm and weighted.all_mm > plain.all_mm


def test_unseen_shapes_stay_at_rest_and_no_frames_are_no_weights() -> None:
    rng = np.random.default_rng(9)
    target, source = rng.normal(size=(4, 20, 3)), rng.normal(size=(6, 20, 3))
    target[2] = 0
    weights, _ = solve(target, source, rng.normal(size=(7, 6)))
    assert not weights[:, 2].any()
    assert solve(target, source, np.zeros((0, 6)))[0].shape == (0, 4)
