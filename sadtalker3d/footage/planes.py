"""A frame's pixels as they are stored: planes of brightness and colour, at the stored size and depth."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.footage.upright import Turn

if TYPE_CHECKING:
    import av

# how many halvings of width and height there are from brightness to colour
SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
CODES = {shifts: code for code, shifts in SHIFTS.items()}
PLANAR = re.compile(r"yuv(?P<alpha>a?)j?(?P<code>420|422|444|440|411|410)p((?P<bits>\d+)le)?")
GREY = re.compile(r"gray((?P<bits>\d+)le)?")
DEPTHS = (8, 10, 12, 16)


@dataclass(frozen=True)
class Layout:
    """What planes a pixel format has.

    bits : of a value; 8 is stored as uint8, more as uint16
    x_shift, y_shift : halvings of the colour planes' width and height
    alpha, grey : a fourth plane; the first one alone
    """

    bits: int = 8
    x_shift: int = 1
    y_shift: int = 1
    alpha: bool = False
    grey: bool = False

    @property
    def name(self) -> str:
        """FFmpeg's for it."""
        depth = "" if self.bits == 8 else f"{self.bits}le"
        if self.grey:
            return f"gray{depth}"
        return f"yuv{'a' if self.alpha else ''}{CODES[self.x_shift, self.y_shift]}p{depth}"

    @property
    def type(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.bits == 8 else np.uint16

    def coloured(self) -> Layout:
        """With colour planes, smallest ones where there were none."""
        return replace(self, grey=False, x_shift=1, y_shift=1) if self.grey else self


def layout_of(name: str) -> Layout | None:
    """Of a pixel format by FFmpeg's name for it; None where the planes are none of these."""
    found = PLANAR.fullmatch(name)
    if found:
        return Layout(int(found["bits"] or 8), *SHIFTS[found["code"]], alpha=bool(found["alpha"]))
    found = GREY.fullmatch(name)
    return Layout(int(found["bits"] or 8), 0, 0, grey=True) if found else None


def nearest_layout(format: av.VideoFormat) -> Layout:
    """The planes that hold all that a pixel format does, or nearly: RGB becomes YUV 4:4:4."""
    same = layout_of(format.name)
    if same is not None:
        return same
    stored = max(component.bits for component in format.components) if format.components else 8
    bits = min((depth for depth in DEPTHS if depth >= stored), default=16)
    if format.is_rgb or format.has_palette or len(format.components) < 3:
        return Layout(bits, 0, 0)
    across, down = 64 // max(format.chroma_width(64), 1), 64 // max(format.chroma_height(64), 1)
    shifts = (across.bit_length() - 1, down.bit_length() - 1)
    return Layout(bits, *(shifts if shifts in CODES else (0, 0)))


def planes_of(frame: av.VideoFrame, layout: Layout) -> list[np.ndarray]:
    """Views (h, w) of what a frame of that layout holds; written to, they change the frame.

    A decoder's frame must not be written to: the next ones are made from it.
    """
    item = 1 if layout.bits == 8 else 2
    return [
        np.frombuffer(plane, layout.type).reshape(-1, plane.line_size // item)[: plane.height, : plane.width]  # type: ignore[call-overload]
        for plane in frame.planes
    ]


def moved(planes: list[np.ndarray], old: Layout, new: Layout, turn: Turn, frame: av.VideoFrame) -> None:
    """Copy planes into `frame`, which has the layout `new` and the upright size.

    Colour planes grow by repeating values, so that every pixel keeps the colour that it had; grey ones get none.
    More bits are zeros behind, fewer are rounded; a plane of transparency is left out, or filled, as needed.
    """
    into = planes_of(frame, new)
    width, height = planes[0].shape[::-1]
    for number, target in enumerate(into):
        if number == 3 and len(planes) < 4:
            target[:] = (1 << new.bits) - 1
        elif number in (1, 2) and old.grey:
            target[:] = 1 << (new.bits - 1)
        else:
            source = planes[number]
            if number in (1, 2):
                source = _repeated(source, old, new, turn, (height, width))
            target[:] = _deepened(turn.upright(source), old.bits, new.bits)


def narrowed(planes: list[np.ndarray], old_bits: int, bits: int) -> None:
    """Values from 0 to the highest become 16 to 235, and colours 16 to 240 (in 8 bits), in place.

    old_bits : with which the values were stored before they had `bits`
    """
    step = 1 << (bits - 8)
    most = ((1 << old_bits) - 1) * 2.0 ** (bits - old_bits)
    for number, plane in enumerate(planes[:3]):
        if number == 0:
            plane[:] = np.rint(plane * (219 * step / most) + 16 * step)
        else:
            plane[:] = np.rint((plane - 128.0 * step) * (224 * step / most) + 128 * step)


def upright_layout(layout: Layout, turn: Turn, width: int, height: int) -> Layout:
    """The layout in which a picture of that stored size can be upright with every pixel's own colour.

    Colour planes of half a width cannot become ones of half a height, and where an odd row is mirrored its pairs of
    pixels are others: then they grow to the full size.
    """
    if not turn or layout.grey:
        return layout
    x_shift, y_shift = (layout.y_shift, layout.x_shift) if turn.swapped else (layout.x_shift, layout.y_shift)
    odd = width % (1 << layout.x_shift) or height % (1 << layout.y_shift)
    if odd or (x_shift, y_shift) not in CODES:
        x_shift = y_shift = 0
    return replace(layout, x_shift=x_shift, y_shift=y_shift)


def _repeated(plane: np.ndarray, old: Layout, new: Layout, turn: Turn, size: tuple[int, int]) -> np.ndarray:
    """A stored colour plane at the resolution that it needs before it is turned."""
    x_shift, y_shift = (new.y_shift, new.x_shift) if turn.swapped else (new.x_shift, new.y_shift)
    down, across = old.y_shift - y_shift, old.x_shift - x_shift
    if not down and not across:
        return plane
    grown = plane.repeat(1 << down, axis=0).repeat(1 << across, axis=1)
    return grown[: -(-size[0] >> y_shift), : -(-size[1] >> x_shift)]


def _deepened(plane: np.ndarray, old_bits: int, new_bits: int) -> np.ndarray:
    if old_bits == new_bits:
        return plane
    if new_bits > old_bits:
        return plane.astype(np.uint16) << (new_bits - old_bits)
    gone = old_bits - new_bits
    rounded = (plane.astype(np.uint32) + (1 << (gone - 1))) >> gone
    return np.minimum(rounded, (1 << new_bits) - 1)
