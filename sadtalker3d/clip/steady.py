"""The detector's trembling taken out, with lips and blinks as quick as they were: a local parabola, shot by shot."""

from __future__ import annotations

import numpy as np

EXPRESSION_S, POSE_S = 0.18, 0.34  # lips move up to 8 times a second, a head hardly more than 3 times


def steady(values: np.ndarray, fps: float, width_s: float, shots: list[slice]) -> np.ndarray:
    """(T, n) through a parabola over `width_s` (Savitzky and Golay 1964), never across a cut.

    By hand, because importing scipy.signal takes as long as fitting a hundred frames.
    """
    made = values.copy()
    for shot in shots:
        frames = len(values[shot])
        window = min(2 * round(width_s * fps / 2) + 1, frames - (frames + 1) % 2)
        if window > 3:
            made[shot] = _parabola(values[shot], window)
    return made


def _parabola(values: np.ndarray, window: int) -> np.ndarray:
    """(T, n): each value by the parabola through the window about it; the ends by that of the last whole window."""
    half, powers = window // 2, np.vander(np.arange(window) - window // 2, 3)
    fitted = powers @ np.linalg.pinv(powers)  # (window, window): values -> the parabola's
    inner = np.lib.stride_tricks.sliding_window_view(values, window, axis=0) @ fitted[half]
    return np.concatenate([fitted[:half] @ values[:window], inner, fitted[-half:] @ values[-window:]])
