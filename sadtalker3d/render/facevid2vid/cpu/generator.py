"""`Generator` on a CPU, see the package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.cpu import volumes
from sadtalker3d.render.facevid2vid.cpu.convolution import Convolution, empty_map
from sadtalker3d.render.facevid2vid.cpu.decoder import CpuDecoder
from sadtalker3d.render.facevid2vid.cpu.fold import bias_of, normed
from sadtalker3d.render.facevid2vid.cpu.motion import CpuMotion
from sadtalker3d.render.facevid2vid.cpu.strips import Strips
from sadtalker3d.render.facevid2vid.generator import Generator

ROWS_AT_ONCE = 8


@dataclass(frozen=True)
class EncodedPortrait:
    """What depends on the portrait alone."""

    volume: np.ndarray  # (D, H, W, 32)
    compressed: np.ndarray  # (D, H, W, 4)
    kp_source: Tensor  # (15, 3)


class CpuGenerator:
    """Frames of portraits of one size, (size, size); its memory is kept between frames.

    Takes the weights it needs from `generator`, which can go afterwards.
    """

    @torch.no_grad()
    def __init__(
        self,
        generator: Generator,
        size: int,
        *,
        threads: int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        strips = self.strips = Strips(threads, dtype)
        cells = size >> len(generator.config.down)
        motion = generator.config.motion
        self.motion = CpuMotion(generator.dense_motion_network, strips, cells, cells)
        self.decoder = CpuDecoder(generator.decoder, strips, cells, cells)
        self.side_by_side = empty_map(1, cells, cells, generator.config.flat)
        weight, bias = normed(generator.third)
        # slices side by side are D blocks of 32 channels, where the weights know 32 blocks of D
        weight = weight.unflatten(1, (motion.channels, motion.depth)).transpose(1, 2).flatten(1, 2)
        self.third, self.leak = Convolution(strips, weight, bias), generator.third.leak
        self.flat = empty_map(1, cells, cells, self.third.outputs)
        self.fourth = (
            generator.fourth.weight.detach()[:, :, 0, 0].t().contiguous(),
            bias_of(generator.fourth),
        )
        self.encoder = generator

    @torch.no_grad()
    def encode(self, portrait: Tensor, kp_source: Tensor) -> EncodedPortrait:
        """The portrait (1, 3, S, S) in 0..1 and its keypoints (1, 15, 3), once for all frames."""
        volume = self.encoder.encode(portrait)
        compressed = self.encoder.dense_motion_network.compressed(volume)
        return EncodedPortrait(_channels_last(volume), _channels_last(compressed), kp_source[0])

    @torch.no_grad()
    def frame(self, portrait: EncodedPortrait, kp_driving: Tensor) -> Tensor:
        """The frame (1, 3, S, S) in 0..1 for keypoints (1, 15, 3)."""
        deformation, visible = self.motion(portrait.compressed, kp_driving[0], portrait.kp_source)
        cells = len(visible)
        rows = min(ROWS_AT_ONCE, cells)
        self.strips.each(
            lambda row: volumes.fetched(portrait.volume, deformation, row, rows, self.side_by_side),
            range(0, cells, rows),
        )
        self.third(self.side_by_side, self.flat, leak=self.leak)
        weight, bias = self.fourth
        features = torch.from_numpy(self.flat[0, 1:-1, 1:-1]) @ weight + bias
        self.decoder.features[0, 1:-1, 1:-1] = (features * visible[..., None]).numpy()
        return self.decoder()


def _channels_last(volume: Tensor) -> np.ndarray:
    """(1, C, D, H, W) -> (D, H, W, C)"""
    return volume[0].permute(1, 2, 3, 0).contiguous().numpy()
