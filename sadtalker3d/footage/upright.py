"""How a phone was held: the quarter turn and the mirroring that a file notes beside its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av


@dataclass(frozen=True)
class Turn:
    """What makes a stored picture upright: rows and columns change places first, then sides are mirrored.

    swapped : rows become columns
    mirrored_x, mirrored_y : then left and right, top and bottom change places
    """

    swapped: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False

    def __bool__(self) -> bool:
        return self.swapped or self.mirrored_x or self.mirrored_y

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The upright picture's width and height."""
        return (height, width) if self.swapped else (width, height)

    def upright(self, picture: np.ndarray) -> np.ndarray:
        """A view of (H, W, ...) as it is to be seen."""
        turned = picture.swapaxes(0, 1) if self.swapped else picture
        return turned[:: -1 if self.mirrored_y else 1, :: -1 if self.mirrored_x else 1]


def turn_of(frame: av.VideoFrame) -> Turn:
    """From the frame's display matrix, to the nearest quarter turn; none where there is no such matrix.

    The matrix takes a stored place (x, y) to (a x + c y, b x + d y), see libavutil/display.h.
    """
    try:
        matrix = np.frombuffer(frame.side_data["DISPLAYMATRIX"], np.int32)  # type: ignore[typeddict-item]
    except (KeyError, ValueError):
        return Turn()
    if len(matrix) != 9:
        return Turn()
    (a, b), (c, d) = matrix[0:2], matrix[3:5]
    if abs(int(a)) + abs(int(d)) >= abs(int(b)) + abs(int(c)):
        return Turn(False, bool(a < 0), bool(d < 0))
    return Turn(True, bool(c < 0), bool(b < 0))
