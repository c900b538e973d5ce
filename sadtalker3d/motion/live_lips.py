"""Lips that do not tremble, without knowing the next frame and without coming late where they close."""

from __future__ import annotations

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64

KEPT = 0.2  # share of the frame before; it costs 10 ms of lag where the lips neither close nor are closed
SEALED = 0.2  # of mouthSeal: from here on nothing is kept
CLOSING = 0.1  # by which the opening shrinks within a frame: from here on nothing is kept
_SEAL, _JAW, _CLOSE = (OPEN_64.index(name) for name in ("mouthSeal", "jawOpen", "mouthClose"))


def live_steadied(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """What the network says (64,) with a share of the steadied frame before, (64,)."""
    closing = (_opening(before) - _opening(now)) / CLOSING
    free = 1 - np.clip(max(now[_SEAL] / SEALED, closing), 0, 1)
    return (now + KEPT * free * (before - now)).astype(np.float32)


def _opening(expression: np.ndarray) -> float:
    return float(expression[_JAW] - expression[_CLOSE])
