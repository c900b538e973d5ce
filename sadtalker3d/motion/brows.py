"""Brows: short raises on some of the voice's accents, none in silence.

People raise their brows on about a third of the stressed words, with the rise before the loudest moment
(Cavé et al. 1996, "About the relationship between eyebrow movements and F0 variations"). Loudness stands in
for stress here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class BrowConfig:
    """Where raises fall and how they look; times in seconds."""

    smoothing_s: float = 0.2  # about a syllable
    around_s: float = 3.0  # an accent is louder than its surroundings of this length
    accent_db: float = 3.0
    chance: float = 0.35
    apart_s: float = 0.8  # longer than a raise
    rise_s: float = 0.2
    fall_s: float = 0.45
    height: float = 0.16  # median of browInnerUp
    height_sigma: float = 0.4  # log scale
    highest: float = 0.45
    lead_s: float = 0.06  # the brows arrive before the loudest moment
    shares: tuple[tuple[str, float], ...] = (
        ("browInnerUp", 1.0), ("browOuterUpLeft", 0.7), ("browOuterUpRight", 0.7),
    )  # fmt: skip


DEFAULT = BrowConfig()


def brow_raises(
    levels: np.ndarray, gate: np.ndarray, rng: np.random.Generator, config: BrowConfig = DEFAULT
) -> np.ndarray:
    """Columns of a performance in which only the brows move.

    levels : (T, 8) dB, see `silence.group_levels`
    gate : (T,) 0 silent to 1 speaking, see `silence.speech_gate`
    Returns (T, 64) float32 in 0..1.
    """
    accents = _accents(levels, gate, config)
    accents = _apart(accents[rng.random(len(accents)) < config.chance], round(config.apart_s * FPS))
    spread = np.exp(config.height_sigma * rng.standard_normal(len(accents)))
    heights = np.minimum(config.height * spread, config.highest)
    peaks_s = accents / FPS - config.lead_s
    times_s = np.arange(len(levels)) / FPS
    # raises are too far apart to overlap: each frame belongs to the one that began last
    latest = np.searchsorted(peaks_s - config.rise_s, times_s, side="right") - 1
    raised = np.zeros(len(levels))
    within, nth = latest >= 0, latest[latest >= 0]
    raised[within] = heights[nth] * _raise(times_s[within] - peaks_s[nth], config) * gate[within]
    result = np.zeros((len(levels), len(OPEN_64)), np.float32)
    for name, share in config.shares:
        result[:, OPEN_64.index(name)] = share * raised
    return result


def _accents(levels: np.ndarray, gate: np.ndarray, config: BrowConfig) -> np.ndarray:
    """Frames at which the voice is loudest and louder than around it."""
    loudness_db = 10 * np.log10((10 ** (levels / 10)).mean(axis=1))
    syllables = _mean_around(loudness_db, config.smoothing_s)
    above = syllables - _mean_around(loudness_db, config.around_s)
    padded = np.pad(syllables, 1, constant_values=-np.inf)
    peak = (syllables > padded[:-2]) & (syllables >= padded[2:])
    return np.flatnonzero(peak & (above > config.accent_db) & (gate > 0.99))


def _mean_around(values: np.ndarray, seconds: float) -> np.ndarray:
    half = max(1, round(seconds * FPS / 2))
    padded = np.pad(values, half, mode="edge").cumsum(dtype=np.float64)
    padded = np.concatenate([[0.0], padded])
    return (padded[2 * half + 1 :] - padded[: -2 * half - 1]) / (2 * half + 1)


def _apart(frames: np.ndarray, least: int) -> np.ndarray:
    """Drop what follows another too soon."""
    kept: list[int] = []
    for frame in frames.tolist():
        if not kept or frame - kept[-1] >= least:
            kept.append(frame)
    return np.array(kept, dtype=np.int64)


def _raise(seconds: np.ndarray, config: BrowConfig) -> np.ndarray:
    """One raise around its peak at 0: half-cosines up and down, 0 outside."""
    phase = np.where(seconds < 0, seconds / config.rise_s, seconds / config.fall_s)
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(phase, -1, 1))
