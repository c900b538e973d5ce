"""HEEstimator: a frame -> how its head turns, shifts and speaks. Only training looks through it."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.mapping import BINS, KEYPOINTS, HeadMotion


@dataclass(frozen=True)
class HeadEstimatorConfig:
    """Sizes of the head estimator; the defaults are face-vid2vid's, a ResNet-50 (30.25 million numbers)."""

    first: int = 64
    stages: tuple[int, ...] = (256, 512, 1024, 2048)
    bottlenecks: tuple[int, ...] = (3, 3, 5, 2)  # of a stage, after the one that halves the picture


class HeadEstimator(nn.Module):
    """face-vid2vid's head pose and expression estimator, the teacher of `MappingNet`.

    Keys are upstream's as far as its description tells; its weights are in no file that is still offered, so
    nothing was compared with them. Upstream calls what `fc_roll` says the yaw and what `fc_yaw` says the roll;
    both are learnt here, so they are called what they are.
    """

    def __init__(self, config: HeadEstimatorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or HeadEstimatorConfig()
        self.conv1 = nn.Conv2d(3, config.first, 7, stride=2, padding=3)
        self.norm1 = nn.BatchNorm2d(config.first)
        before = config.first
        for stage, (channels, count) in enumerate(zip(config.stages, config.bottlenecks, strict=True)):
            self.add_module(f"conv{stage + 2}", nn.Conv2d(before, channels, 1))
            self.add_module(f"norm{stage + 2}", nn.BatchNorm2d(channels))
            if stage:  # the first stage works on the picture that max pooling has halved
                self.add_module(f"block{2 * stage}", Bottleneck(channels, halves=True))
            blocks = nn.Sequential()
            for i in range(count):
                blocks.add_module(f"b{2 * stage + 1}_{i}", Bottleneck(channels))
            self.add_module(f"block{2 * stage + 1}", blocks)
            before = channels
        self.fc_roll = nn.Linear(before, BINS)
        self.fc_pitch = nn.Linear(before, BINS)
        self.fc_yaw = nn.Linear(before, BINS)
        self.fc_t = nn.Linear(before, 3)
        self.fc_exp = nn.Linear(before, 3 * KEYPOINTS)

    def forward(self, picture: Tensor) -> HeadMotion:
        """Frames (B, 3, H, W) in 0..1 -> their motion."""
        y = F.relu(self.norm1(self.conv1(picture)))  # (B, 64, H/2, W/2)
        y = F.max_pool2d(y, 3, stride=2, padding=1)  # (B, 64, H/4, W/4)
        for stage in range(len(self.config.stages)):
            widen = self.get_submodule(f"conv{stage + 2}")
            y = F.relu(self.get_submodule(f"norm{stage + 2}")(widen(y)))
            if stage:
                y = self.get_submodule(f"block{2 * stage}")(y)
            y = self.get_submodule(f"block{2 * stage + 1}")(y)  # last (B, 2048, H/32, W/32)
        y = y.mean((2, 3))
        return HeadMotion(self.fc_yaw(y), self.fc_pitch(y), self.fc_roll(y), self.fc_t(y), self.fc_exp(y))


class Bottleneck(nn.Module):
    """ResNet's block. (B, C, H, W) -> the same, or with `halves` (B, C, H/2, W/2)"""

    def __init__(self, channels: int, *, halves: bool = False) -> None:
        super().__init__()
        inner, stride = channels // 4, 2 if halves else 1
        self.conv1 = nn.Conv2d(channels, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=stride, padding=1)
        self.conv3 = nn.Conv2d(inner, channels, 1)
        self.norm1 = nn.BatchNorm2d(inner)
        self.norm2 = nn.BatchNorm2d(inner)
        self.norm3 = nn.BatchNorm2d(channels)
        self.halves = halves
        if halves:
            self.skip = nn.Conv2d(channels, channels, 1, stride=2)
            self.norm4 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = F.relu(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        return F.relu(y + (self.norm4(self.skip(x)) if self.halves else x))
