"""Lips that do not tremble: ExpNet answers for each frame by itself, and so never quite the same twice."""

from __future__ import annotations

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64

NEIGHBOUR = 0.1  # share of each neighbour: brings the lips' 6-12 Hz from .35 of their velocity's power to .28
SEALED = 0.2  # of mouthSeal; the teacher gives a held p b m 0.3


def steadied(expression: np.ndarray) -> np.ndarray:
    """(T, 64) with a tenth of either neighbour blended in, without lag, but where the lips are sealed.

    A closure is often a single frame long: smoothing would open it.
    """
    padded = np.concatenate([expression[:1], expression, expression[-1:]])
    smooth = (1 - 2 * NEIGHBOUR) * expression + NEIGHBOUR * (padded[:-2] + padded[2:])
    sealed = np.clip(expression[:, [OPEN_64.index("mouthSeal")]] / SEALED, 0, 1)
    return (smooth + sealed * (expression - smooth)).astype(np.float32)
