"""A decoded frame -> the frame that is encoded: upright, drawn over, everything else to the bit as it was."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.footage.colours import Coding, coding_of, picture_of, put
from sadtalker3d.footage.encoding import BT709, Encoding, Tags
from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.planes import (
    Layout,
    layout_of,
    moved,
    narrowed,
    nearest_layout,
    planes_of,
    upright_layout,
)
from sadtalker3d.footage.upright import Turn, turn_of

if TYPE_CHECKING:
    import av

    from sadtalker3d.footage.frames import Found

# (H, W, 3) uint8 upright picture, number of the source's frame, seconds since the new sound began
Draw = Callable[[np.ndarray, int, float], Patch | None]
UPRIGHT = Turn()
RGB_MATRIX = 0  # of ITU-T H.273: the values are red, green and blue themselves


class Retouch:
    """Frames of one video.

    Attributes
    ----------
    layout : of the upright planes that are drawn over
    size : (width, height) of the upright pictures
    tags : what the first frame declares of its colours
    """

    def __init__(self, path: Path, first: av.VideoFrame, pixel_aspect: Fraction) -> None:
        self._path = path
        self._stored = (first.width, first.height)
        self._format = first.format.name
        self._planar = nearest_layout(first.format)
        self._turn = turn_of(first)
        self.size = self._turn.size(*self._stored)
        self.layout = upright_layout(self._planar, self._turn, *self._stored).coloured()
        self.notes: list[str] = []
        self.tags = Tags(
            int(first.color_primaries), int(first.color_trc), int(first.colorspace), _full(first),
            1 / pixel_aspect if self._turn.swapped and pixel_aspect else pixel_aspect,
        )  # fmt: skip
        if self._made_yuv(first):
            self.tags = Tags(self.tags.primaries, self.tags.transfer, BT709, False, self.tags.pixel_aspect)
            self.notes.append("its RGB pictures are written as YUV 4:4:4")
        if first.interlaced_frame:
            self.notes.append("it is interlaced; its frames are written whole, with both fields")
        if _has_captions(first):
            self.notes.append("the closed captions inside its pictures are left out")
        self._encoding = Encoding("", self.layout)

    def to(self, encoding: Encoding) -> None:
        """What frames are made for."""
        self._encoding = encoding

    def frame(self, found: Found, time_s: float, draw: Draw) -> av.VideoFrame:
        """One frame, drawn over; it must not be written to.

        Raises UserError where the size is another than the first frame's.
        """
        stored = self._as_planar(found.frame)
        coding = coding_of(stored, self._planar)
        planes, own = planes_of(stored, self._planar), None
        if self._turn or self._planar != self.layout:
            own = self._copied(planes, self._planar, self.layout, self._turn)
            planes = planes_of(own, self.layout)
        patch = draw(picture_of(planes, self.layout, coding), found.number, time_s)
        if patch is not None:
            if own is None:
                own = self._copied(planes, self.layout, self.layout)
            planes = planes_of(own, self.layout)
            put(patch, planes, self.layout, coding)
        return self._for_encoder(own or stored, coding)

    def between(self, one: av.VideoFrame, other: av.VideoFrame, share: float) -> av.VideoFrame:
        """A frame dissolved into another, as `frame` gave them."""
        layout = self._encoding.layout
        made = self._new(layout)
        weight = np.float32(share)
        for into, a, b in zip(
            planes_of(made, layout), planes_of(one, layout), planes_of(other, layout), strict=True
        ):
            into[:] = np.rint(a + weight * (b.astype(np.float32) - a))
        return made

    def _as_planar(self, frame: av.VideoFrame) -> av.VideoFrame:
        from av.video.reformatter import ColorRange, Colorspace

        if (frame.width, frame.height) != self._stored:
            raise UserError(
                f"{self._path}: its pictures change from {self._stored[0]} x {self._stored[1]} to {frame.width} x "
                f"{frame.height} pixels; convert it to one size"
            )
        name = self._planar.name
        if self._made_yuv(frame):
            return frame.reformat(
                format=name, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
        if layout_of(frame.format.name) == self._planar:
            return frame
        return frame.reformat(format=name)

    def _made_yuv(self, frame: av.VideoFrame) -> bool:
        return layout_of(frame.format.name) is None and (
            frame.format.is_rgb or frame.format.has_palette or int(frame.colorspace) == RGB_MATRIX
        )

    def _for_encoder(self, frame: av.VideoFrame, coding: Coding) -> av.VideoFrame:
        layout = self._encoding.layout
        narrow = self._encoding.limited and coding.full
        if layout == self.layout and not narrow:
            return frame
        made = self._copied(planes_of(frame, self.layout), self.layout, layout)
        if narrow:
            narrowed(planes_of(made, layout), self.layout.bits, layout.bits)
        return made

    def _copied(
        self, planes: list[np.ndarray], old: Layout, new: Layout, turn: Turn = UPRIGHT
    ) -> av.VideoFrame:
        made = self._new(new)
        moved(planes, old, new, turn, made)
        return made

    def _new(self, layout: Layout) -> av.VideoFrame:
        import av

        made = av.VideoFrame(*self.size, layout.name)
        # ProRes writes them into every frame
        made.color_primaries, made.color_trc, made.colorspace = (
            self.tags.primaries, self.tags.transfer, self.tags.matrix,
        )  # fmt: skip
        return made


def _full(frame: av.VideoFrame) -> bool | None:
    if frame.format.name.startswith("yuvj"):
        return True
    return {1: False, 2: True}.get(int(frame.color_range))


def _has_captions(frame: av.VideoFrame) -> bool:
    try:
        return bool(frame.side_data["A53_CC"])  # type: ignore[typeddict-item]
    except KeyError:
        return False
