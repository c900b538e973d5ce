"""The SPADE decoder: a map of features -> a picture of four times its size."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

LEAK = 0.2


@dataclass(frozen=True)
class SpadeConfig:
    """Sizes of the decoder; the defaults are those of the official checkpoint."""

    features: int = 256
    width: int = 512
    middle_blocks: int = 6
    up: tuple[int, int] = (256, 64)
    shared: int = 128  # channels between the features and the scales and shifts made of them


class SpadeDecoder(nn.Module):
    """(B, 256, H, W) -> (B, 3, 4H, 4W) in 0..1"""

    def __init__(self, config: SpadeConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SpadeConfig()
        self.fc = nn.Conv2d(config.features, config.width, 3, padding=1)
        for i in range(config.middle_blocks):
            self.add_module(f"G_middle_{i}", SpadeBlock(config.width, config.width, config))
        self.up_0 = SpadeBlock(config.width, config.up[0], config)
        self.up_1 = SpadeBlock(config.up[0], config.up[1], config)
        self.conv_img = nn.Conv2d(config.up[1], 3, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        x = self.fc(features)  # (B, 512, H, W)
        for i in range(self.config.middle_blocks):
            x = self.get_submodule(f"G_middle_{i}")(x, features)
        x = self.up_0(F.interpolate(x, scale_factor=2), features)  # (B, 256, 2H, 2W)
        x = self.up_1(F.interpolate(x, scale_factor=2), features)  # (B, 64, 4H, 4W)
        return self.conv_img(F.leaky_relu(x, LEAK)).sigmoid()


class SpadeBlock(nn.Module):
    """Two convolutions, each of what `Spade` makes of its input. (B, inputs, H, W) -> (B, outputs, H, W)"""

    def __init__(self, inputs: int, outputs: int, config: SpadeConfig) -> None:
        super().__init__()
        between = min(inputs, outputs)
        # the older spectral norm, because its keys are the checkpoint's
        self.conv_0 = spectral_norm(nn.Conv2d(inputs, between, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(between, outputs, 3, padding=1))
        self.norm_0 = Spade(inputs, config)
        self.norm_1 = Spade(between, config)
        self.shortcut = inputs != outputs
        if self.shortcut:
            self.conv_s = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.norm_s = Spade(inputs, config)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        y = self.conv_0(F.leaky_relu(self.norm_0(x, features), LEAK))
        y = self.conv_1(F.leaky_relu(self.norm_1(y, features), LEAK))
        return y + (self.conv_s(self.norm_s(x, features)) if self.shortcut else x)


class Spade(nn.Module):
    """Instance norm, then a scale and a shift that the features give for every pixel."""

    def __init__(self, channels: int, config: SpadeConfig) -> None:
        super().__init__()
        self.param_free_norm = nn.InstanceNorm2d(channels)
        self.mlp_shared = nn.Sequential(nn.Conv2d(config.features, config.shared, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(config.shared, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(config.shared, channels, 3, padding=1)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        shared = self.mlp_shared(F.interpolate(features, x.shape[2:]))  # (B, 128, H, W)
        return self.param_free_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)
