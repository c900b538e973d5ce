"""A lip reader that looks at pictures: the one the mesh reader is measured against.

Trained in the same time it knows less, and reading through it costs some hundred times as much, so ExpNet's loss
takes `LipReader`; the numbers are in the docstring of `readercomparison`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import gelu

from sadtalker3d.train.lipframes import PHONES


@dataclass(frozen=True)
class PictureReaderConfig:
    """A picture halves four times, 88 -> 44 -> 22 -> 11 -> 6; then time as in `ReaderConfig`."""

    planes: tuple[int, ...] = (12, 24, 40, 56)
    channels: int = 96
    dilations: tuple[int, ...] = (1, 2, 3, 3)


class PictureReader(nn.Module):
    """(B, T, 88, 88) grey -> (B, T, phones) scores."""

    def __init__(self, config: PictureReaderConfig | None = None) -> None:
        super().__init__()
        config = config or PictureReaderConfig()
        layers: list[nn.Module] = []
        for before, after in zip((1, *config.planes), config.planes, strict=False):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.looks = nn.Sequential(*layers, nn.Flatten(), nn.Linear(36 * config.planes[-1], config.channels))
        width = config.channels
        self.first = nn.Conv1d(width, width, 5, padding=2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in config.dilations
        )
        self.mixed = nn.Conv1d(width, width, 1)
        self.named = nn.Conv1d(width, len(PHONES), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        batch = len(pictures)
        even = pictures - pictures.mean((2, 3), keepdim=True)  # how bright the room is says nothing
        x = self.looks(4 * even.flatten(0, 1)[:, None])  # (B T, channels)
        x = gelu(self.first(gelu(x).unflatten(0, (batch, -1)).transpose(1, 2)))  # (B, channels, T)
        for block in self.blocks:
            x = x + gelu(block(x))
        return self.named(gelu(self.mixed(x))).transpose(1, 2)
