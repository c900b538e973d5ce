"""A moving face set back into the picture it was cut from, without a seam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels; the last two are outside."""


@dataclass(frozen=True)
class PastebackConfig:
    """Widths are shares of the box's shorter side."""

    inset: float = 0.0125  # the generator's outermost pixels are off: its convolutions see zeros beyond them
    soft: float = 0.14  # over this width colours go from the picture's to the frame's
    sharp: float = 0.035  # over this one, in its middle, details do: a wider one shows moving edges twice
    soft_below: float = 0.05  # the same at the bottom, where a wider border would cut off the chin of an
    sharp_below: float = 0.025  # open mouth: upstream's box ends just below it
    coarse: float = 0.0125  # what is coarser than this is colour, what is finer is detail; not above `inset`
    match: float = 0.12  # reach of the colour match: about an eye's distance from the nose
    match_cells: int = 64  # the colour match is computed on a grid this wide


class Pasteback:
    """The picture, and the place in it where frames go.

    What is outside the box never changes. In a border inside the box the frame fades in: slowly where it differs
    in colour, quickly in detail. All frames get the same colour match: what the frame of the portrait at rest lacks
    in the border, spread smoothly over the face. Sides of the box that are the picture's own have no border.

    Parameters
    ----------
    picture : (H, W, 3) uint8; not changed
    box : where the frames go; inside the picture
    at_rest : (h, w, 3) uint8, the frame of the portrait as it is in the picture, at any size
    """

    def __init__(
        self, picture: np.ndarray, box: Box, at_rest: np.ndarray, config: PastebackConfig | None = None
    ) -> None:
        import cv2

        config = config or PastebackConfig()
        height, width = picture.shape[:2]
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise ValueError(f"the box {box} is not inside a picture of {width} x {height}")
        self._canvas = picture.copy()
        self._place = self._canvas[y0:y1, x0:x1]
        self._behind = picture[y0:y1, x0:x1].copy()
        self._size = (x1 - x0, y1 - y0)
        open_sides = (x0 > 0, y0 > 0, x1 < width, y1 < height)
        softs = [config.soft] * 3 + [config.soft_below]
        sharps = [config.sharp] * 3 + [config.sharp_below]
        inner = [config.inset + (soft - sharp) / 2 for soft, sharp in zip(softs, sharps, strict=True)]
        soft = _mask(self._size, open_sides, [config.inset] * 4, softs)
        self._sharp = _mask(self._size, open_sides, inner, sharps)
        self._sharp_rest = 1 - self._sharp
        cell_px = max(min(self._size) * config.coarse, 1)
        self._coarse_size = (max(round(self._size[0] / cell_px), 1), max(round(self._size[1] / cell_px), 1))
        self._coarse_behind = self._coarse(self._behind)
        self._coarse_share = cv2.resize(soft - self._sharp, self._coarse_size, interpolation=cv2.INTER_AREA)[
            ..., None
        ]
        frame = cv2.resize(at_rest, self._size, interpolation=cv2.INTER_LINEAR)
        border = soft * (1 - soft)
        match = _colour_match(self._behind, frame, border, config)
        self._match = np.rint(match).astype(np.int16)
        self._coarse_match = self._coarse(match)

    def onto(self, frame: np.ndarray) -> np.ndarray:
        """The whole picture with a (h, w, 3) uint8 frame in it, (H, W, 3) uint8.

        It is the same array each time; copy what is to be kept.
        """
        import cv2

        fitted = cv2.resize(frame, self._size, interpolation=cv2.INTER_LINEAR)
        matched = cv2.add(fitted, self._match, dtype=cv2.CV_8U)
        detail = cv2.blendLinear(matched, self._behind, self._sharp, self._sharp_rest)
        coarse = self._coarse(frame) + self._coarse_match
        colour = (coarse - self._coarse_behind) * self._coarse_share
        colour = cv2.resize(colour, self._size, interpolation=cv2.INTER_LINEAR)
        self._place[:] = cv2.add(detail, colour, dtype=cv2.CV_8U)
        return self._canvas

    def _coarse(self, picture: np.ndarray) -> np.ndarray:
        import cv2

        return cv2.resize(picture, self._coarse_size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _mask(
    size: tuple[int, int], open_sides: Sequence[bool], starts: Sequence[float], widths: Sequence[float]
) -> np.ndarray:
    """(h, w) float32: at each open side 0 up to `start`, 1 from `start + width` on, smooth between.

    The sides are left, top, right and bottom.
    """
    shorter = min(size)
    ramps = []
    for side, (is_open, start, width) in enumerate(zip(open_sides, starts, widths, strict=True)):
        length = size[side % 2]
        from_side = np.arange(length) + 0.5
        along = np.clip((from_side / shorter - start) / width, 0, 1)
        ramp = along * along * (3 - 2 * along) if is_open else np.ones(length)
        ramps.append(ramp if side < 2 else ramp[::-1])
    return np.outer(ramps[1] * ramps[3], ramps[0] * ramps[2]).astype(np.float32)


def _colour_match(
    picture: np.ndarray, frame: np.ndarray, border: np.ndarray, config: PastebackConfig
) -> np.ndarray:
    """(h, w, 3) float32: the difference in the border, spread smoothly over the box (normalised convolution)."""
    import cv2

    height, width = border.shape
    scale = config.match_cells / max(height, width)
    grid = (max(round(width * scale), 1), max(round(height * scale), 1))
    lacking = (picture.astype(np.float32) - frame) * border[..., None]
    lacking = cv2.resize(lacking, grid, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(border, grid, interpolation=cv2.INTER_AREA)
    sigma = config.match * min(grid)

    def spread(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))

    # far from the border the kernel has ended: a little of the mean keeps the quotient defined
    total = spread(weight) + 1e-6
    mean = lacking.sum(axis=(0, 1)) / max(weight.sum(), 1e-6)
    smooth = (spread(lacking) + 1e-6 * mean) / total[..., None]
    return cv2.resize(smooth.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
