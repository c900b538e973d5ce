"""What of an old mouth is the person's and not the words': the slow part of a smile, the mouth at rest."""

from __future__ import annotations

import numpy as np

from sadtalker3d.edit.smoothing import gaussian

EXPRESSIVE = (
    "mouthSmile", "mouthFrown", "mouthDimple", "mouthPress", "mouthStretch", "mouthUpperUp", "mouthShrug",
    "mouthLeft", "mouthRight", "jawLeft", "jawRight", "jawForward", "cheekPuff",
)  # fmt: skip
"""Beginnings of the columns in which a mood shows for longer than a word; the others are the words' alone."""
OPENING = ("mouthUpperUp",)  # of these, what parts the lips


def slow_part(values: np.ndarray, fps: float, window_s: float, share: float) -> np.ndarray:
    """What (T, n) values hold on to while words come and go -> (T, n) float32.

    A running quantile: what a column does not fall below for most of `window_s`. A smile that lasts stays; a shape
    that single sounds make is above it. Smoothed, so that nothing of the lips' own speed is left.
    """
    if not values.size:
        return values
    reach = max(round(window_s * fps / 2), 1)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="reflect" if len(values) > reach else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)  # (T, n, window)
    place = round(share * 2 * reach)
    held = np.partition(windows, place, axis=-1)[..., place]
    return gaussian(held, window_s * fps / 4)


def rest_of(values: np.ndarray, speaking: np.ndarray) -> np.ndarray:
    """(n,) where the columns of (T, n) values are while nobody speaks; 0 for a performance without a pause."""
    quiet = speaking < 0.1
    if quiet.sum() < 3:
        return np.zeros(values.shape[1], np.float32)
    return np.median(values[quiet], axis=0).astype(np.float32)
