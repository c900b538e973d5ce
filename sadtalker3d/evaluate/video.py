"""Measuring a video, alone or against a reference, frame by frame in flat memory."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import faces
from sadtalker3d.evaluate.pictures import (
    CPBD_SOURCE,
    PSNR_SOURCE,
    SSIM_SOURCE,
    cpbd,
    psnr_db,
    squared_error,
    ssim,
)
from sadtalker3d.progress import Mode, progress

MOST_FRAMES_APART = 2
SMALLEST_PX = 64  # CPBD looks at blocks of this size
_NEEDS_REFERENCE = "it compares with a reference; give one with --reference"


@dataclass(frozen=True)
class VideoMeasure:
    """One number with where its definition or network comes from."""

    name: str
    value: float
    digits: int
    source: str


@dataclass(frozen=True)
class VideoReport:
    """left_out : what could not be measured -> why"""

    frames: int
    measures: Sequence[VideoMeasure]
    left_out: Mapping[str, str]


@dataclass
class _Sums:
    """What is collected over the frames."""

    sharpness: list[float] = field(default_factory=list)
    reference_sharpness: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    likeness: list[float] = field(default_factory=list)
    landmarks: list[float] = field(default_factory=list)
    lips: list[float] = field(default_factory=list)
    identity: list[float] = field(default_factory=list)
    faceless: int = 0  # frames in which one of the videos shows no face


def evaluate_video(
    video: str | Path, reference: str | Path | None = None, *, show: Mode = "none"
) -> VideoReport:
    """Measure the frames of a video.

    Alone: CPBD. Against a reference of the same size, rate and length: PSNR, SSIM, and where their packages
    are installed, landmark distance and CSIM (`faces`).

    Raises UserError: a file that is no video, or two that cannot be compared.
    """
    video = Path(video)
    ours = _Frames(video)
    theirs = _Frames(Path(reference)) if reference is not None else None
    if theirs is not None:
        _check_comparable(ours, theirs)
    landmarks = faces.landmark_finder() if theirs else None
    identity = faces.identity_finder() if theirs else None
    sums, frames = _Sums(), 0
    with progress("measure", show) as report:
        for frames, (a, b) in enumerate(_pairs(ours, theirs), 1):
            sums.sharpness.append(cpbd(a))
            if b is not None:
                _compare(sums, a, b, frames - 1, landmarks, identity)
            report(frames, ours.count)
    if frames == 0:
        raise UserError(f"{video}: no picture can be decoded from it; export it again")
    return _report(sums, frames, theirs is not None, landmarks is not None, identity is not None)


def _compare(
    sums: _Sums,
    a: np.ndarray,
    b: np.ndarray,
    frame: int,
    landmarks: faces.Finder | None,
    identity: faces.Finder | None,
) -> None:
    sums.reference_sharpness.append(cpbd(b))
    sums.errors.append(squared_error(a, b))
    sums.likeness.append(ssim(a, b))
    if landmarks:
        mesh_a, mesh_b = landmarks(a), landmarks(b)
        if mesh_a is None or mesh_b is None:
            sums.faceless += 1
        else:
            sums.landmarks.append(faces.landmark_distance(mesh_a, mesh_b))
            sums.lips.append(faces.lip_landmark_distance(mesh_a, mesh_b))
    if identity and frame % faces.IDENTITY_EVERY == 0:
        code_a, code_b = identity(a), identity(b)
        if code_a is not None and code_b is not None:
            sums.identity.append(faces.cosine(code_a, code_b))


def _report(sums: _Sums, frames: int, compared: bool, has_landmarks: bool, has_identity: bool) -> VideoReport:
    measures = [VideoMeasure("CPBD, 1 is sharp", _mean(sums.sharpness), 3, CPBD_SOURCE)]
    left_out: dict[str, str] = {}
    if not compared:
        names = ("PSNR", "SSIM", "landmark distance", "CSIM")
        return VideoReport(frames, measures, dict.fromkeys(names, _NEEDS_REFERENCE))
    measures += [
        VideoMeasure("CPBD of the reference", _mean(sums.reference_sharpness), 3, "the same"),
        VideoMeasure("PSNR, dB", psnr_db(_mean(sums.errors)), 2, PSNR_SOURCE),
        VideoMeasure("SSIM", _mean(sums.likeness), 4, SSIM_SOURCE),
    ]
    if not has_landmarks:
        left_out["landmark distance"] = faces.NO_LANDMARKS
    elif not sums.landmarks:
        left_out["landmark distance"] = "no frame shows a face in both videos"
    else:
        measures.append(VideoMeasure("landmark distance", _mean(sums.landmarks), 4, faces.LANDMARK_SOURCE))
        measures.append(VideoMeasure("lip landmark distance", _mean(sums.lips), 4, faces.LIP_LANDMARK_SOURCE))
        if sums.faceless:
            left_out[f"landmarks of {sums.faceless} frames"] = "no face was found in one of the videos"
    if not has_identity:
        left_out["CSIM"] = faces.NO_IDENTITY
    elif not sums.identity:
        left_out["CSIM"] = "no frame shows a face in both videos"
    else:
        measures.append(VideoMeasure("CSIM", _mean(sums.identity), 3, faces.CSIM_SOURCE))
    return VideoReport(frames, measures, left_out)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


class _Frames:
    """The pictures of a video file; opened to look at its size and rate, and again to read it."""

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        if os.path.isdir(path):
            raise UserError(f"{path}: is a folder; name a video in it")
        try:
            with (
                path.open("rb") as file,
                av.open(file, "r", options={"protocol_whitelist": "none"}) as container,
            ):
                if not container.streams.video:
                    raise UserError(f"{path}: has no pictures; give a video")
                stream = container.streams.video[0]
                self.size = (stream.codec_context.width, stream.codec_context.height)
                self.fps = float(stream.average_rate or 0)
                self.count = stream.frames or None
        except FileNotFoundError:
            raise UserError(f"{path}: no such video; check the name") from None
        except (av.FFmpegError, ValueError, OSError):
            raise UserError(f"{path}: not a video that can be read, or cut off; export it as MP4") from None
        if min(self.size) < SMALLEST_PX:
            raise UserError(
                f"{path}: is {self.size[0]} x {self.size[1]}; at least {SMALLEST_PX} pixels are needed"
            )

    def __iter__(self) -> Iterator[np.ndarray]:
        import av

        try:
            with (
                self.path.open("rb") as file,
                av.open(file, "r", options={"protocol_whitelist": "none"}) as container,
            ):
                for frame in container.decode(video=0):
                    yield frame.to_ndarray(format="rgb24")
        except (av.FFmpegError, ValueError) as error:
            raise UserError(f"{self.path}: breaks off ({error}); export it again") from None


def _check_comparable(ours: _Frames, theirs: _Frames) -> None:
    if ours.size != theirs.size:
        a, b = (f"{w} x {h}" for w, h in (ours.size, theirs.size))
        raise UserError(
            f"{ours.path}: is {a} and its reference {theirs.path} {b}; scale one to the other's size"
        )
    if abs(ours.fps - theirs.fps) > 0.01:
        raise UserError(
            f"{ours.path}: has {ours.fps:g} frames/s and its reference {theirs.path} {theirs.fps:g}; "
            "convert one to the other's rate"
        )


def _pairs(ours: _Frames, theirs: _Frames | None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    if theirs is None:
        yield from ((picture, None) for picture in ours)
        return
    beyond = 0
    for a, b in zip_longest(ours, theirs):
        if a is None or b is None:
            beyond += 1
            if beyond > MOST_FRAMES_APART:
                raise UserError(
                    f"{ours.path}: is not as long as its reference {theirs.path}; cut both to match"
                )
            continue
        yield a, b
