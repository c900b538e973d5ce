"""Rotations as Blender keeps them: quaternions, Euler angles in six orders, axis and angle."""

from __future__ import annotations

from typing import Any

import numpy as np
from mathutils import Euler, Matrix, Quaternion

FOUR = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


def rotation_path(mode: str) -> tuple[str, int]:
    """The property that holds a rotation in a rotation mode, and how many numbers it has."""
    return (FOUR[mode], 4) if mode in FOUR else ("rotation_euler", 3)


def rotation_values(matrices: np.ndarray, mode: str) -> np.ndarray:
    """(T, 3, 3) rotations as the numbers of a rotation mode, steady from frame to frame -> (T, 3 or 4)."""
    rows = []
    last: Any = None
    for matrix in matrices:
        turn = Matrix(matrix.tolist())
        if mode in FOUR:
            quaternion = turn.to_quaternion()
            if last is not None:
                quaternion.make_compatible(last)
            last = quaternion
            if mode == "AXIS_ANGLE":
                axis, angle = quaternion.to_axis_angle()
                rows.append([angle, *axis])
            else:
                rows.append(list(quaternion))
        else:
            last = turn.to_euler(mode, last) if last is not None else turn.to_euler(mode)
            rows.append(list(last))
    return np.array(rows, np.float64)


def rotation_matrices(values: np.ndarray, mode: str) -> np.ndarray:
    """The inverse of `rotation_values` -> (T, 3, 3)."""
    if mode == "QUATERNION":
        turns = [Quaternion(row).normalized().to_matrix() for row in values]
    elif mode == "AXIS_ANGLE":
        turns = [Quaternion(row[1:], row[0]).to_matrix() for row in values]
    else:
        turns = [Euler(row, mode).to_matrix() for row in values]
    return np.array([list(map(list, turn)) for turn in turns])
