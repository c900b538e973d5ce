"""Single movements of the face that rise and fall, laid along the time of a track."""

from __future__ import annotations

import numpy as np

from sadtalker3d.mel import FPS


def bumps(
    frames: int, peaks_s: np.ndarray, heights: np.ndarray, rise_s: np.ndarray, fall_s: np.ndarray
) -> np.ndarray:
    """(frames,) highest of the movements at each time: half-cosines up to each peak and down again.

    peaks_s, heights, rise_s, fall_s : (n,); the fastest change is heights pi / (2 rise_s) a second
    """
    reach = int(np.ceil(FPS * max(rise_s.max(initial=0), fall_s.max(initial=0)))) + 1
    around = np.floor(peaks_s * FPS).astype(int)[:, None] + np.arange(-reach, reach + 2)  # (n, few)
    seconds = around / FPS - peaks_s[:, None]
    phase = seconds / np.where(seconds < 0, rise_s[:, None], fall_s[:, None])
    shapes = heights[:, None] * (0.5 + 0.5 * np.cos(np.pi * np.clip(phase, -1, 1)))
    inside = (around >= 0) & (around < frames)
    result = np.zeros(frames)
    np.maximum.at(result, around[inside], shapes[inside])
    return result


def apart(frames: np.ndarray, least: int) -> np.ndarray:
    """Which of the increasing frame numbers are kept so that none follows another too soon: bool (n,)."""
    kept = np.zeros(len(frames), bool)
    last = -least
    for nth, frame in enumerate(frames.tolist()):
        if frame - last >= least:
            kept[nth], last = True, frame
    return kept
