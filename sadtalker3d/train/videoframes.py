"""Frames of a folder of videos, decoded once and kept small: every frame a JPEG, read back by its number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.train.processes import Processes

VIDEO_ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
FEWEST_FRAMES = 10  # the last tenth of a video is held out
HELD_OUT_SHARE = 0.1
JPEG_QUALITY = 95  # 256 x 256 pixels in about 25 kB; at 64 x 64 the loss is 40 dB down
COEFFICIENT_ENDINGS = (".mat", ".npz", ".json")


@dataclass(frozen=True)
class VideoFrames:
    """The frames of one video, (size, size, 3) uint8 RGB each."""

    name: str
    jpeg: np.ndarray  # (bytes,) uint8, mapped from the disk
    ends: np.ndarray  # (T,) where each frame's bytes end

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, frame: int) -> np.ndarray:
        import cv2

        first = self.ends[frame - 1] if frame else 0
        return cv2.cvtColor(
            cv2.imdecode(self.jpeg[first : self.ends[frame]], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB
        )

    @property
    def learnt(self) -> int:
        """The frames before this one are for training, the rest is held out."""
        return len(self) - max(1, round(HELD_OUT_SHARE * len(self)))


def load_videos(
    folder: str | Path,
    cache: str | Path,
    size_px: int,
    processes: Processes | None = None,
    report: Callable[[str], None] = print,
) -> list[VideoFrames]:
    """Decode the videos of a folder into `cache`, those that are not there yet, and open them all.

    The pictures are to be cropped to the face already, as SadTalker's crop does it; here they are only scaled
    to a square. Several processes share the decoding.

    Raises UserError for a folder without videos, one that cannot be read, or that is too short.
    """
    paths, processes = video_paths(folder), processes or Processes()
    kept = [_kept(path, Path(cache), size_px) for path in paths]
    for number in range(processes.rank, len(paths), processes.count):
        if not all(part.exists() for part in kept[number]):
            _decode(paths[number], *kept[number], size_px, report)
    processes.wait()
    return [_opened(path, *parts) for path, parts in zip(paths, kept, strict=True)]


def video_paths(folder: str | Path) -> list[Path]:
    """The videos of a folder by name; UserError when there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the one with the videos")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_ENDINGS)
    if not paths:
        raise UserError(f"{folder}: has no videos ({', '.join(VIDEO_ENDINGS)}); put some there")
    return paths


def _kept(path: Path, cache: Path, size_px: int) -> tuple[Path, Path]:
    """The files of a video's pictures and of where each ends."""
    file = path.stat()
    # the file's name for people, the rest so that a changed video is decoded again
    mark = hashlib.sha256(f"{path.name} {file.st_size} {file.st_mtime_ns}".encode()).hexdigest()[:8]
    name = f"{path.stem[:60]}-{mark}-{size_px}"
    return cache / f"{name}.jpegs", cache / f"{name}.ends.npy"


def _decode(path: Path, jpegs: Path, ends: Path, size_px: int, report: Callable[[str], None]) -> None:
    lengths = []
    with replacing(jpegs) as partial, partial.open("wb") as file:
        for picture in decoded(path):
            lengths.append(file.write(_jpeg(picture, size_px)))
        if len(lengths) < FEWEST_FRAMES:
            raise UserError(f"{path}: has {len(lengths)} frames; at least {FEWEST_FRAMES} are needed")
    with replacing(ends) as partial:
        np.save(partial, np.cumsum(lengths))
    report(f"{path.name}: {len(lengths)} frames decoded")


def _opened(path: Path, jpegs: Path, ends: Path) -> VideoFrames:
    try:
        video = VideoFrames(path.stem, np.memmap(jpegs, np.uint8, mode="r"), np.load(ends))
        if video.ends[-1] != len(video.jpeg):
            raise ValueError("cut short")
        return video
    except (OSError, ValueError, IndexError) as error:
        raise UserError(
            f"{jpegs}: is damaged ({error}); delete it and the .ends.npy beside, they are made again"
        ) from None


def decoded(path: Path) -> Iterator[np.ndarray]:
    """Yield the frames of a video, (H, W, 3) uint8 RGB; UserError when it cannot be read."""
    import av

    try:
        with path.open("rb") as file, av.open(file, "r", options={"protocol_whitelist": "none"}) as container:
            if not container.streams.video:
                raise UserError(f"{path}: has no pictures; give a video")
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, ValueError, OSError) as error:
        raise UserError(
            f"{path}: not a video that can be read, or cut off ({error}); export it again"
        ) from None


def _jpeg(picture: np.ndarray, size_px: int) -> bytes:
    import cv2

    shrinks = picture.shape[0] > size_px or picture.shape[1] > size_px
    scaled = cv2.resize(
        picture, (size_px, size_px), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    _, coded = cv2.imencode(
        ".jpg", cv2.cvtColor(scaled, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY,
         cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444],
    )  # fmt: skip
    return coded.tobytes()
