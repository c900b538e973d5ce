"""What ExpNet's answers need to look like lips: they must not tremble, and must go as far as people's do.

It answers for each frame by itself, never quite the same twice, and where the sound leaves a choice it answers
with the mean, so that its movements are too small.
"""

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


# Ranges in speech (10th to 90th percentile of gap, width, protrusion, mm): a real capture has 9.3, 5.0, 3.2; the
# embedded network gave 6.7, 3.6, 2.6 on a voice it did not know, with these factors 8.0, 4.8, 3.4.
REACH = {
    1.2: ("jawOpen", "mouthClose", "mouthLowerDown", "mouthUpperUp"),
    1.4: (
        "mouthPucker", "mouthFunnel", "mouthRound", "mouthFlare",
        "mouthStretch", "mouthSmile", "mouthDimple", "mouthSpread",
    ),
}  # fmt: skip
_FACTORS = np.array(
    [next((f for f, names in REACH.items() if name.startswith(names)), 1.0) for name in OPEN_64], np.float32
)


def reaching(expression: np.ndarray) -> np.ndarray:
    """(T, 64) with the mouth's movements as large as people's, in 0..1.

    What opens the lips and what closes them grow alike, so that closed stays closed.
    """
    return np.clip(expression * _FACTORS, 0, 1)
