"""Stored planes to RGB, and drawn RGB back into them, by the matrix and the range that the frame declares.

ITU-R BT.601, BT.709 and BT.2020 in the form of ITU-T H.273, section 8.3. A colour value belongs to all pixels of its
cell: it is neither spread when RGB is made of it nor when it is made of RGB, so that both ways agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.compiled import compiled
from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.planes import Layout

if TYPE_CHECKING:
    import av

U = np.uintp
# by H.273's number of a matrix: the shares of red and blue in brightness
SHARES = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
USUAL = (0.299, 0.114)  # BT.601, which FFmpeg takes where nothing is declared
FULL = 2  # FFmpeg's number of the range 0..255


@dataclass(frozen=True)
class Coding:
    """How a frame's values stand for colours.

    red, blue : their shares in brightness; the rest is green's
    full : whether brightness runs from 0 to the highest value, or from 16 to 235 (in 8 bits)
    bits : of a value
    """

    red: float
    blue: float
    full: bool
    bits: int = 8

    def decoding(self) -> np.ndarray:
        """(7,) float32: black, RGB's step for one of brightness, grey, and for one of colour red's by Cr, green's by
        Cb and Cr, blue's by Cb."""
        black, reach, grey, colour_reach = self._ranges()
        green = 1 - self.red - self.blue
        by_cr, by_cb = (255 * 2 * (1 - share) / colour_reach for share in (self.red, self.blue))
        return np.array(
            [black, 255 / reach, grey, by_cr, by_cb * self.blue / green, by_cr * self.red / green, by_cb],
            np.float32,
        )

    def encoding(self) -> np.ndarray:
        """(3, 4) float32: what red, green, blue and 1 add up to brightness, Cb and Cr."""
        black, reach, grey, colour_reach = self._ranges()
        luma = np.array([self.red, 1 - self.red - self.blue, self.blue])
        rows = np.zeros((3, 4))
        rows[0, :3], rows[0, 3] = luma * reach / 255, black
        for row, axis, share in ((1, 2, self.blue), (2, 0, self.red)):
            rows[row, :3] = (np.eye(3)[axis] - luma) / (2 * (1 - share)) * colour_reach / 255
            rows[row, 3] = grey
        return rows.astype(np.float32)

    def _ranges(self) -> tuple[float, float, float, float]:
        """Black's value, white's above it, grey's colour value, and from the least colour to the most."""
        step, most = 1 << (self.bits - 8), (1 << self.bits) - 1
        if self.full:
            return 0, most, 128 * step, most
        return 16 * step, 219 * step, 128 * step, 224 * step


def coding_of(frame: av.VideoFrame, layout: Layout) -> Coding:
    """From what a frame declares; what it does not is taken as FFmpeg takes it."""
    red, blue = SHARES.get(int(frame.colorspace), USUAL)
    full = int(frame.color_range) == FULL or frame.format.name.startswith("yuvj")
    return Coding(red, blue, full, layout.bits)


def picture_of(planes: list[np.ndarray], layout: Layout, coding: Coding) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    rgb = np.empty((*planes[0].shape, 3), np.uint8)
    if layout.grey:
        decoding = coding.decoding()
        grey = (planes[0].astype(np.float32) - decoding[0]) * decoding[1]
        rgb[:] = np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None]
    else:
        _to_rgb(planes[0], planes[1], planes[2], layout.x_shift, layout.y_shift, coding.decoding(), rgb)
    return rgb


def put(patch: Patch, planes: list[np.ndarray], layout: Layout, coding: Coding) -> None:
    """Blend a patch into coloured planes, in place.

    What has alpha 0, or is the picture's own colour, stays to the bit. A colour value that belongs to several pixels
    moves by their mean.
    """
    _blend(
        planes[0], planes[1], planes[2], layout.x_shift, layout.y_shift, coding.decoding(), coding.encoding(),
        np.float32((1 << layout.bits) - 1), patch.left, patch.top, patch.rgb, patch.alpha,
    )  # fmt: skip


@compiled
def _level(value):  # type: ignore[no-untyped-def]
    return np.int32(min(max(value + np.float32(0.5), np.float32(0)), np.float32(255)))


