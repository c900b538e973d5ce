"""Brows of sound that is still being spoken: short raises where the voice rises above what it was.

With a recording the brows rise before the accent (`brows`). Here the accent must be heard first: the raise
begins with it and is highest a fifth of a second later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class LiveBrowConfig:
    """Times in seconds; the raise itself is that of `brows`."""

    syllable_s: float = 0.12  # a mean that follows the loudness this fast
    around_s: float = 2.0  # and the slow one it is compared with, which pauses do not pull down
    accent_db: float = 4.0
    chance: float = 0.35
    apart_s: float = 0.8
    rise_s: float = 0.2
    fall_s: float = 0.45
    height: float = 0.16
    height_sigma: float = 0.4  # log scale
    highest: float = 0.45
    shares: tuple[tuple[str, float], ...] = (
        ("browInnerUp", 1.0), ("browOuterUpLeft", 0.7), ("browOuterUpRight", 0.7),
    )  # fmt: skip


DEFAULT = LiveBrowConfig()


class LiveBrows:
    """Columns in which only the brows move, frame by frame."""

    def __init__(self, rng: np.random.Generator, config: LiveBrowConfig = DEFAULT) -> None:
        self.config = config
        self._rng = rng
        self._syllable_db = self._around_db = -np.inf
        self._accented = False
        self._height, self._age_s = 0.0, np.inf
        self._shares = np.zeros(len(OPEN_64), np.float32)
        for name, share in config.shares:
            self._shares[OPEN_64.index(name)] = share

    def next(self, level_db: float, gate: float) -> np.ndarray:
        """Loudness in dB and `LiveGate` of the next frame -> (64,) in 0..1."""
        config = self.config
        if gate > 0.99:
            self._syllable_db = _followed(self._syllable_db, level_db, config.syllable_s)
            self._around_db = _followed(self._around_db, level_db, config.around_s)
        accented = gate > 0.99 and self._syllable_db - self._around_db > config.accent_db
        if accented and not self._accented and self._age_s > config.apart_s:
            self._begin()
        self._accented = accented
        raised = self._height * _raise(self._age_s - config.rise_s, config)
        self._age_s += 1 / FPS
        return gate * raised * self._shares

    def _begin(self) -> None:
        spread = np.exp(self.config.height_sigma * self._rng.standard_normal())
        if self._rng.random() < self.config.chance:
            self._height, self._age_s = min(self.config.height * spread, self.config.highest), 0.0


def _followed(mean: float, value: float, seconds: float) -> float:
    return value if mean == -np.inf else mean + (value - mean) / (1 + seconds * FPS)


def _raise(seconds: float, config: LiveBrowConfig) -> float:
    """One raise around its peak at 0: half-cosines up and down, 0 outside."""
    phase = np.clip(seconds / (config.rise_s if seconds < 0 else config.fall_s), -1, 1)
    return float(0.5 + 0.5 * np.cos(np.pi * phase))
