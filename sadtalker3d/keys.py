"""A track as curves with few keys, for editing by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

POSE = ("pitch", "yaw", "roll", "x", "y", "z")
WEIGHT_TOLERANCE = 0.005  # half a percent of a shape: less than 0.1 mm of the jaw
ANGLE_TOLERANCE_RAD = 0.001  # 0.1 mm at the tip of the nose
SHIFT_TOLERANCE_M = 0.0001


@dataclass(frozen=True, eq=False)
class Curve:
    """One column as keys: `values` (k,) at `frames` (k,), linear between them."""

    name: str
    frames: np.ndarray
    values: np.ndarray

    def at(self, frames: np.ndarray) -> np.ndarray:
        """The (n,) values at any frames, float64."""
        return np.interp(frames, self.frames, self.values)


def reduce_keys(
    track: Track,
    tolerance: float = WEIGHT_TOLERANCE,
    *,
    angle_tolerance_rad: float = ANGLE_TOLERANCE_RAD,
    translation_tolerance: float = SHIFT_TOLERANCE_M,
) -> tuple[Curve, ...]:
    """Curves with few keys that pass every frame within a tolerance, for editing by hand.

    The columns in the track's order, then pitch, yaw, roll, x, y, z. The first and last frames
    are always keys; a column that does not change has one.

    Source: Ramer-Douglas-Peucker with the error taken along the value, splitting all pieces at once.
    """
    for value in (tolerance, angle_tolerance_rad, translation_tolerance):
        if not (math.isfinite(value) and value >= 0):
            raise UserError(f"the tolerance is {value}; it must be 0 or more")
    limits = [tolerance] * len(track.names) + [angle_tolerance_rad] * 3 + [translation_tolerance] * 3
    values = np.hstack([track.expression, track.rotation, track.translation]).astype(np.float64)
    curves = []
    for name, column, limit in zip((*track.names, *POSE), values.T, limits, strict=True):
        keys = _keys(column, limit)
        curves.append(Curve(name, keys, column[keys]))
    return tuple(curves)


def _keys(values: np.ndarray, tolerance: float) -> np.ndarray:
    if np.ptp(values) == 0:
        return np.array([0])
    keys = np.array([0, len(values) - 1])
    while True:
        error = np.abs(values - np.interp(np.arange(len(values)), keys, values[keys]))
        piece = np.repeat(np.arange(len(keys) - 1), np.diff(keys))
        worst = np.maximum.reduceat(error[:-1], keys[:-1])[piece]
        peaks = np.flatnonzero((error[:-1] == worst) & (worst > tolerance))
        if len(peaks) == 0:
            return keys
        _, first_of_piece = np.unique(piece[peaks], return_index=True)
        keys = np.union1d(keys, peaks[first_of_piece])
