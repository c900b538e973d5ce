"""The detector's trembling taken out, with lips and blinks as quick as they were: a local parabola, shot by shot."""

from __future__ import annotations

import numpy as np

EXPRESSION_S, POSE_S = 0.18, 0.34  # lips move up to 8 times a second, a head hardly more than 3 times


def steady(values: np.ndarray, fps: float, width_s: float, shots: list[slice]) -> np.ndarray:
    """(T, n) through a parabola over `width_s` (Savitzky and Golay 1964), never across a cut."""
    from scipy.signal import savgol_filter

    made = values.copy()
    for shot in shots:
        frames = len(values[shot])
        window = min(2 * round(width_s * fps / 2) + 1, frames - (frames + 1) % 2)
        if window > 3:
            made[shot] = savgol_filter(values[shot], window, 2, axis=0, mode="interp")
    return made
