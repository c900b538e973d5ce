"""ExpNet: mel windows of speech -> expression coefficients, frame by frame (SadTalker's audio2exp)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sadtalker3d.motion.audio_encoder import EMBEDDING, AudioEncoder


@dataclass(frozen=True)
class ExpNetConfig:
    """Sizes of ExpNet; the defaults are those of the official checkpoint."""

    coefficients: int = 64
    blink_ratios: int = 1


class ExpNet(nn.Module):
    """Upstream's architecture and state-dict keys, so that its checkpoint loads with `strict=True`.

    There is no layer over time: a batch may hold any frames in any order.
    """

    reach = (0, 0)  # frames before and after that an answer depends on

    def __init__(self, config: ExpNetConfig | None = None) -> None:
        super().__init__()
        config = config or ExpNetConfig()
        self.audio_encoder = AudioEncoder()
        self.mapping1 = nn.Linear(EMBEDDING + config.coefficients + config.blink_ratios, config.coefficients)

    def forward(self, windows: Tensor, reference: Tensor, blink_ratio: Tensor) -> Tensor:
        """Absolute expression coefficients.

        windows : (N, 1, 80, 16) mel windows, see `sadtalker3d.audio.frame_windows`
        reference : (N, 64) expression of the face at rest
        blink_ratio : (N, 1), 0 open, 1 closed
        """
        audio = self.audio_encoder(windows)  # (N, 512)
        return self.mapping1(torch.cat([audio, reference, blink_ratio], dim=1))  # (N, 64)

    def said(self, windows: Tensor) -> Tensor:
        """Expression from a face at rest with open lids: (T, 1, 80, 16) -> (T, 64)."""
        frames = len(windows)
        return self(windows, windows.new_zeros(frames, 64), windows.new_zeros(frames, 1))
