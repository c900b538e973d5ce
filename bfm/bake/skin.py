"""The painted texture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import atlas

if TYPE_CHECKING:
    from .build import Split

_COLOURS = {
    "skin": (208, 160, 136),
    "rim": (120, 90, 78),
    "teeth": (232, 226, 212),
    "gums": (188, 104, 104),
    "tongue": (190, 100, 100),
    "eyes": (236, 232, 228),
    "lashes": (40, 30, 26),
}


def paint(split: Split, positions: np.ndarray) -> np.ndarray:
    """(1024, 1024, 4) uint8 sRGB."""
    image = np.zeros((atlas.SIZE, atlas.SIZE, 4), np.uint8)
    image[..., :3] = _COLOURS["skin"]
    image[..., 3] = 255
    for name, (left, top, right, bottom) in atlas.PLACES.items():
        rows = slice(int(top * atlas.SIZE) - 3, int(bottom * atlas.SIZE) + 3)
        columns = slice(int(left * atlas.SIZE) - 3, int(right * atlas.SIZE) + 3)
        if name in _COLOURS:
            image[rows, columns, :3] = _COLOURS[name]
        if name == "mouth":
            image[rows, columns, :3] = (110, 50, 50)
    return image
