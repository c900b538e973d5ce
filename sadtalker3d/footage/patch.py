"""What is drawn over a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Patch:
    """New pixels for a rectangle of an upright frame; what of it lies outside the frame is not shown.

    left, top : of the rectangle in the upright frame, in pixels
    rgb : (h, w, 3) uint8 or float32 0..255, as the picture that was drawn over is
    alpha : (h, w) float32, 1 shows the new pixel, 0 keeps what is stored to the bit

    Raises ValueError for other shapes or types.
    """

    left: int
    top: int
    rgb: np.ndarray
    alpha: np.ndarray

    def __post_init__(self) -> None:
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype not in (np.uint8, np.float32):
            raise ValueError(
                f"a patch's rgb is (h, w, 3) uint8 or float32, not {self.rgb.shape} {self.rgb.dtype}"
            )
        if self.alpha.shape != self.rgb.shape[:2] or self.alpha.dtype != np.float32:
            raise ValueError(
                f"a patch's alpha is {self.rgb.shape[:2]} float32, not {self.alpha.shape} {self.alpha.dtype}"
            )
