"""KPDetector: a portrait -> 15 canonical 3D keypoints, found without supervision (SadTalker's kp_extractor)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.blocks import DownBlock2d, UpBlock3d
from sadtalker3d.render.facevid2vid.grid import coordinate_grid
from sadtalker3d.render.facevid2vid.mapping import KEYPOINTS


@dataclass(frozen=True)
class KeypointConfig:
    """Sizes of the keypoint detector; the defaults are those of the official checkpoint."""

    shrink: int = 4  # the picture is looked at at a quarter of its size
    keypoints: int = KEYPOINTS
    down: tuple[int, ...] = (64, 128, 256, 512, 1024)
    depth: int = 16
    up: tuple[int, ...] = (512, 256, 128, 64, 32)
    temperature: float = 0.1


class KeypointDetector(nn.Module):
    """Upstream's architecture and state-dict keys, so that its checkpoint loads with `strict=True`."""

    def __init__(self, config: KeypointConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or KeypointConfig()
        self.predictor = KeypointHourglass(config)
        self.kp = nn.Conv3d(config.up[-1], config.keypoints, 3, padding=1)
        self.down = AntiAliasedShrink(config.shrink)

    def forward(self, picture: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in 0..1, H and W multiples of 128 -> keypoints (B, 15, 3) in -1..1."""
        logits = self.kp(self.predictor(self.down(picture)))  # (B, 15, 16, H/4, W/4)
        heat = (logits.flatten(2) / self.config.temperature).softmax(2).view_as(logits)
        grid = coordinate_grid(logits.shape[2:], heat)  # (16, H/4, W/4, 3)
        # summed as upstream does it: a matrix product adds up in another order and is 5e-5 away
        return (heat[..., None] * grid).sum((2, 3, 4))


class KeypointHourglass(nn.Module):
    """Features of a volume from a picture. (B, 3, H, W) -> (B, 32, 16, H, W)"""

    def __init__(self, config: KeypointConfig) -> None:
        super().__init__()
        widths = (3, *config.down)
        self.down_blocks = nn.Sequential(
            OrderedDict((f"down{i}", DownBlock2d(*pair)) for i, pair in enumerate(pairwise(widths)))
        )
        self.conv = nn.Conv2d(config.down[-1], config.down[-1] * config.depth, 1)
        widths = (config.down[-1], *config.up)
        self.up_blocks = nn.Sequential(
            OrderedDict((f"up{i}", UpBlock3d(*pair)) for i, pair in enumerate(pairwise(widths)))
        )
        self.depth = config.depth

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(self.down_blocks(x))  # (B, 1024*16, H/32, W/32)
        return self.up_blocks(y.unflatten(1, (-1, self.depth)))


class AntiAliasedShrink(nn.Module):
    """Every `factor`-th pixel of the blurred picture. (B, 3, H, W) -> (B, 3, H/factor, W/factor)"""

    weight: Tensor

    def __init__(self, factor: int, channels: int = 3) -> None:
        super().__init__()
        self.factor = factor
        sigma = (factor - 1) / 2
        self.reach = round(4 * sigma)
        offsets = torch.arange(-self.reach, self.reach + 1, dtype=torch.float32)
        bell = torch.exp(-offsets.square() / (2 * sigma**2))
        kernel = bell[:, None] * bell
        self.register_buffer("weight", (kernel / kernel.sum()).expand(channels, 1, -1, -1).clone())

    def forward(self, x: Tensor) -> Tensor:
        # a stride gives the pixels that upstream picks from the blurred picture
        return F.conv2d(x, self.weight, padding=self.reach, stride=self.factor, groups=len(self.weight))
