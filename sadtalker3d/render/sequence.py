"""Pictures to numbered PNG files: all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.numbered import Pattern, check_numbered, numbered_in, numbered_name, writing_numbered
from sadtalker3d.render.containers import container_of

# What editing programs find as one sequence; five digits are an hour at 25 frames a second.
NAME_IN_A_FOLDER = "frame_%05d.png"
COMPRESSION = 3  # of zlib's 0 to 9: with the highest a frame takes longer than to render and saves a tenth


def pattern_of(path: str | Path) -> Pattern | None:
    """A folder (no ending, or one that is there) or a name such as take_%05d.png; None for a video's name.

    Raises
    ------
    UserError : a .png name without a number's place, or with two
    """
    path = Path(path)
    if path.suffix.lower() == ".png" and not path.is_dir():
        return numbered_name(path, ".png")
    if container_of(path) is not None or (path.suffix and not path.is_dir()):
        return None
    return numbered_in(path, NAME_IN_A_FOLDER)


def check_sequence(pattern: Pattern, *, force: bool, inputs: Sequence[Path] = ()) -> None:
    """UserError when the pictures cannot be or must not be written; see `check_numbered`."""
    check_numbered(pattern, force=force, inputs=inputs)


def write_sequence(pattern: Pattern, frames: Iterable[np.ndarray]) -> int:
    """Write (H, W, 3) or (H, W, 4) uint8 frames, numbered from 0; returns how many. See `writing_numbered`.

    Raises
    ------
    UserError : no frames, or a place that cannot be written
    ValueError : a frame of another type
    """
    from PIL import Image

    count = 0
    with writing_numbered(pattern) as next_file:
        for frame in frames:
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] not in (3, 4):
                raise ValueError(f"a frame is (H, W, 3 or 4) uint8, not {frame.shape} {frame.dtype}")
            picture = Image.fromarray(np.ascontiguousarray(frame))
            picture.save(next_file(), compress_level=COMPRESSION)
            count += 1
        if not count:
            raise UserError(f"{pattern.folder}: there are no frames to write")
    return count
