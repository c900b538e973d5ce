"""The frames of a video by their numbers, forward fast and backward by seeking; memory stays flat."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sadtalker3d.face.video import not_a_video, opened, sound_start_s

if TYPE_CHECKING:
    import av

SEEK_COST = 12  # frames that could be decoded in the time in which a file is sought through
SHORT_BY_S = 0.5  # that a file may be shorter than it says: its last frame lasts, and some begin with a gap
ODD_FPS = 25.0  # where a file does not say


@dataclass(frozen=True)
class Found:
    """One frame.

    number : in the order in which they are decoded, which is that of `face.video.timed_frames`
    time_s : when it is shown, on the file's clock
    frame : as it was decoded; not to be written to
    """

    number: int
    time_s: float
    frame: av.VideoFrame


@dataclass
class _Index:
    """What is known of the frames that were decoded once; 24 bytes each."""

    times_s: array[float] = field(default_factory=lambda: array("d"))
    keys: array[int] = field(default_factory=lambda: array("q"))  # numbers of those that need no others ...
    key_pts: array[int] = field(default_factory=lambda: array("q"))  # ... and when they are shown
    seekable: bool = True  # until the clock jumps back
    broken: bool = False
    decoded: int = 0

    def add(self, frame: av.VideoFrame, step_s: float) -> None:
        last_s = self.times_s[-1] if self.times_s else None
        time_s = (last_s or 0.0) + step_s if frame.time is None else float(frame.time)
        if frame.pts is None or (last_s is not None and time_s <= last_s):
            self.seekable = False
        elif frame.key_frame and self.seekable:
            self.keys.append(len(self.times_s))
            self.key_pts.append(frame.pts)
        self.times_s.append(time_s)


class _Pass:
    """A place in the file, and the way on from it."""

    def __init__(self, path: Path, index: _Index) -> None:
        self._path, self._index = path, index
        self._closing = ExitStack()
        self._begin()

    def _begin(self) -> None:
        self._closing.close()
        container, stream = self._closing.enter_context(opened(self._path))
        self._container, self.stream = container, stream
        self._frames = container.decode(stream)
        self.number = -1
        self.found: Found | None = None
        self._step_s = 1 / float(stream.average_rate or ODD_FPS)

    def close(self) -> None:
        self._closing.close()

    def cost(self, number: int) -> int:
        """How many frames have to be decoded to reach one."""
        if number == self.number:
            return 0
        ahead = number - self.number
        seek = number - self._key(number)[0] + SEEK_COST
        return min(ahead, seek) if ahead > 0 else seek

    def go(self, number: int) -> Found | None:
        """The frame of a number; None where the file has ended, or is broken, before it."""
        key, pts = self._key(number)
        ahead = number - self.number
        far = ahead < 0 or ahead > number - key + SEEK_COST
        if far and (pts is None or not self._seek(key, pts)):
            self._begin()
        while self.number < number:
            if self._next() is None:
                return None
        return self.found

    def _key(self, number: int) -> tuple[int, int | None]:
        """The last frame up to `number` from which one can go on, and its time; without one, the file's beginning."""
        if not self._index.seekable:
            return 0, None
        at = bisect_right(self._index.keys, number) - 1
        return (self._index.keys[at], self._index.key_pts[at]) if at >= 0 else (0, None)

    def _seek(self, key: int, pts: int) -> bool:
        """Whether the pass stands before that frame now; where indices are bad it may not."""
        import av

        try:
            self._container.seek(pts, stream=self.stream)
            self._frames = self._container.decode(self.stream)
            for frame in self._frames:
                self._index.decoded += 1
                if frame.pts == pts:
                    self.number, self.found = key, Found(key, self._index.times_s[key], frame)
                    return True
                if frame.pts is None or frame.pts > pts:
                    break
        except (av.FFmpegError, ValueError, OSError, IndexError):
            pass
        return False

    def _next(self) -> Found | None:
        import av

        try:
            frame = next(self._frames, None)
        except (av.FFmpegError, ValueError, OSError, IndexError) as error:
            if not self._index.times_s:
                raise not_a_video(self._path, error) from None
            self._index.broken = True
            frame = None
        if frame is None:
            return None
        self._index.decoded += 1
        self.number += 1
        if self.number == len(self._index.times_s):
            self._index.add(frame, self._step_s)
        self.found = Found(self.number, self._index.times_s[self.number], frame)
        return self.found


class Frames:
    """A video's frames.

    Two passes go through the file, so that one shot can be dissolved into another without seeking for every frame.

    Attributes
    ----------
    first : the frame of number 0
    fps : the mean rate
    time_base : in what the file counts time, in seconds
    total : how many there are; 0 where that is not known
    sound_s : when the first sound begins, on the file's clock; None where there is none
    pixel_aspect : a stored pixel's width by its height
    metadata, stream_metadata, chapters : what the file says about itself and its pictures

    Raises UserError: missing, a folder, not a video, or none of it can be decoded.
    """

    def __init__(self, path: str | Path) -> None:
        self._path, self._index = Path(path), _Index()
        self._passes = [_Pass(self._path, self._index)]
        stream = self._passes[0].stream
        self.rate = stream.average_rate or Fraction(ODD_FPS)
        self.fps = float(self.rate)
        self.time_base = Fraction(stream.time_base or Fraction(1, 90000))
        self.total: int = stream.frames
        self.pixel_aspect = stream.sample_aspect_ratio or Fraction(1)
        self.metadata, self.stream_metadata = dict(stream.container.metadata), dict(stream.metadata)
        self.chapters = list(stream.container.chapters())
        self._stated_s = _stated_s(stream)
        first = self.get(0)
        if first is None:
            raise not_a_video(path, ValueError("none of its pictures can be decoded"))
        self.first = first
        self.sound_s = sound_start_s(path)

    def __enter__(self) -> Frames:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._passes:
            one.close()

    @property
    def known(self) -> int:
        """How many were decoded until now."""
        return len(self._index.times_s)

    @property
    def last_s(self) -> float:
        """When the last one that is known is shown."""
        return self._index.times_s[-1]

    @property
    def broken(self) -> bool:
        """Whether decoding failed; or, once the end was reached, whether the file says that it is longer."""
        length_s = self.last_s - self.first.time_s
        return self._index.broken or (self._stated_s is not None and length_s < self._stated_s - SHORT_BY_S)

    @property
    def decoded(self) -> int:
        """How many times a frame was decoded until now: what seeking costs."""
        return self._index.decoded

    def get(self, number: int) -> Found | None:
        """The frame of a number; None where the file has ended, or is broken, before it."""
        best = min(self._passes, key=lambda one: one.cost(number))
        if len(self._passes) == 1 and number < best.number:
            self._passes.append(_Pass(self._path, self._index))
            best = self._passes[-1]
        self._passes.sort(key=lambda one: one is best)  # the one not used for longest comes first
        return best.go(number)


def _stated_s(stream: av.VideoStream) -> float | None:
    """How long a file says that its pictures last."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    try:  # Matroska's tag, as 00:01:02.345000000
        hours, minutes, seconds = stream.metadata["DURATION"].split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except (KeyError, ValueError):
        return None
