"""Head angles, quaternions and matrices describe the same rotation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sadtalker3d.rotation import from_quaternions, short_way, to_matrices, to_quaternions

angle = st.floats(-1.5, 1.5)
angles = st.integers(1, 20).flatmap(lambda n: arrays(np.float64, (n, 3), elements=angle))


def axis_rotation(axis: int, angle_rad: float) -> np.ndarray:
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = np.cos(angle_rad)
    matrix[j, i], matrix[i, j] = np.sin(angle_rad), -np.sin(angle_rad)
    return matrix


def turn(quaternion: np.ndarray, point: np.ndarray) -> np.ndarray:
    vector, w = quaternion[:3], quaternion[3]
    across = 2 * np.cross(vector, point)
    return point + w * across + np.cross(vector, across)


@given(angles)
def test_matrix_is_roll_times_yaw_times_pitch(rotation):
    for matrix, (pitch, yaw, roll) in zip(to_matrices(rotation), rotation, strict=True):
        expected = axis_rotation(2, roll) @ axis_rotation(1, yaw) @ axis_rotation(0, pitch)
        np.testing.assert_allclose(matrix, expected, atol=1e-12)


@given(angles)
def test_quaternion_turns_points_as_the_matrix_does(rotation):
    point = np.array([0.3, -0.2, 0.9])
    for quaternion, matrix in zip(to_quaternions(rotation), to_matrices(rotation), strict=True):
        np.testing.assert_allclose(turn(quaternion, point), matrix @ point, atol=1e-12)


@given(angles)
def test_angles_come_back(rotation):
    np.testing.assert_allclose(from_quaternions(to_quaternions(rotation)), rotation, atol=1e-9)


def test_neighbours_lie_on_the_same_side_through_full_turns():
    roll = np.linspace(0, 12, 200)
    rotation = np.stack([0 * roll, 0 * roll, roll], axis=1)
    quaternions = to_quaternions(rotation)
    assert (np.sum(quaternions[1:] * quaternions[:-1], axis=1) > 0.99).all()
    np.testing.assert_allclose(from_quaternions(quaternions), rotation, atol=1e-9)


def test_short_way_changes_signs_only():
    rng = np.random.default_rng(0)
    quaternions = to_quaternions(rng.normal(0, 0.2, (50, 3)))
    flipped = quaternions * rng.choice([-1.0, 1.0], (50, 1))
    mended = short_way(flipped)
    np.testing.assert_array_equal(mended * np.sign(mended[0] @ quaternions[0]), quaternions)


def test_signs_are_the_documented_ones():
    nose, crown = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    chin_down, to_subjects_left, to_viewers_left = to_matrices(np.diag([0.3, 0.3, 0.3]))
    assert (chin_down @ nose)[1] < -0.2
    assert (to_subjects_left @ nose)[0] > 0.2  # +x is the subject's left, at the right of the picture
    assert (to_viewers_left @ crown)[0] < -0.2
