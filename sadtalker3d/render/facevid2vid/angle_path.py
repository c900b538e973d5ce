"""A head angle that the user gives: one number, or several to pass through."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def angle_path(through_deg: Sequence[float], frames: int) -> np.ndarray:
    """Degrees for every frame, (T,): piecewise linear at one speed from the first number to the last.

    As upstream: a stretch ends before the number it leads to, and what is missing at the end repeats the last
    value. Upstream divides by zero where neighbours are equal and where there is one frame; here equal
    neighbours are passed at once, and one frame has the first number.
    """
    corners = np.asarray(through_deg, np.float64)
    distances = np.diff(corners)
    travelled = np.abs(distances).sum()
    if frames <= 1 or not travelled:
        return np.full(frames, corners[0])
    step = travelled / (frames - 1)
    stretches = [
        np.arange(start, end, np.sign(end - start) * step) for start, end in pairwise(corners) if start != end
    ]
    path = np.concatenate(stretches)[:frames]
    return np.pad(path, (0, frames - len(path)), mode="edge")
