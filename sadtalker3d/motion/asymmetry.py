"""Nobody's mouth moves evenly: one side goes a little further than the other, and how far wanders.

The teacher's mouth, and so the network's, is even; the difference is laid over it here, where it can be seeded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class AsymmetryConfig:
    """Shares by which one side of the mouth goes further and the other less far; chosen to be felt, not seen."""

    habit: float = 0.05  # standard deviation of a speaker's own
    drift: float = 0.03  # standard deviation of what comes and goes
    drift_s: float = 2.5  # it takes about so long
    most: float = 0.14


DEFAULT = AsymmetryConfig()
_PAIRS = [
    (column, OPEN_64.index(f"{name[:-4]}Right"))
    for column, name in enumerate(OPEN_64)
    if name.startswith("mouth") and name.endswith("Left") and name != "mouthLeft"
]


def uneven(
    expression: np.ndarray, rng: np.random.Generator, gain: float = 1.0, config: AsymmetryConfig = DEFAULT
) -> np.ndarray:
    """(T, 64) with the mouth's left and right shapes scaled apart; what is at rest stays at rest.

    gain : 0 leaves the mouth even, 1 as people are
    """
    frames = len(expression)
    knots = int(frames / (config.drift_s * FPS)) + 2
    wandering = np.interp(
        np.arange(frames), np.arange(knots) * config.drift_s * FPS, config.drift * rng.standard_normal(knots)
    )
    share = config.habit * rng.standard_normal() + wandering
    share = gain * np.clip(share, -config.most, config.most)[:, None]
    left, right = (list(side) for side in zip(*_PAIRS, strict=True))
    result = np.array(expression, np.float32)
    result[:, left] *= 1 + share
    result[:, right] *= 1 - share
    return np.clip(result, 0, 1, out=result)
