"""The lower face as one frame of a film shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class AsFilmed:
    """n vertices.

    head : (n, 3) in head space; near (n,) as `warp.raster` has it; turn (3, 3), the head's
    xy : (n, 2) where they are in the picture; flat (n, 2), where the linear head alone would put them, and held_px
        (n, 2), what the person adds to that in every frame
    skin_rgb, lips_rgb : (3,) 0..255
    """

    head: np.ndarray
    xy: np.ndarray
    near: np.ndarray
    turn: np.ndarray
    flat: np.ndarray
    held_px: np.ndarray
    skin_rgb: np.ndarray
    lips_rgb: np.ndarray
