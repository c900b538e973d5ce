"""The coefficient regressor: a face cut to 224 x 224 -> 257 coefficients of the Basel model (face_3drecon)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class RegressorConfig:
    """Sizes of the regressor; the defaults are those of the official checkpoint."""

    layers: tuple[int, ...] = (3, 4, 6, 3)  # ResNet-50
    heads: tuple[int, ...] = (80, 64, 80, 3, 27, 2, 1)
    """identity, expression, texture, angles (rad), light, translation in x and y, and in z"""


class CoefficientRegressor(nn.Module):
    """Upstream's architecture and state-dict keys, so that its checkpoint loads with `strict=True`."""

    def __init__(self, config: RegressorConfig | None = None) -> None:
        super().__init__()
        config = config or RegressorConfig()
        self.backbone = ResNet(config.layers)
        self.final_layers = nn.ModuleList(nn.Conv2d(self.backbone.outputs, n, 1) for n in config.heads)

    def forward(self, faces: Tensor) -> Tensor:
        """Faces (B, 3, 224, 224), RGB in 0..1, aligned by their landmarks -> coefficients (B, 257)."""
        features = self.backbone(faces)  # (B, 2048, 1, 1)
        return torch.cat([head(features) for head in self.final_layers], dim=1).flatten(1)


class ResNet(nn.Module):
    """ResNet v1.5 with the usual names. (B, 3, H, W) -> (B, 2048, 1, 1)"""

    def __init__(self, layers: tuple[int, ...]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs, self.levels = 64, len(layers)
        for level, blocks in enumerate(layers):
            width = 64 << level
            chain = nn.Sequential()
            for i in range(blocks):
                chain.append(Bottleneck(inputs, width, stride=2 if level and not i else 1))
                inputs = width * Bottleneck.expansion
            self.add_module(f"layer{level + 1}", chain)
        self.outputs = inputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))  # (B, 64, H/2, W/2)
        y = F.max_pool2d(y, 3, stride=2, padding=1)  # (B, 64, H/4, W/4)
        for level in range(self.levels):
            y = self.get_submodule(f"layer{level + 1}")(y)  # (B, 256 << level, H/4 >> level, ...)
        return F.adaptive_avg_pool2d(y, 1)


class Bottleneck(nn.Module):
    """1x1 to a narrow width, 3x3 there, 1x1 back to four times as much, and the input added."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                OrderedDict([
                    ("0", nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)),
                    ("1", nn.BatchNorm2d(outputs)),
                ])
            )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))
