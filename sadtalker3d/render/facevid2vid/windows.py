"""What the mapping network is told of every frame: face coefficients, 27 frames at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.mapping import WINDOW

EXPRESSION = 64
MOTION = 70  # expression 64, rotation 3, translation 3
FULL_MOTION = 73  # and the crop's scale and place


def driving_coefficients(
    motion: np.ndarray,
    source: np.ndarray,
    *,
    full: bool = False,
    still: bool = False,
    expression_scale: float = 1.0,
) -> np.ndarray:
    """Coefficients that drive the renderer, (T, 70) or with `full` (T, 73) float32.

    motion : (T, 70 or more) coefficients of the performance
    source : (70 or more,) coefficients of the portrait; 73 where `full`
    full : the crop's three numbers, which are the portrait's, go with every frame
    still : every frame has the portrait's pose
    expression_scale : factor of the expression

    Raises UserError where the portrait's crop numbers are missing.
    """
    width = FULL_MOTION if full else MOTION
    source = source_columns(source, full=full)
    driving = np.empty((len(motion), width), np.float32)
    driving[:] = source
    driving[:, :EXPRESSION] = np.asarray(motion[:, :EXPRESSION], np.float32) * np.float32(expression_scale)
    if not still:
        driving[:, EXPRESSION:MOTION] = motion[:, EXPRESSION:MOTION]
    return driving


def source_columns(source: np.ndarray, *, full: bool) -> np.ndarray:
    """The portrait's coefficients as the mapping network wants them, (70,) or with `full` (73,) float32."""
    width = FULL_MOTION if full else MOTION
    if len(source) < width:
        raise UserError(f"the portrait has {len(source)} coefficients, {width} are needed; fit it again")
    return np.asarray(source[:width], np.float32)


def window(coefficients: np.ndarray, frames: np.ndarray | Sequence[int]) -> np.ndarray:
    """The coefficients round each frame, from 13 before to 13 after: (T, C), (n,) -> (n, C, 27).

    Before the first and after the last frame stand these themselves.
    """
    offsets = np.arange(WINDOW) - WINDOW // 2
    rows = np.clip(np.asarray(frames)[:, None] + offsets, 0, len(coefficients) - 1)
    return np.ascontiguousarray(coefficients[rows].swapaxes(1, 2))


def source_window(source: np.ndarray, *, full: bool) -> np.ndarray:
    """The portrait as a film that stands still: (1, 70 or 73, 27)."""
    return np.repeat(source_columns(source, full=full)[None, :, None], WINDOW, axis=2)
