"""The judge of the renderer's pictures: every patch, at two sizes, real or made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Sizes of face-vid2vid's patch discriminator."""

    channels: tuple[int, ...] = (64, 128, 256, 512)
    scales: int = 2  # the picture, and half of it
    leak: float = 0.2

    def narrow(self, width: float) -> DiscriminatorConfig:
        """The share `width` of the channels."""
        return DiscriminatorConfig(
            tuple(max(8, round(c * width)) for c in self.channels), self.scales, self.leak
        )


class Judged(NamedTuple):
    """What one scale says."""

    scores: Tensor  # (B, 1, h, w)
    features: list[Tensor]  # of every layer below


class Discriminator(nn.Module):
    """Patch discriminators with spectral norm, one a scale."""

    def __init__(self, config: DiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DiscriminatorConfig()
        self.scales = nn.ModuleList(PatchDiscriminator(config) for _ in range(config.scales))

    def forward(self, picture: Tensor) -> list[Judged]:
        """Pictures (B, 3, H, W) in 0..1 -> for every scale the patches' scores and the features below them."""
        judged = []
        for judge in self.scales:
            judged.append(judge(picture))
            picture = F.avg_pool2d(picture, 2)
        return judged


class PatchDiscriminator(nn.Module):
    """(B, 3, H, W) -> (B, 1, h, w) scores and the features of every layer"""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.leak = config.leak
        layers = []
        for i, (before, after) in enumerate(pairwise((3, *config.channels))):
            # the last layer keeps the size, and the first has no norm: it sees the colours as they are
            convolution = nn.Conv2d(
                before, after, 4, stride=2 if i < len(config.channels) - 1 else 1, padding=1
            )
            norm = nn.InstanceNorm2d(after, affine=True) if i else nn.Identity()
            layers.append(nn.Sequential(spectral_norm(convolution), norm))
        self.layers = nn.ModuleList(layers)
        self.score = spectral_norm(nn.Conv2d(config.channels[-1], 1, 1))

    def forward(self, x: Tensor) -> Judged:
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), self.leak)
            features.append(x)
        return Judged(self.score(x), features)


def judge_loss(real: list[Judged], made: list[Judged]) -> Tensor:
    """Hinge loss of the discriminator: real patches above 1, made ones below -1; mean over scales."""
    losses = [
        F.relu(1 - score).mean() + F.relu(1 + other).mean()
        for (score, _), (other, _) in zip(real, made, strict=True)
    ]
    return sum(losses[1:], losses[0]) / len(losses)


def deceive_loss(made: list[Judged]) -> Tensor:
    """What the generator wants of its judge: high scores."""
    losses = [-score.mean() for score, _ in made]
    return sum(losses[1:], losses[0]) / len(losses)


def feature_loss(real: list[Judged], made: list[Judged]) -> Tensor:
    """Mean absolute difference of the judge's features of real and made pictures, mean over layers and scales."""
    losses = [
        (theirs.detach() - ours).abs().mean()
        for (_, wanted), (_, got) in zip(real, made, strict=True)
        for theirs, ours in zip(wanted, got, strict=True)
    ]
    return sum(losses[1:], losses[0]) / len(losses)
