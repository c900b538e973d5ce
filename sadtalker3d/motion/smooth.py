"""Smoothing of a generated pose over time, as upstream does it."""

from __future__ import annotations

import numpy as np

WINDOW_FRAMES = 13  # half a second at 25 fps: wide enough to hide upstream's jumps between 32-frame blocks
POLYORDER = 2


def smooth_pose(pose: np.ndarray) -> np.ndarray:
    """Savitzky-Golay over time, order 2, 13 frames; a shorter track takes the largest odd window it holds.

    pose : (..., T, C) -> the same shape and dtype. One or two frames come back unchanged (upstream raises).
    """
    pose = np.asarray(pose)
    frames = pose.shape[-2]
    window = WINDOW_FRAMES if frames >= WINDOW_FRAMES else (frames - 1) // 2 * 2 + 1
    if window <= POLYORDER:
        return pose.copy()
    # every row of `fit` gives the value of the least-squares parabola through a window at one of its frames
    powers = np.vander(np.arange(window) - window // 2, POLYORDER + 1)
    fit = powers @ np.linalg.pinv(powers)
    windows = np.lib.stride_tricks.sliding_window_view(
        pose, window, axis=-2
    )  # (..., T - window + 1, C, window)
    middle = windows @ fit[window // 2]
    begin = fit[: window // 2] @ pose[..., :window, :]
    end = fit[window // 2 + 1 :] @ pose[..., -window:, :]
    return np.concatenate([begin, middle, end], axis=-2).astype(pose.dtype, copy=False)


def add_reference_pose(pose: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Add another performance's motion, relative to its first frame and repeated to the length of `pose`.

    pose : (T, 6); reference : (R, 6) with R >= 1 -> (T, 6)
    """
    rows = np.arange(len(pose)) % len(reference)
    return pose + reference[rows] - reference[:1]
