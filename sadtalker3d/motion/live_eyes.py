"""Blinks and gaze of sound that is still being spoken: the processes of files, a minute at a time.

Neither knows the phrases here: blinks do not wait for pauses.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.motion.blink import blink_track
from sadtalker3d.motion.gaze import gaze_plan, look

MINUTE = 60 * FPS


class FrameByFrame:
    """A process that makes many frames at once, one frame after the other."""

    def __init__(self, many: Callable[[], np.ndarray]) -> None:
        self._many = many
        self._made = np.zeros(0)
        self._next = 0

    def next(self) -> np.ndarray:
        """The next row."""
        if self._next == len(self._made):
            self._made, self._next = self._many(), 0
        self._next += 1
        return self._made[self._next - 1]


class LiveBlinks:
    """How far the lids are closed, frame by frame."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._closure = FrameByFrame(lambda: blink_track(MINUTE, rng, FPS))

    def next(self) -> float:
        """0 open to 1 closed."""
        return float(self._closure.next())


class LiveGaze:
    """Where the eyes look, frame by frame."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._wandering = FrameByFrame(lambda: gaze_plan(MINUTE, rng).offset_deg)

    def next(self, rotation: np.ndarray) -> np.ndarray:
        """The head's (3,) radians -> columns (64,) in which only the gaze moves."""
        return look(self._wandering.next()[None], rotation[None])[0]
