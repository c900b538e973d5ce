"""`DenseMotion` on a CPU, see the package."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.cpu import volumes
from sadtalker3d.render.facevid2vid.cpu.convolution import Convolution, empty_map
from sadtalker3d.render.facevid2vid.cpu.fold import bias_of, normed
from sadtalker3d.render.facevid2vid.cpu.spectra import SpectralConvolution
from sadtalker3d.render.facevid2vid.cpu.strips import Strips
from sadtalker3d.render.facevid2vid.cpu.toom_cook import OUTPUTS
from sadtalker3d.render.facevid2vid.dense_motion import DenseMotion
from sadtalker3d.render.facevid2vid.grid import GAUSSIAN_VARIANCE, coordinate_grid

SMALLEST_TILED = 8  # cells a side: below, transformed weights cost more to read than they save


class CpuMotion:
    """Keypoints to where every cell comes from, for portraits of one size; its memory is kept."""

    def __init__(self, motion: DenseMotion, strips: Strips, height: int, width: int) -> None:
        self.strips, self.config = strips, motion.config
        depth, inputs = motion.config.depth, motion.config.inputs
        encoder = list(motion.hourglass.encoder.down_blocks)
        decoder = list(motion.hourglass.decoder.up_blocks)
        self.down = [_layer(strips, block, height >> i) for i, block in enumerate(encoder)]
        self.up = [_layer(strips, block, height >> (len(decoder) - 1 - i)) for i, block in enumerate(decoder)]
        self.joined = _layer(strips, motion.hourglass.decoder, height)
        # one map a level: what comes up from below, then what went down
        above = [*(layer.outputs for layer in reversed(self.up)), 0]
        widths = [inputs, *(layer.outputs for layer in self.down)]
        self.from_below = above
        self.levels = [
            empty_map(depth, height >> i, width >> i, above[i] + widths[i]) for i in range(len(widths))
        ]
        self.last = empty_map(depth, height, width, self.joined.outputs)
        self.entry = empty_map(depth, height, width, inputs)
        self.masks = SpectralConvolution(strips, motion.mask.weight, bias_of(motion.mask))
        kernel = motion.occlusion.weight.detach()[0].unflatten(0, (-1, depth))  # (112, D, 7, 7)
        self.occlusion = kernel.permute(1, 0, 2, 3).flatten(2).contiguous()  # (D, 112, 49)
        self.occlusion_bias = bias_of(motion.occlusion)
        self.grid = coordinate_grid((depth, height, width), torch.empty(0))
        self.deformation = np.empty((depth, height, width, 3), np.float32)

    def __call__(
        self, compressed: np.ndarray, kp_driving: Tensor, kp_source: Tensor
    ) -> tuple[np.ndarray, Tensor]:
        """Deformation (D, H, W, 3) and visibility (H, W); compressed : (D, H, W, 4), keypoints (15, 3)."""
        self._candidates(compressed, kp_driving, kp_source)
        self._hourglass()
        return self._choose(kp_driving, kp_source)

    def _candidates(self, compressed: np.ndarray, kp_driving: Tensor, kp_source: Tensor) -> None:
        shifts = F.pad(kp_source - kp_driving, (0, 0, 1, 0)).double().numpy()
        lines = (self.grid[0, 0, :, 0], self.grid[0, :, 0, 1], self.grid[:, 0, 0, 2])
        keypoints = torch.stack([kp_driving, kp_source], dim=1)  # (15, 2, 3)
        away = torch.cat([line - keypoints[:, :, i, None] for i, line in enumerate(lines)], dim=2)
        bumps = torch.exp(-0.5 * away.square() / GAUSSIAN_VARIANCE).numpy()  # the Gaussian, axis by axis
        self.strips.each(
            lambda z: volumes.candidates(compressed, bumps, shifts, z, self.entry), range(len(compressed))
        )

    def _hourglass(self) -> None:
        self.levels[0][..., self.from_below[0] :] = self.entry
        for i, layer in enumerate(self.down):
            layer(
                self.levels[i], self.levels[i + 1], leak=0.0, pooled=True,
                first_in=self.from_below[i], first_out=self.from_below[i + 1],
            )  # fmt: skip
        for i, layer in enumerate(self.up):
            below = len(self.levels) - 1 - i
            layer(self.levels[below], self.levels[below - 1], leak=0.0, enlarged=2)
        self.joined(self.levels[0], self.last, leak=0.0)

    def _choose(self, kp_driving: Tensor, kp_source: Tensor) -> tuple[np.ndarray, Tensor]:
        y = torch.from_numpy(self.last[:, 1:-1, 1:-1])  # (D, H, W, 112)
        mask = self.masks(self.last).softmax(-1)  # (D, H, W, 16)
        mask *= mask >= self.config.smallest_mask
        shifts = F.pad(kp_source - kp_driving, (0, 0, 1, 0))
        deformation = self.grid * mask.sum(-1, keepdim=True) + mask @ shifts
        return deformation.numpy(), self._visibility(y)

    def _visibility(self, y: Tensor) -> Tensor:
        taps = torch.einsum("dhwc,dct->thw", y, self.occlusion)  # every tap everywhere, (49, H, W)
        height, width = taps.shape[1:]
        summed = F.fold(
            taps.flatten(1).flip(0)[None], (height, width), kernel_size=7, padding=3
        )  # flipped: `fold` scatters where a convolution gathers
        return (summed[0, 0] + self.occlusion_bias).sigmoid()


class _Direct:
    """A convolution of a small volume, with the interface of `Convolution`."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight = weight.detach().contiguous(memory_format=torch.channels_last_3d)
        self.bias = bias.detach()
        self.outputs, self.inputs = weight.shape[:2]

    def __call__(
        self, x: np.ndarray, out: np.ndarray, *, leak: float, pooled: bool = False, enlarged: int = 1,
        first_in: int = 0, first_out: int = 0,
    ) -> None:  # fmt: skip
        part = x[:, 1:-1, 1:-1, first_in : first_in + self.inputs]
        y = torch.from_numpy(part).permute(3, 0, 1, 2)[None]
        if enlarged > 1:
            y = F.interpolate(y, scale_factor=(1, enlarged, enlarged))
        y = F.leaky_relu(F.conv3d(y, self.weight, self.bias, padding=1), leak)
        if pooled:
            y = F.avg_pool3d(y, (1, 2, 2))
        out[:, 1:-1, 1:-1, first_out : first_out + self.outputs] = y[0].permute(1, 2, 3, 0).numpy()


def _layer(strips: Strips, block: nn.Module, size: int) -> Convolution | _Direct:
    """The convolution and batch norm of a block whose convolution runs on volumes of `size` cells a side."""
    weight, bias = normed(block)
    tiled = size >= SMALLEST_TILED and size % OUTPUTS == 0
    return Convolution(strips, weight, bias) if tiled else _Direct(weight, bias)
