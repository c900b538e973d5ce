"""What MappingNet learns from: coefficients round a frame, and the keypoints that frozen networks see in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimator
from sadtalker3d.render.facevid2vid.head_pose import moved_keypoints
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingNet
from sadtalker3d.render.facevid2vid.windows import window
from sadtalker3d.train.framepairs import pictures
from sadtalker3d.train.videoframes import VideoFrames

LOOKED_AT_ONCE = 16  # frames


@dataclass(frozen=True)
class Lesson:
    """One video. The first `learnt` frames are for training."""

    coefficients: np.ndarray  # (T, 70)
    canonical: Tensor  # (S, 15, 3) keypoints of some source frames
    moved: Tensor  # (S, T, 15, 3) these, as the head of every frame moves them
    learnt: int


@dataclass(frozen=True)
class Windows:
    """A batch: windows (B, 70, 27), and what the keypoints (B, 15, 3) shall become."""

    coefficients: Tensor
    canonical: Tensor
    moved: Tensor


@torch.inference_mode()
def lesson_of(
    video: VideoFrames,
    coefficients: np.ndarray,
    keypoints: KeypointDetector,
    head: HeadEstimator,
    sources: int,
) -> Lesson:
    """Look through the frozen networks once, at every frame of a video; they are in eval mode.

    sources : frames, evenly taken from those that are learnt, whose canonical keypoints are moved
    """
    device = next(head.parameters()).device
    chosen = np.linspace(0, video.learnt - 1, sources).astype(int)
    canonical = keypoints(pictures([video[frame] for frame in chosen]).to(device))  # (S, 15, 3)
    moved = []
    for start in range(0, len(video), LOOKED_AT_ONCE):
        frames = range(start, min(start + LOOKED_AT_ONCE, len(video)))
        motion = head(pictures([video[frame] for frame in frames]).to(device))
        moved.append(
            torch.stack([moved_keypoints(one.expand(len(frames), -1, -1), motion) for one in canonical])
        )
    return Lesson(coefficients, canonical.cpu(), torch.cat(moved, dim=1).cpu(), video.learnt)


def draw(lessons: Sequence[Lesson], count: int, numbers: tuple[int, ...]) -> Windows:
    """Windows of frames that are learnt; `numbers` (seed, step, process) alone say which."""
    rng = np.random.default_rng(numbers)
    chosen = []
    for number in rng.integers(len(lessons), size=count):
        lesson = lessons[number]
        chosen.append(_of(lesson, rng.integers(len(lesson.canonical)), rng.integers(lesson.learnt, size=1)))
    return _together(chosen)


def held_out(lessons: Sequence[Lesson]) -> Windows:
    """All windows of the held-out frames, moving the first source frame's keypoints."""
    return _together([_of(lesson, 0, np.arange(lesson.learnt, lesson.moved.shape[1])) for lesson in lessons])


def keypoint_error(net: MappingNet, windows: Windows) -> Tensor:
    """Mean absolute difference of the keypoints that MappingNet moves from those of the head estimator."""
    device = next(net.parameters()).device
    motion = net(windows.coefficients.to(device))
    return (moved_keypoints(windows.canonical.to(device), motion) - windows.moved.to(device)).abs().mean()


def _of(lesson: Lesson, source: int, frames: np.ndarray) -> Windows:
    canonical = lesson.canonical[source].expand(len(frames), -1, -1)
    return Windows(
        torch.from_numpy(window(lesson.coefficients, frames)), canonical, lesson.moved[source, frames]
    )


def _together(windows: Sequence[Windows]) -> Windows:
    return Windows(
        *(
            torch.cat([getattr(one, name) for one in windows])
            for name in ("coefficients", "canonical", "moved")
        )
    )
