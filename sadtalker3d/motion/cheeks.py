"""Cheeks: they rise a little with spread vowels and with the voice's strongest accents.

Look-ahead: 0.25 s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.motion.bumps import bumps
from sadtalker3d.motion.prosody import Prosody, mean_around
from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class CheekConfig:
    """Weights of cheekSquint, chosen by eye: 0.1 lifts the embedded head's cheek by 0.9 mm. Times in seconds."""

    # how much of each column of the mouth the cheek takes: these muscles end in it or pull at it
    spread: tuple[tuple[str, float], ...] = (
        ("mouthSpread", 0.25),
        ("mouthSmile", 0.6),
        ("mouthStretch", 0.15),
    )
    smoothing_s: float = 0.28  # a cheek is heavier than a lip
    strong: float = 0.7  # prominence from which an accent is felt in the cheeks
    accent: float = 0.1
    rise_s: float = 0.2
    fall_s: float = 0.35
    most: float = 0.3


DEFAULT = CheekConfig()


def cheek_motion(prosody: Prosody, mouth: np.ndarray, config: CheekConfig = DEFAULT) -> np.ndarray:
    """Columns of a performance in which only the cheeks move: (T, 64) float32, 0 where nobody speaks.

    mouth : (T, 64) what the lips do
    """
    frames = len(prosody)
    columns = np.zeros((frames, len(OPEN_64)), np.float32)
    strong = np.flatnonzero(prosody.prominence > config.strong)
    heights = config.accent * prosody.prominence[strong]
    rise_s, fall_s = (np.full(len(strong), s) for s in (config.rise_s, config.fall_s))
    accent = bumps(frames, strong / FPS, heights, rise_s, fall_s)
    for side in ("Left", "Right"):
        pulled = np.zeros(frames)
        for name, share in config.spread:
            column = OPEN_64.index(name if name in OPEN_64 else name + side)
            pulled += share * mouth[:, column]
        # twice, because a single running mean leaves corners that are seen as ticks
        pulled = mean_around(mean_around(pulled, config.smoothing_s / 2), config.smoothing_s / 2)
        raised = np.minimum(pulled + accent, config.most) * prosody.active
        columns[:, OPEN_64.index("cheekSquint" + side)] = raised
    return columns
