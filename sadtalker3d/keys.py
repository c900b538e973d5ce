"""A track as curves with few keys, for editing by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

POSE = ("pitch", "yaw", "roll", "x", "y", "z")
WEIGHT_TOLERANCE = 0.005  # half a percent of a shape: less than 0.2 mm of the jaw
ANGLE_TOLERANCE_RAD = 0.001  # 0.1 mm at the tip of the nose
SHIFT_TOLERANCE_M = 0.0001


@dataclass(frozen=True, eq=False)
class Curve:
    """One column as keys: `values` (k,) at `frames` (k,), whole numbers that increase.

    slopes : (k, 2) change of the value per frame as the curve comes in at a key and as it goes out: between two
        keys it is the cubic with these (a Bezier curve whose handles lie a third of the way along the slopes).
        None for straight lines.
    """

    name: str
    frames: np.ndarray
    values: np.ndarray
    slopes: np.ndarray | None = None

    def at(self, frames: np.ndarray) -> np.ndarray:
        """The (n,) values at any frames, float64; before the first key and after the last they stay."""
        if self.slopes is None or len(self.frames) == 1:
            return np.interp(frames, self.frames, self.values)
        places = np.clip(np.asarray(frames, np.float64), self.frames[0], self.frames[-1])
        left = np.clip(np.searchsorted(self.frames, places, side="right") - 1, 0, len(self.frames) - 2)
        length = np.diff(self.frames)[left]
        u = (places - self.frames[left]) / length
        start, step = self.values[left], np.diff(self.values)[left]
        leaving, coming = self.slopes[left, 1] * length, self.slopes[left + 1, 0] * length
        return start + u * u * (3 - 2 * u) * step + u * (1 - u) * (leaving * (1 - u) - coming * u)


def columns_and_pose(track: Track) -> np.ndarray:
    """(T, 70) float64: what the curves of a track go through, in their order: columns, then `POSE`."""
    return np.hstack([track.expression, track.rotation, track.translation]).astype(np.float64)


def reduce_keys(
    track: Track,
    tolerance: float = WEIGHT_TOLERANCE,
    *,
    angle_tolerance_rad: float = ANGLE_TOLERANCE_RAD,
    translation_tolerance: float = SHIFT_TOLERANCE_M,
) -> tuple[Curve, ...]:
    """Curves of straight lines that pass every frame within a tolerance for each column.

    The columns in the track's order, then pitch, yaw, roll, x, y, z. The first and last frames
    are always keys; a column that does not change has one. For fewer keys, and a limit on what one sees,
    see `sadtalker3d.key_budget.reduce_keys_mm`.

    Source: Ramer-Douglas-Peucker with the error taken along the value, splitting all pieces at once.
    """
    for value in (tolerance, angle_tolerance_rad, translation_tolerance):
        if not (math.isfinite(value) and value >= 0):
            raise UserError(f"the tolerance is {value}; it must be 0 or more")
    limits = [tolerance] * len(track.names) + [angle_tolerance_rad] * 3 + [translation_tolerance] * 3
    curves = []
    for name, column, limit in zip((*track.names, *POSE), columns_and_pose(track).T, limits, strict=True):
        keys = reduce_column(column, limit)
        curves.append(Curve(name, keys, column[keys]))
    return tuple(curves)


def reduce_column(values: np.ndarray, tolerance: float) -> np.ndarray:
    """Which of (n,) values to keep, so that straight lines between them pass within `tolerance` of all: (k,) indices.

    The first and last are always kept; of values that do not change, the first alone.
    """
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
