"""The generator: a portrait, its keypoints and a frame's -> the frame (OcclusionAwareSPADEGenerator)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.blocks import ConvBlock2d, DownBlock2d, ResBlock3d
from sadtalker3d.render.facevid2vid.dense_motion import DenseMotion, DenseMotionConfig
from sadtalker3d.render.facevid2vid.spade import SpadeConfig, SpadeDecoder


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator; the defaults are those of the official checkpoints, 256 and 512 alike."""

    first: int = 64
    down: tuple[int, ...] = (128, 256)
    resblocks: int = 6
    motion: DenseMotionConfig = field(default_factory=DenseMotionConfig)
    spade: SpadeConfig = field(default_factory=SpadeConfig)

    @property
    def flat(self) -> int:
        """The feature volume's channels and depth as one."""
        return self.motion.channels * self.motion.depth


class Generator(nn.Module):
    """Upstream's architecture and state-dict keys, so that its checkpoints load with `strict=True`.

    The portrait is encoded once (`encode`); `frame` then needs only keypoints.
    """

    def __init__(self, config: GeneratorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or GeneratorConfig()
        self.dense_motion_network = DenseMotion(config.motion)
        widths = (config.first, *config.down)
        self.first = ConvBlock2d(3, config.first)
        self.down_blocks = nn.ModuleList(DownBlock2d(*p) for p in pairwise(widths))
        self.second = nn.Conv2d(widths[-1], config.flat, 1)
        self.resblocks_3d = nn.Sequential(
            OrderedDict((f"3dr{i}", ResBlock3d(config.motion.channels)) for i in range(config.resblocks))
        )
        self.third = ConvBlock2d(config.flat, config.spade.features, leak=0.01)
        self.fourth = nn.Conv2d(config.spade.features, config.spade.features, 1)
        self.decoder = SpadeDecoder(config.spade)

    def forward(self, portrait: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Tensor:
        """Frames (B, 3, H, W) in 0..1 of portraits of that shape; keypoints (B, 15, 3)."""
        return self.frame(self.encode(portrait), kp_driving, kp_source)

    def encode(self, portrait: Tensor) -> Tensor:
        """The portrait as a volume of features: (B, 3, H, W) in 0..1 -> (B, 32, 16, H/4, W/4)."""
        y = self.first(portrait)  # (B, 64, H, W)
        for block in self.down_blocks:
            y = block(y)  # (B, 128, H/2, W/2), (B, 256, H/4, W/4)
        volume = self.second(y).unflatten(1, (self.config.motion.channels, self.config.motion.depth))
        return self.resblocks_3d(volume)

    def frame(self, volume: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Tensor:
        """The frame of an encoded portrait."""
        motion = self.dense_motion_network
        deformation, visible = motion(motion.compressed(volume), kp_driving, kp_source)
        return self.decoder(self.flattened(self.warped(volume, deformation)) * visible)

    def warped(self, volume: Tensor, deformation: Tensor) -> Tensor:
        """The volume as the frame has it, (B, 32, 16, H/4, W/4); see `DenseMotion.moved_features`."""
        return F.grid_sample(volume, deformation, align_corners=False)

    def flattened(self, volume: Tensor) -> Tensor:
        """(B, 32, 16, H/4, W/4) -> (B, 256, H/4, W/4)"""
        return self.fourth(self.third(volume.flatten(1, 2)))
