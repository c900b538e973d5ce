"""Dense motion: where every cell of a frame's volume comes from in the portrait's, and what is hidden there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.blocks import DownBlock3d, UpBlock3d
from sadtalker3d.render.facevid2vid.grid import coordinate_grid, gaussians
from sadtalker3d.render.facevid2vid.mapping import KEYPOINTS


@dataclass(frozen=True)
class DenseMotionConfig:
    """Sizes of the dense motion network; the defaults are those of the official checkpoint."""

    keypoints: int = KEYPOINTS
    channels: int = 32  # of the feature volume
    depth: int = 16
    compressed: int = 4  # channels that are enough to see what moves where
    down: tuple[int, ...] = (64, 128, 256, 512, 1024)
    up: tuple[int, ...] = (512, 256, 128, 64, 32)
    smallest_mask: float = 1e-3  # less is nothing; the rest is not scaled up, as upstream

    @property
    def candidates(self) -> int:
        """Motions to choose from: one a keypoint, and the background's, which is none."""
        return self.keypoints + 1

    @property
    def inputs(self) -> int:
        """Channels of the hourglass: a heat map and the moved features for every candidate."""
        return self.candidates * (1 + self.compressed)


class DenseMotion(nn.Module):
    """Upstream's architecture and state-dict keys; a part of `Generator`."""

    def __init__(self, config: DenseMotionConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DenseMotionConfig()
        self.hourglass = Hourglass(config)
        width = config.up[-1] + config.inputs  # 112
        self.mask = nn.Conv3d(width, config.candidates, 7, padding=3)
        self.compress = nn.Conv3d(config.channels, config.compressed, 1)
        self.norm = nn.BatchNorm3d(config.compressed)
        self.occlusion = nn.Conv2d(width * config.depth, 1, 7, padding=3)

    def compressed(self, features: Tensor) -> Tensor:
        """The part of the portrait's features that motion is judged by: (B, 32, D, H, W) -> (B, 4, D, H, W)."""
        return F.relu(self.norm(self.compress(features)))

    def forward(self, compressed: Tensor, kp_driving: Tensor, kp_source: Tensor) -> tuple[Tensor, Tensor]:
        """Deformation (B, D, H, W, 3) for `grid_sample`, and visibility (B, 1, H, W) in 0..1.

        compressed : (B, 4, D, H, W) from `compressed`
        kp_driving, kp_source : (B, 15, 3) keypoints of the frame and of the portrait
        """
        grid = coordinate_grid(compressed.shape[2:], compressed)
        motions = self.candidate_motions(grid, kp_driving, kp_source)  # (B, 16, D, H, W, 3)
        moved = self.moved_features(compressed, motions)  # (B, 16, 4, D, H, W)
        heat = self.heat_maps(grid, kp_driving, kp_source)  # (B, 16, D, H, W)
        y = self.hourglass(torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2))  # (B, 112, D, H, W)
        return self.chosen(self.mask(y), motions), self.occlusion(y.flatten(1, 2)).sigmoid()

    def chosen(self, logits: Tensor, motions: Tensor) -> Tensor:
        """The candidates' mean, weighted by logits (B, 16, D, H, W): (B, D, H, W, 3)."""
        mask = logits.softmax(1)
        mask = mask * (mask >= self.config.smallest_mask)
        return torch.einsum("bkdhw,bkdhwc->bdhwc", mask, motions)

    def candidate_motions(self, grid: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Tensor:
        """Where each cell comes from if it moves like one keypoint; first the background, which stays."""
        shift = F.pad(kp_source - kp_driving, (0, 0, 1, 0))  # (B, 16, 3)
        return grid + shift[:, :, None, None, None]

    def moved_features(self, compressed: Tensor, motions: Tensor) -> Tensor:
        """Features moved by every candidate: (B, 4, D, H, W), (B, 16, D, H, W, 3) -> (B, 16, 4, D, H, W).

        `align_corners=False` though the grid has its ends at the cells' centres: the weights depend on it.
        """
        batch, count = motions.shape[:2]
        repeated = compressed[:, None].expand(-1, count, -1, -1, -1, -1).flatten(0, 1)
        moved = F.grid_sample(repeated, motions.flatten(0, 1), align_corners=False)
        return moved.unflatten(0, (batch, count))

    def heat_maps(self, grid: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Tensor:
        """Where keypoints come to minus where they were, (B, 16, D, H, W); zero for the background."""
        heat = gaussians(kp_driving, grid) - gaussians(kp_source, grid)
        return F.pad(heat, (0, 0) * 3 + (1, 0))


class Hourglass(nn.Module):
    """Down to 1/32 and up again with the finer levels beside. (B, 80, D, H, W) -> (B, 112, D, H, W)"""

    def __init__(self, config: DenseMotionConfig) -> None:
        super().__init__()
        self.encoder = HourglassEncoder(config)
        self.decoder = HourglassDecoder(config)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class HourglassEncoder(nn.Module):
    def __init__(self, config: DenseMotionConfig) -> None:
        super().__init__()
        widths = (config.inputs, *config.down)
        self.down_blocks = nn.ModuleList(DownBlock3d(*p) for p in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class HourglassDecoder(nn.Module):
    def __init__(self, config: DenseMotionConfig) -> None:
        super().__init__()
        beside = (0, *config.down[-2::-1])  # widths of the levels that come in from the encoder
        below = (config.down[-1], *config.up)
        self.up_blocks = nn.ModuleList(
            UpBlock3d(below[i] + beside[i], config.up[i]) for i in range(len(config.up))
        )
        width = config.up[-1] + config.inputs
        self.conv = nn.Conv3d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm3d(width)

    def forward(self, levels: list[Tensor]) -> Tensor:
        y = levels[-1]
        for block, level in zip(self.up_blocks, levels[-2::-1], strict=True):
            y = torch.cat([block(y), level], dim=1)
        return F.relu(self.norm(self.conv(y)))
