"""The frames of a video, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.footage.upright import turn_of

if TYPE_CHECKING:
    import av

NO_VIDEOS = ("tty", "lavfi")  # what FFmpeg makes of a text


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    picture : (H, W, 3) uint8 RGB, turned as a player shows it
    time_s : when it is shown, on the file's clock, which sound and pictures share
    total : how many frames there are; 0 where that is not known
    scale : the picture's size by the file's
    """

    picture: np.ndarray
    time_s: float
    total: int
    scale: float


def read_frames(path: str | Path) -> Iterator[tuple[np.ndarray, int]]:
    """Yield (H, W, 3) uint8 RGB frames, turned as a player shows them, and how many there are (0: not known).

    Raises UserError: missing, a folder, or not a video. What can be read of a file that is cut off is yielded.
    """
    for frame in timed_frames(path):
        yield frame.picture, frame.total


def timed_frames(path: str | Path, longest_px: int | None = None) -> Iterator[Frame]:
    """Yield the frames with their times; pictures larger than `longest_px` on the long side are shrunk to it.

    Raises UserError as `read_frames` does.
    """
    import av

    read, time_s = 0, 0.0
    with opened(path) as (container, stream):
        step_s = 1 / float(stream.average_rate or 25)
        try:
            for frame in container.decode(stream):
                turn = turn_of(frame)
                long_px = max(frame.width, frame.height)
                scale = min(1.0, longest_px / long_px) if longest_px else 1.0
                width, height = (max(round(n * scale), 1) for n in (frame.width, frame.height))
                pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
                time_s = time_s + step_s if frame.time is None else float(frame.time)
                yield Frame(np.ascontiguousarray(turn.upright(pixels)), time_s, stream.frames, scale)
                read += 1
        except (av.FFmpegError, ValueError, OSError, IndexError) as error:
            if not read:
                raise not_a_video(path, error) from None


@contextmanager
def opened(path: str | Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """A video and its first pictures.

    Raises UserError: missing, a folder, or not a video.
    """
    import av

    path = Path(path)
    if os.path.isdir(path):  # pathlib's own raises for a name that is too long
        raise UserError(f"{path}: is a folder; name a video in it")
    with ExitStack() as closing:
        try:
            file = closing.enter_context(path.open("rb"))
            # a file object and no protocols: a playlist must not make FFmpeg open other files or addresses
            options = {"protocol_whitelist": "none"}
            container = closing.enter_context(av.open(file, "r", metadata_errors="replace", options=options))
        except FileNotFoundError:
            raise UserError(f"{path}: no such video; check the name") from None
        except (av.FFmpegError, ValueError, OSError, IndexError) as error:
            raise not_a_video(path, error) from None
        if container.format.name in NO_VIDEOS or not container.streams.video:
            raise UserError(f"{path}: holds no pictures; give a video")
        yield container, container.streams.video[0]


def not_a_video(path: str | Path, error: Exception) -> UserError:
    """What to raise where nothing can be read."""
    if isinstance(error, OSError) and Path(path).is_file() and not Path(path).stat().st_size:
        return UserError(f"{path}: is empty; export the video again")
    why = getattr(error, "strerror", None) or error  # without FFmpeg's number
    return UserError(f"{path}: not a video that can be read ({why}); give an MP4 file")


def sound_start_s(path: str | Path) -> float | None:
    """When a video's first sound begins, on the clock of `Frame.time_s`; None where it has no sound."""
    with opened(path) as (container, _):
        if not container.streams.audio:
            return None
        sound = container.streams.audio[0]
        if sound.start_time is None or sound.time_base is None:
            return 0.0
        return float(sound.start_time * sound.time_base)
