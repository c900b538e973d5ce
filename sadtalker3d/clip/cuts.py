"""Where a film cuts: pictures that differ as a whole from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class CutConfig:
    """Differences are the mean over a thumbnail, of 0..1."""

    side_px: int = 24  # coarse: grain, and lips that move, are not seen in it
    least: float = (
        0.06  # a head that turns makes 0.01 to 0.02 in a frame; a camera that shakes reaches 0.1, so ...
    )
    sure: float = 0.2  # ... that below this it is a cut only if the face jumped too
    times_usual: float = 4.0  # a camera that swings makes every frame differ
    keeps: float = 0.9  # of the usual difference, a frame
    dark: float = 0.04  # mean brightness and spread below: a black frame is a loss, no cut


class Cuts:
    """Tells for one frame after the other whether a new shot may begin with it."""

    def __init__(self, config: CutConfig | None = None) -> None:
        self.config = config or CutConfig()
        self._before: np.ndarray | None = None
        self._usual = 0.0

    def begins(self, picture: np.ndarray) -> Literal["no", "perhaps", "surely"]:
        """Whether the (H, W, 3) uint8 picture belongs to another shot than the last one that was not black."""
        config, seen = self.config, thumbnail(picture, self.config.side_px)
        if seen.mean() < config.dark and seen.std() < config.dark:
            return "no"
        before, self._before = self._before, seen
        if before is None:
            return "no"
        change = float(np.abs(seen - before).mean())
        unusual = change > max(config.least, config.times_usual * self._usual)
        if not unusual or change <= config.sure:
            self._usual = config.keeps * self._usual + (1 - config.keeps) * change
        if not unusual:
            return "no"
        return "surely" if change > config.sure else "perhaps"


def thumbnail(picture: np.ndarray, side_px: int) -> np.ndarray:
    """(side, side, 3) float32 0..1, each pixel the mean of its part."""
    import cv2

    return cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
