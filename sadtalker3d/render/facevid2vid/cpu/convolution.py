"""Convolutions of 3 x 3, or 3 x 3 x 3, by Winograd's short algorithm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.cpu import kernels
from sadtalker3d.render.facevid2vid.cpu.strips import Strips
from sadtalker3d.render.facevid2vid.cpu.toom_cook import OUTPUTS, TILE, toom_cook

TILES_AT_ONCE = 128  # large enough for the matrix product, small enough for the cache


def empty_map(depth: int, height: int, width: int, channels: int) -> np.ndarray:
    """A map of zeros with its border: (D, H + 2, W + 2, C) float32."""
    return np.zeros((depth, height + 2, width + 2, channels), np.float32)


class Convolution:
    """One layer.

    weight : (O, C, 3, 3) or (O, C, 3, 3, 3); bias : (O,)
    """

    def __init__(self, strips: Strips, weight: Tensor, bias: Tensor) -> None:
        self.strips, self.bias = strips, bias.detach().float().contiguous().numpy()
        g = torch.from_numpy(toom_cook()[1])
        if weight.ndim == 4:
            weight = weight[:, :, None]
        # weights of every depth tap, as matrices for each of the tile's 36 numbers: (3 or 1, 36, C, O)
        transformed = torch.einsum("ap,bq,oczpq->zabco", g, g, weight.detach().double())
        self.taps = transformed.flatten(1, 2).to(strips.dtype).contiguous()
        self.inputs, self.outputs = self.taps.shape[2:]

    def __call__(
        self,
        x: np.ndarray,
        out: np.ndarray,
        *,
        leak: float = 1.0,
        added: bool = False,
        pooled: bool = False,
        enlarged: int = 1,
        first_in: int = 0,
        first_out: int = 0,
    ) -> None:
        """Convolve a map into another, see `kernels.out_of_tiles` for what is done besides."""

        def finish(tiles: np.ndarray, row: int, rows: int) -> None:
            kernels.out_of_tiles(
                tiles, 0, self.bias, np.float32(leak), added, pooled, row, rows, out, first_out
            )

        self.convolved(x, finish, enlarged=enlarged, first_in=first_in)

    def convolved(
        self,
        x: np.ndarray,
        finish: Callable[[np.ndarray, int, int], None],
        *,
        enlarged: int = 1,
        phased: int = 0,
        first_in: int = 0,
    ) -> None:
        """Give the convolved tiles (36, D, q, O) of each strip to `finish(tiles, row, rows)`."""
        depth, height, width = x.shape[0], (x.shape[1] - 2) * enlarged, (x.shape[2] - 2) * enlarged
        across, down = width // OUTPUTS, height // OUTPUTS
        rows = max(1, min(TILES_AT_ONCE // (across * depth), -(-down // self.strips.threads)))
        beyond = len(self.taps) // 2  # slices of zeros before the first and after the last

        def work(row: int) -> None:
            count = min(rows, down - row)
            inner = depth + 2 * beyond
            tiles = self.strips.scratch("in", TILE * TILE, inner, count * across, self.inputs)
            done = self.strips.scratch("out", TILE * TILE, depth, count * across, self.outputs)
            if beyond:
                tiles[:, 0], tiles[:, -1] = 0, 0
            kernels.into_tiles(x, first_in, self.inputs, enlarged, phased, row, count, tiles.numpy(), beyond)
            self._product(tiles, done, depth)
            finish(done.numpy(), row, count)

        self.strips.each(work, range(0, down, rows))

    def _product(self, tiles: Tensor, done: Tensor, depth: int) -> None:
        """Multiply and add up the depth taps: (36, D + 2 or D, q, C) -> `done` (36, D, q, O)."""
        operand, product = tiles, done
        if self.strips.dtype != torch.float32:
            operand = self.strips.scratch("rounded in", *tiles.shape, dtype=self.strips.dtype).copy_(tiles)
            product = self.strips.scratch("rounded out", *done.shape, dtype=self.strips.dtype)
        result = product.flatten(1, 2)
        for z, tap in enumerate(self.taps):
            part = operand[:, z : z + depth].flatten(1, 2)
            if z:
                torch.baddbmm(result, part, tap, out=result)
            else:
                torch.bmm(part, tap, out=result)
        if product is not done:
            done.copy_(product)
