"""Where nobody speaks, without knowing what comes: the gate of `silence` for sound that is still being spoken."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from sadtalker3d.motion.live_recent import RecentLevels
from sadtalker3d.motion.silence import DEFAULT as FILE_GATE
from sadtalker3d.motion.silence import FLOOR_DB, GateConfig, smoothstep


@dataclass(frozen=True)
class LiveGateConfig:
    """Decibels, and frames of 40 ms."""

    levels: GateConfig = FILE_GATE
    background: int = 125  # frames it is measured over: 5 s
    # what recordings' loud parts have (median of the 95th percentiles of 26 recordings), until more is heard
    usual_loud_db: tuple[float, ...] = (4.0, 10.0, 5.0, 4.0, 4.0, 2.0, -2.0, -1.0)
    learning: int = 75  # frames in which trust goes from what is usual to what is measured: 3 s
    forget_db: float = (
        0.02  # a frame, that the loudest level sinks: a new speaker further away is found in time
    )
    bridged: int = 5  # frames: 200 ms, longer than the closure of any stop
    opening: float = 0.5  # share a frame: open when the sound is there, because its beginning is heard before
    closing: float = 0.2


DEFAULT = LiveGateConfig()


class LiveGate:
    """How far each frame is speech rather than silence, frame by frame."""

    def __init__(self, config: LiveGateConfig = DEFAULT) -> None:
        self.config = config
        self._usual_db = np.array(config.usual_loud_db) - config.levels.unmeasured_db
        self._loudest_db = max(config.usual_loud_db)
        self._recent = RecentLevels(config.background, len(config.usual_loud_db))
        self._lately: deque[float] = deque(maxlen=config.bridged + 1)
        self._frames = 0
        self._open = 0.0

    def next(self, now: np.ndarray, soon: np.ndarray) -> float:
        """Levels (8,) of the next frame and of what is heard behind it, dB -> 0 silent to 1 speech."""
        config, limits = self.config, self.config.levels
        self._recent.add(now)
        self._frames += 1
        self._loudest_db = max(self._loudest_db - config.forget_db, float(now.max()))
        background = np.maximum(self._background(), max(self._loudest_db - limits.range_db, FLOOR_DB))
        above_db = float((np.maximum(now, soon) - background).max())
        self._lately.append(_soft((above_db - limits.closed_db) / (limits.open_db - limits.closed_db)))
        wanted = max(self._lately)
        step = np.clip(wanted - self._open, -config.closing, config.opening)
        self._open = float(np.clip(self._open + step, 0, 1))
        return _soft(self._open)

    def _background(self) -> np.ndarray:
        """(8,) dB. Sound that is loud from the first is speech until it has gone on for too long."""
        (measured,) = self._recent.percentiles(self.config.levels.background_percentile / 100)
        trust = min(1.0, self._frames / self.config.learning)
        return measured - (1 - trust) * np.maximum(measured - self._usual_db, 0)


def _soft(x: float) -> float:
    return float(smoothstep(np.asarray(x)))
