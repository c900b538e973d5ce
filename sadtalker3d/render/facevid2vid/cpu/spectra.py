"""A convolution with a large kernel, as a product of the spectra of tiles."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.cpu.strips import Strips

TILE = (
    24  # cells: 18 of them come out of a kernel of 7; has small factors, and the weights' spectra stay small
)


class SpectralConvolution:
    """Height and width through the spectrum, depth tap by tap.

    weight : (O, C, k, k, k) with an odd k; bias : (O,)
    """

    def __init__(self, strips: Strips, weight: Tensor, bias: Tensor) -> None:
        self.strips, self.bias = strips, bias.detach()
        self.kernel = weight.shape[-1]
        # a correlation is a product with the conjugate; (k, 24 * 13, C, O)
        spectra = torch.fft.rfft2(weight.detach().double(), (TILE, TILE)).conj()
        self.taps = (
            spectra.permute(2, 3, 4, 1, 0).flatten(1, 2).resolve_conj().to(torch.complex64).contiguous()
        )

    def __call__(self, x: np.ndarray) -> Tensor:
        """A map (D, H + 2, W + 2, C) -> (D, H, W, O) without a border."""
        inner = torch.from_numpy(x[:, 1:-1, 1:-1])
        depth, height, width, channels = inner.shape
        reach, step = self.kernel // 2, TILE - self.kernel + 1
        down, across = -(-height // step), -(-width // step)
        outputs = self.taps.shape[-1]
        out = torch.empty(depth, height, across * step, outputs)

        def work(row: int) -> None:
            # zeros round the volume: `reach` slices before and after, and what a tile has beyond the edges
            band = self.strips.scratch("band", depth + 2 * reach, TILE, across * step + 2 * reach, channels)
            band.zero_()
            top = row * step - reach
            first, last = max(top, 0), min(top + TILE, height)
            band[reach : reach + depth, first - top : last - top, reach : reach + width] = inner[
                :, first:last
            ]
            tiles = band.unfold(2, TILE, step).permute(0, 2, 1, 4, 3)  # (D + 6, across, 24, 24, C)
            spectra = torch.fft.rfft2(tiles, dim=(2, 3)).flatten(2, 3)  # (D + 6, across, 24 * 13, C)
            # a copy, because products of far-apart rows take twice as long; (24 * 13, (D + 6) * across, C)
            by_frequency = spectra.flatten(0, 1).transpose(0, 1).contiguous()
            total = None
            for z, tap in enumerate(self.taps):
                part = by_frequency[:, z * across : (z + depth) * across]
                total = torch.bmm(part, tap) if total is None else torch.baddbmm(total, part, tap)
            assert total is not None
            spectrum = total.transpose(0, 1).unflatten(1, (TILE, -1)).unflatten(0, (depth, across))
            lines = torch.fft.irfft2(spectrum, (TILE, TILE), dim=(2, 3))[:, :, :step, :step]
            end = min((row + 1) * step, height)
            joined = lines.transpose(1, 2).flatten(2, 3)  # (D, 18, across * 18, O)
            out[:, row * step : end] = joined[:, : end - row * step] + self.bias

        self.strips.each(work, range(down))
        return out[:, :, :width]
