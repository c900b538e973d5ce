"""TemporalExpNet: ExpNet's task with its neighbours in view. The embedded weights are this network's.

ExpNet answers for each frame from 0.2 s of sound, so that a held vowel trembles and lips cannot prepare.
Here a small encoder hears each frame's window and dilated convolutions over time put the frames together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sadtalker3d.mel import BANDS, WINDOW_COLUMNS


@dataclass(frozen=True)
class TemporalExpNetConfig:
    """Sizes of TemporalExpNet.

    A window ends 120 ms after its frame begins. To look ahead no further than 80 ms from the middle of the
    frame, the half-width of the spectrum's own window (25 ms) included, a live network hears the first 13
    columns alone, and its convolutions look back only.
    """

    columns: int = WINDOW_COLUMNS
    live: bool = False
    filters: tuple[int, int, int] = (
        48,
        96,
        128,
    )  # over the bands; a throat's length shifts a vowel along them
    channels: int = 256
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)  # of three frames each: 30 frames to either side
    coefficients: int = 64
    blink_ratios: int = 1


FILE = TemporalExpNetConfig()
LIVE = TemporalExpNetConfig(columns=13, live=True, dilations=(1, 2, 4, 8, 1, 2, 4))


class TemporalExpNet(nn.Module):
    """Mel windows of consecutive frames -> expression coefficients of these frames."""

    def __init__(self, config: TemporalExpNetConfig = FILE) -> None:
        super().__init__()
        self.config = config
        back = sum(config.dilations)
        self.reach = (2 * back, 0) if config.live else (back, back)
        a, b, c = config.filters
        self.hearing = nn.Sequential(  # (N, columns, 80)
            nn.Conv1d(config.columns, a, 7, stride=2, padding=3), nn.BatchNorm1d(a), nn.ReLU(),  # (N, a, 40)
            nn.Conv1d(a, b, 5, stride=2, padding=2), nn.BatchNorm1d(b), nn.ReLU(),  # (N, b, 20)
            nn.Conv1d(b, c, 3, stride=2, padding=1), nn.BatchNorm1d(c), nn.ReLU(),  # (N, c, 10)
        )  # fmt: skip
        self.gathering = nn.Linear(c * BANDS // 8, config.channels)
        self.context = nn.ModuleList(
            TemporalBlock(config.channels, dilation, config.live) for dilation in config.dilations
        )
        self.mapping = nn.Linear(
            config.channels + config.coefficients + config.blink_ratios, config.coefficients
        )

    def forward(self, windows: Tensor, reference: Tensor, blink_ratio: Tensor) -> Tensor:
        """Absolute expression coefficients (B, T, 64).

        windows : (B, T, 1, 80, 16) mel windows of consecutive frames, see `sadtalker3d.mel.frame_windows`
        reference : (B, T, 64) expression of the face at rest
        blink_ratio : (B, T, 1), 0 open, 1 closed
        """
        heard = self.embedding(windows)  # (B, T, channels)
        return self.mapping(torch.cat([heard, reference, blink_ratio], dim=2))  # (B, T, 64)

    def said(self, windows: Tensor) -> Tensor:
        """Expression from a face at rest with open lids: (T, 1, 80, 16) -> (T, 64)."""
        frames, sizes = len(windows), self.config
        reference = windows.new_zeros(1, frames, sizes.coefficients)
        return self(windows[None], reference, windows.new_zeros(1, frames, sizes.blink_ratios))[0]

    def embedding(self, windows: Tensor) -> Tensor:
        """What is heard in each frame, its neighbours in mind: (B, T, 1, 80, 16) -> (B, T, channels)."""
        x = self.encoded(windows).transpose(1, 2)  # (B, channels, T)
        for block in self.context:
            x = block(x)
        return functional.relu(x).transpose(1, 2)

    def encoded(self, windows: Tensor) -> Tensor:
        """What is heard in each frame by itself: (B, T, 1, 80, 16) -> (B, T, channels)."""
        batch, frames = windows.shape[:2]
        columns = windows[..., : self.config.columns].flatten(0, 2).transpose(1, 2)  # (B T, columns, 80)
        bands = self.hearing(columns)  # (B T, c, 10)
        return self.gathering(bands.flatten(1)).unflatten(0, (batch, frames))


class LiveExpNet(TemporalExpNet):
    """The network for sound that is still being spoken."""

    def __init__(self) -> None:
        super().__init__(LIVE)


class TemporalBlock(nn.Module):
    """A residual of two convolutions, the first over three frames that lie `dilation` apart."""

    def __init__(self, channels: int, dilation: int, live: bool) -> None:
        super().__init__()
        self.reach = (2 * dilation, 0) if live else (dilation, dilation)
        self.norm = nn.BatchNorm1d(channels)
        self.over_time = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.mixed_norm = nn.BatchNorm1d(channels)
        self.mixed = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, T) -> (B, channels, T)"""
        y = functional.pad(functional.relu(self.norm(x)), self.reach)
        y = functional.relu(self.mixed_norm(self.over_time(y)))
        return x + self.mixed(y)