@compiled
def _to_rgb(luma, cb, cr, x_shift, y_shift, decoding, rgb):  # type: ignore[no-untyped-def]
    black, gain, grey = decoding[0], decoding[1], decoding[2]
    red_cr, green_cb, green_cr, blue_cb = decoding[3], decoding[4], decoding[5], decoding[6]
    height, width = luma.shape
    # a row at a time, so that several pixels are reckoned at once
    bs, rs = np.empty(width, np.float32), np.empty(width, np.float32)
    reds, greens, blues = np.empty(width, np.uint8), np.empty(width, np.uint8), np.empty(width, np.uint8)
    for y in range(height):
        row = y >> y_shift
        for x in range(width):
            bs[x] = np.float32(cb[U(row), U(x >> x_shift)]) - grey
            rs[x] = np.float32(cr[U(row), U(x >> x_shift)]) - grey
        for x in range(width):
            light = (np.float32(luma[U(y), U(x)]) - black) * gain
            reds[x] = _level(light + red_cr * rs[x])
            greens[x] = _level(light - green_cb * bs[x] - green_cr * rs[x])
            blues[x] = _level(light + blue_cb * bs[x])
        for x in range(width):
            rgb[U(y), U(x), 0], rgb[U(y), U(x), 1], rgb[U(y), U(x), 2] = reds[x], greens[x], blues[x]


@compiled
def _blend(luma, cb, cr, x_shift, y_shift, decoding, encoding, most, left, top, rgb, alpha):  # type: ignore[no-untyped-def]
    black, gain, grey = decoding[0], decoding[1], decoding[2]
    red_cr, green_cb, green_cr, blue_cb = decoding[3], decoding[4], decoding[5], decoding[6]
    height, width = luma.shape
    y_first, y_end = max(top, 0), min(top + alpha.shape[0], height)
    x_first, x_end = max(left, 0), min(left + alpha.shape[1], width)
    if y_end <= y_first or x_end <= x_first:
        return
    half = np.float32(0.5)
    for row in range(y_first >> y_shift, ((y_end - 1) >> y_shift) + 1):
        y0, y1 = row << y_shift, min((row + 1) << y_shift, height)
        for column in range(x_first >> x_shift, ((x_end - 1) >> x_shift) + 1):
            x0, x1 = column << x_shift, min((column + 1) << x_shift, width)
            old_b, old_r = np.float32(cb[row, column]), np.float32(cr[row, column])
            share, sum_b, sum_r = np.float32(0), np.float32(0), np.float32(0)
            for y in range(max(y0, y_first), min(y1, y_end)):
                for x in range(max(x0, x_first), min(x1, x_end)):
                    a = min(alpha[y - top, x - left], np.float32(1))
                    if not a > 0:
                        continue
                    red = min(max(np.float32(rgb[y - top, x - left, 0]), np.float32(0)), np.float32(255))
                    green = min(max(np.float32(rgb[y - top, x - left, 1]), np.float32(0)), np.float32(255))
                    blue = min(max(np.float32(rgb[y - top, x - left, 2]), np.float32(0)), np.float32(255))
                    old = np.float32(luma[y, x])
                    light = (old - black) * gain
                    if (
                        red == _level(light + red_cr * (old_r - grey))
                        and green == _level(light - green_cb * (old_b - grey) - green_cr * (old_r - grey))
                        and blue == _level(light + blue_cb * (old_b - grey))
                    ):
                        continue
                    new = (
                        encoding[0, 0] * red + encoding[0, 1] * green + encoding[0, 2] * blue + encoding[0, 3]
                    )
                    luma[y, x] = int(min(max(old + a * (new - old) + half, np.float32(0)), most))
                    share += a
                    sum_b += a * (
                        encoding[1, 0] * red + encoding[1, 1] * green + encoding[1, 2] * blue + encoding[1, 3]
                    )
                    sum_r += a * (
                        encoding[2, 0] * red + encoding[2, 1] * green + encoding[2, 2] * blue + encoding[2, 3]
                    )
            if share > 0:
                n = np.float32((y1 - y0) * (x1 - x0))
                cb[row, column] = int(
                    min(max(old_b + (sum_b - share * old_b) / n + half, np.float32(0)), most)
                )
                cr[row, column] = int(
                    min(max(old_r + (sum_r - share * old_r) / n + half, np.float32(0)), most)
                )
