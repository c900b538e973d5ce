"""Which phones look alike on the lips: the groups that a lip reader can be asked for.

After the groupings of Fisher (1968) and of MPEG-4's visemes, drawn on the teacher's own shapes: phones that the
teacher gives the same mouth are one group, whatever the tongue does behind it.
"""

from __future__ import annotations

import numpy as np

from sadtalker3d.train.phones import SHAPES

VISEMES: dict[str, tuple[str, ...]] = {
    "lips shut": ("p", "b", "m"),
    "lips near": ("bh", "ph"),
    "lip at teeth": ("f", "v"),
    "tongue at teeth": ("th", "dh"),
    "hissing": ("s", "z"),
    "pushed out": ("sh", "zh", "ch", "jh"),
    "small and round": ("w", "uw", "uh", "yu"),
    "round": ("oh", "oe", "ao"),
    "curled": ("r", "er"),
    "tongue tip": ("t", "d", "n", "l"),
    "throat": ("k", "g", "ng", "x", "hh", "q"),
    "wide open": ("aa", "ae", "ah"),
    "half open": ("eh", "ey", "ax"),
    "spread": ("iy", "ih", "y"),
    "silence": ("sil",),
}
NAMES = tuple(VISEMES)
OF_PHONE = np.array(
    [next(i for i, group in enumerate(VISEMES.values()) if phone in group) for phone in SHAPES]
)
"""(phones,) index into NAMES for each phone in the order of SHAPES."""
PHONES_OF = tuple(np.flatnonzero(np.equal(OF_PHONE, group)) for group in range(len(NAMES)))
"""For each of NAMES the (k,) phones of the group."""
