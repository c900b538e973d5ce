"""Pairs of frames of one video: the source is animated, the driving frame is what shall come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.train.videoframes import VideoFrames

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Pair:
    """B pairs; pictures are (B, 3, S, S) in 0..1."""

    source: Tensor
    driving: Tensor
    angles_deg: Tensor | None = None
    """(B, 3) the driving head's yaw, pitch and roll, where a teacher gave them."""


class Pairs:
    """Draws pairs from the frames that are not held out.

    angles_deg : for each video (T, 3), or None without a teacher of the head's pose
    """

    def __init__(
        self, videos: Sequence[VideoFrames], angles_deg: Sequence[np.ndarray] | None = None, *, seed: int = 0
    ) -> None:
        self.videos, self.angles_deg, self.seed = videos, angles_deg, seed

    def draw(self, count: int, step: int, rank: int = 0) -> Pair:
        """The pairs of a step: drawn from the seed, the step and the process alone, so a run can be resumed."""
        import torch

        rng = np.random.default_rng((self.seed, step, rank))
        sources, drivings, angles = [], [], []
        for number in rng.integers(len(self.videos), size=count):
            video = self.videos[number]
            source, driving = rng.choice(video.learnt, 2, replace=False)
            sources.append(video[source])
            drivings.append(video[driving])
            if self.angles_deg is not None:
                angles.append(self.angles_deg[number][driving])
        wanted = None if self.angles_deg is None else torch.from_numpy(np.stack(angles))
        return Pair(pictures(sources), pictures(drivings), wanted)


def pictures(frames: Sequence[np.ndarray]) -> Tensor:
    """(S, S, 3) uint8 each -> (B, 3, S, S) float in 0..1."""
    import torch

    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous().float() / 255
