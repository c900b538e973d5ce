"""Lids besides blinking: they follow the gaze, narrow with cheeks and frowns, widen with raised brows.

Look-ahead: none beyond that of brows, cheeks and gaze.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class LidConfig:
    """Shares of the columns named."""

    # Measured people close the eye by .022 of its opening for each degree they look down (median of 12 clips,
    # three of them against it), which is .22 at eyeLookDown 1. The embedded head's eyeLookDown lowers the lid
    # by .29 of a blink already, and .3 more would shut the eye; this much is for rigs whose lids stay.
    down: float = 0.08
    up: float = 0.1  # eyeWide of eyeLookUp, which itself lifts the lid too
    brows: float = 0.3  # eyeWide of the mean raise
    frown: float = 0.5  # eyeSquint of browDown
    cheeks: float = 0.6  # eyeSquint of cheekSquint: the same muscle round the eye
    most: float = 0.25


DEFAULT = LidConfig()


def lid_motion(
    brows: np.ndarray, cheeks: np.ndarray, gaze: np.ndarray, config: LidConfig = DEFAULT
) -> np.ndarray:
    """Columns of a performance in which only the lids move; no blinks.

    brows, cheeks, gaze : (T, 64) performances of the three, with their gains
    Returns (T, 64) float32 in 0..1: eyeBlink, eyeSquint, eyeWide; at most one of the last two above 0.
    """
    columns = np.zeros((len(gaze), len(OPEN_64)), np.float32)
    for side in ("Left", "Right"):

        def of(part: np.ndarray, name: str, side: str = side) -> np.ndarray:
            return part[:, OPEN_64.index(name if name in OPEN_64 else name + side)]

        raised = (of(brows, "browInnerUp") + of(brows, "browOuterUp")) / 2
        wide = config.brows * raised + config.up * of(gaze, "eyeLookUp")
        squint = config.frown * of(brows, "browDown") + config.cheeks * of(cheeks, "cheekSquint")
        net = np.clip(wide - squint, -config.most, config.most)
        columns[:, OPEN_64.index("eyeWide" + side)] = np.maximum(net, 0)
        columns[:, OPEN_64.index("eyeSquint" + side)] = np.maximum(-net, 0)
        columns[:, OPEN_64.index("eyeBlink" + side)] = config.down * of(gaze, "eyeLookDown")
    return columns


def with_blinks(upper: np.ndarray, blinks: np.ndarray) -> np.ndarray:
    """(T, 64) with blinks (T,) closing the rest of the way; widened and narrowed lids give way to them."""
    result = upper.copy()
    for side in ("Left", "Right"):
        lid = OPEN_64.index("eyeBlink" + side)
        result[:, lid] += (1 - result[:, lid]) * blinks
        for name in ("eyeWide", "eyeSquint"):
            result[:, OPEN_64.index(name + side)] *= 1 - blinks
    return result
