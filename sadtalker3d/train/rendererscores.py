"""Held-out frames: how near the renderer comes to them, and what doing nothing would reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.evaluate.pictures import psnr_db, squared_error
from sadtalker3d.render.facevid2vid.animate import AnimatedPortrait, Networks, as_picture
from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimator
from sadtalker3d.render.facevid2vid.head_pose import moved_keypoints
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.train.framepairs import pictures
from sadtalker3d.train.videoframes import VideoFrames

MOST_FRAMES = 60  # of all videos together; more says no more


@dataclass(frozen=True)
class HeldOutScores:
    """PSNR over the held-out frames of all videos, in dB."""

    renderer_db: float
    static_db: float  # the first frame of the video, which the renderer animates
    mean_db: float  # the mean of the frames that were learnt: the best picture that does not move

    def line(self) -> str:
        return (
            f"held-out PSNR {self.renderer_db:.2f} dB; "
            f"the first frame {self.static_db:.2f}, the mean frame {self.mean_db:.2f}"
        )


def held_out_scores(
    videos: Sequence[VideoFrames], render: Callable[[int, list[int]], Iterator[np.ndarray]]
) -> HeldOutScores:
    """Measure a renderer on the end of every video.

    render : yields the frames (S, S, 3) uint8 of the given numbers of a video, from the video's first frame
    """
    errors: dict[str, list[float]] = {"renderer": [], "static": [], "mean": []}
    chosen = np.unique(np.linspace(0, len(videos) - 1, min(len(videos), MOST_FRAMES)).astype(int))
    for number in chosen.tolist():
        video = videos[number]
        frames = held_out_frames(video, MOST_FRAMES // len(chosen))
        first, mean = video[0], mean_frame(video)
        for frame, made in zip(frames, render(number, frames), strict=True):
            real = video[frame]
            for name, picture in (("renderer", made), ("static", first), ("mean", mean)):
                errors[name].append(squared_error(picture, real))
    return HeldOutScores(*(psnr_db(float(np.mean(values))) for values in errors.values()))


def held_out_frames(video: VideoFrames, most: int) -> list[int]:
    """Numbers of held-out frames, evenly taken."""
    frames = np.arange(video.learnt, len(video))
    chosen = np.linspace(0, len(frames) - 1, min(len(frames), max(1, most))).round().astype(int)
    return [int(frame) for frame in frames[chosen]]


def mean_frame(video: VideoFrames) -> np.ndarray:
    """The mean of at most 50 of the frames that are learnt, (S, S, 3) uint8."""
    chosen = np.linspace(0, video.learnt - 1, min(50, video.learnt)).astype(int)
    return np.mean([video[frame] for frame in chosen], axis=0).round().astype(np.uint8)


class SelfDriven:
    """The renderer driven by the real frame itself, through the head estimator. In eval mode."""

    def __init__(
        self,
        generator: Generator,
        keypoints: KeypointDetector,
        head: HeadEstimator,
        videos: Sequence[VideoFrames],
    ) -> None:
        self.generator, self.keypoints, self.head, self.videos = generator, keypoints, head, videos

    @torch.inference_mode()
    def __call__(self, number: int, frames: list[int]) -> Iterator[np.ndarray]:
        for net in (self.generator, self.keypoints, self.head):
            net.eval()
        video = self.videos[number]
        source = self._picture(video[0])
        canonical, volume = self.keypoints(source), self.generator.encode(source)
        kp_source = moved_keypoints(canonical, self.head(source))
        for frame in frames:
            kp_driving = moved_keypoints(canonical, self.head(self._picture(video[frame])))
            yield as_picture(self.generator.frame(volume, kp_driving, kp_source).cpu())

    def _picture(self, frame: np.ndarray) -> Tensor:
        return pictures([frame]).to(next(self.generator.parameters()).device)


class CoefficientDriven:
    """The renderer driven by coefficients alone, through MappingNet.

    coefficients : for each video (T, 70)
    """

    def __init__(
        self, networks: Networks, videos: Sequence[VideoFrames], coefficients: Sequence[np.ndarray]
    ) -> None:
        self.networks, self.videos, self.coefficients = networks, videos, coefficients

    def __call__(self, number: int, frames: list[int]) -> Iterator[np.ndarray]:
        rows = self.coefficients[number]
        portrait = AnimatedPortrait(self.networks, self.videos[number][0], rows[0])
        wanted = set(frames)
        for frame, keypoints in enumerate(portrait.driving_keypoints(rows)):
            if frame in wanted:
                yield as_picture(portrait.frame(keypoints[None]))
