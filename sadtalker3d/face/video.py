"""The frames of a video, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError

NO_VIDEOS = ("tty", "lavfi")  # what FFmpeg makes of a text


def read_frames(path: str | Path) -> Iterator[tuple[np.ndarray, int]]:
    """Yield (H, W, 3) uint8 RGB frames, turned as a player shows them, and how many there are (0: not known).

    Raises UserError: missing, a folder, or not a video. What can be read of a file that is cut off is yielded.
    """
    import av

    path = Path(path)
    if os.path.isdir(path):  # pathlib's own raises for a name that is too long
        raise UserError(f"{path}: is a folder; name a video in it")
    read = 0
    try:
        # a file object and no protocols: a playlist must not make FFmpeg open other files or addresses
        with (
            path.open("rb") as file,
            av.open(file, "r", options={"protocol_whitelist": "none"}) as container,
        ):
            if container.format.name in NO_VIDEOS or not container.streams.video:
                raise UserError(f"{path}: holds no pictures; give a video")
            total = container.streams.video[0].frames
            for frame in container.decode(video=0):
                # phones note how they were held, counter-clockwise like np.rot90
                turns = round(getattr(frame, "rotation", 0) / 90) % 4
                yield np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns)), total
                read += 1
    except FileNotFoundError:
        raise UserError(f"{path}: no such video; check the name") from None
    except (av.FFmpegError, ValueError, OSError) as error:
        if not read:
            raise UserError(f"{path}: not a video that can be read ({error}); give an MP4 file") from None
