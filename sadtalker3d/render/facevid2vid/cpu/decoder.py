"""`SpadeDecoder` on a CPU, see the package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.cpu import kernels
from sadtalker3d.render.facevid2vid.cpu.convolution import Convolution, empty_map
from sadtalker3d.render.facevid2vid.cpu.fold import bias_of, spectral
from sadtalker3d.render.facevid2vid.cpu.strips import Strips
from sadtalker3d.render.facevid2vid.cpu.toom_cook import OUTPUTS
from sadtalker3d.render.facevid2vid.spade import LEAK, Spade, SpadeBlock, SpadeDecoder

NO_ACTIVATION = 1.0  # as a slope
INSTANCE_NORM_EPS = 1e-5
ROWS_AT_ONCE = 16  # of a map, where nothing else decides

PHASE_SUMS = (
    ((1, 0, 0), (0, 1, 1), (0, 0, 0)),
    ((0, 0, 0), (1, 1, 1), (0, 0, 0)),
    ((0, 0, 0), (1, 1, 0), (0, 0, 1)),
)
"""For the first, the middle and the last pixel of a cell: which of three taps add up at the cell before, the cell
itself and the cell after."""

Statistics = tuple[np.ndarray, np.ndarray]  # mean and 1 / deviation of each channel


class CpuDecoder:
    """Features of H x W, in a map, to a picture of four times the size; its memory is kept."""

    def __init__(self, decoder: SpadeDecoder, strips: Strips, height: int, width: int) -> None:
        self.strips = strips
        config = decoder.config
        self.features = empty_map(1, height, width, config.features)  # the input, written by the caller
        self.entry = Convolution(strips, decoder.fc.weight, bias_of(decoder.fc))
        blocks = [decoder.get_submodule(f"G_middle_{i}") for i in range(config.middle_blocks)]
        self.shared = _Shared(strips, blocks, height, width, enlarged=1)
        self.x = empty_map(1, height, width, config.width)
        self.middle = [
            _Block(block, strips, self.shared, 2 * i * config.shared, height, width, enlarged=1)
            for i, block in enumerate(blocks)
        ]
        self.up = []
        for scale, block in ((2, decoder.up_0), (4, decoder.up_1)):
            shared = _Shared(strips, [block], height, width, enlarged=scale)
            self.up.append(
                (shared, _Block(block, strips, shared, 0, scale * height, scale * width, enlarged=2))
            )
        self.exit = (
            decoder.conv_img.weight.detach().contiguous(memory_format=torch.channels_last),
            bias_of(decoder.conv_img),
        )

    def __call__(self) -> Tensor:
        """The picture (1, 3, 4H, 4W) in 0..1 of what `features` holds."""
        self.entry(self.features, self.x)
        self.shared(self.features)
        for block in self.middle:
            block.added(self.x)
        x = self.x
        for shared, block in self.up:
            shared(self.features)
            x = block.enlarged_and_changed(x)
        return self._picture(x)

    def _picture(self, x: np.ndarray) -> Tensor:
        height, width = x.shape[1] - 2, x.shape[2] - 2
        picture = torch.empty(1, 3, height, width)
        source = torch.from_numpy(x)

        def work(row: int) -> None:
            count = min(ROWS_AT_ONCE, height - row)
            lines = F.leaky_relu(source[:, row : row + count + 2], LEAK).permute(0, 3, 1, 2)
            picture[:, :, row : row + count] = F.conv2d(lines, *self.exit).sigmoid()

        self.strips.each(work, range(0, height, ROWS_AT_ONCE))
        return picture


class _Shared:
    """What the scales and shifts of several blocks are made of: one convolution of the features for all.

    For features enlarged four times the pixels of a cell have three different rows and columns at most; these nine
    phases are computed, a cell's one after the other, and the convolutions that follow read them (`phased`).
    """

    def __init__(
        self, strips: Strips, blocks: list[nn.Module], height: int, width: int, enlarged: int
    ) -> None:
        layers = [_shared_layer(norm) for block in blocks for norm in _norms(block)]
        weight = torch.cat([layer.weight.detach() for layer in layers])
        bias = torch.cat([bias_of(layer) for layer in layers])
        self.phased = len(weight) if enlarged > 2 else 0
        if self.phased:
            # what the three taps add up to at the cell before, the cell itself and the one after
            sums = torch.tensor(PHASE_SUMS, dtype=weight.dtype)
            weight = torch.einsum("aip,bjq,ocpq->abocij", sums, sums, weight).flatten(0, 2)
            bias = bias.repeat(9)
        self.convolution = Convolution(strips, weight, bias)
        self.enlarged = 1 if self.phased else enlarged  # while the features are read
        self.map = empty_map(1, self.enlarged * height, self.enlarged * width, len(weight))
        self.read = enlarged if self.phased else 1  # while the map is read

    def __call__(self, features: np.ndarray) -> None:
        self.convolution(features, self.map, leak=0.0, enlarged=self.enlarged)

    def scales(
        self, convolution: Convolution, first: int, finish: Callable[[np.ndarray, int, int], None]
    ) -> None:
        """A convolution of the channels from `first` on, see `Convolution.convolved`."""
        convolution.convolved(self.map, finish, enlarged=self.read, phased=self.phased, first_in=first)


class _Block:
    """`SpadeBlock`: its norms read what is shared from channel `first` on; x is read `enlarged` times as large."""

    def __init__(
        self,
        block: nn.Module,
        strips: Strips,
        shared: _Shared,
        first: int,
        height: int,
        width: int,
        enlarged: int,
    ) -> None:
        assert isinstance(block, SpadeBlock)
        self.strips, self.enlarged = strips, enlarged
        step = _shared_layer(block.norm_0).out_channels
        self.norm_0 = _Scaling(block.norm_0, strips, shared, first)
        self.norm_1 = _Scaling(block.norm_1, strips, shared, first + step)
        self.conv_0 = Convolution(strips, spectral(block.conv_0), bias_of(block.conv_0))
        self.conv_1 = Convolution(strips, spectral(block.conv_1), bias_of(block.conv_1))
        self.scaled_0 = empty_map(1, height, width, self.conv_0.inputs)
        self.between = empty_map(1, height, width, self.conv_0.outputs)
        self.scaled_1 = empty_map(1, height, width, self.conv_1.inputs)
        self.shortcut = _Shortcut(block, strips, shared, first + 2 * step) if block.shortcut else None
        self.out = empty_map(1, height, width, self.conv_1.outputs) if enlarged > 1 else None

    def added(self, x: np.ndarray) -> None:
        """x <- x + dx, for a block of as many channels out as in."""
        self._change(x, _statistics(self.strips, x), x)

    def enlarged_and_changed(self, x: np.ndarray) -> np.ndarray:
        """The block's result for `x` enlarged: a map that the next call writes again."""
        assert self.out is not None
        statistics = _statistics(self.strips, x)  # repetition does not change them
        if self.shortcut is None:
            self.out[0, 1:-1, 1:-1] = x[0, 1:-1, 1:-1].repeat(self.enlarged, 0).repeat(self.enlarged, 1)
        else:
            self.shortcut(x, statistics, self.enlarged, self.out)
        self._change(x, statistics, self.out)
        return self.out

    def _change(self, x: np.ndarray, statistics: Statistics, onto: np.ndarray) -> None:
        self.norm_0(x, statistics, self.enlarged, self.scaled_0)
        self.conv_0(self.scaled_0, self.between)
        self.norm_1(self.between, _statistics(self.strips, self.between), 1, self.scaled_1)
        self.conv_1(self.scaled_1, onto, added=True)


class _Scaling:
    """`Spade` after its shared part, and the activation: scales and shifts, applied on the way out of their tiles."""

    def __init__(self, norm: Spade, strips: Strips, shared: _Shared, first: int) -> None:
        self.shared, self.first = shared, first
        bias = torch.cat([bias_of(norm.mlp_gamma) + 1, bias_of(norm.mlp_beta)])
        self.convolution = Convolution(strips, torch.cat([norm.mlp_gamma.weight, norm.mlp_beta.weight]), bias)

    def __call__(self, x: np.ndarray, statistics: Statistics, enlarged: int, out: np.ndarray) -> None:
        def finish(tiles: np.ndarray, row: int, rows: int) -> None:
            kernels.spade_out_of_tiles(
                tiles,
                True,
                self.convolution.bias,
                x,
                *statistics,
                enlarged,
                np.float32(LEAK),
                row,
                rows,
                out[0],
                1,
            )

        self.shared.scales(self.convolution, self.first, finish)


class _Shortcut:
    """conv_s(norm_s(x)): the 1 x 1 convolution is linear, so that the shifts go through it once and for all."""

    def __init__(self, block: SpadeBlock, strips: Strips, shared: _Shared, first: int) -> None:
        self.strips, self.shared, self.first = strips, shared, first
        norm, matrix = block.norm_s, spectral(block.conv_s)[:, :, 0, 0].detach()  # (O, C)
        self.matrix = matrix.t().contiguous()
        shifts = torch.einsum("oc,ckpq->okpq", matrix, norm.mlp_beta.weight)
        bias = torch.cat([bias_of(norm.mlp_gamma) + 1, matrix @ bias_of(norm.mlp_beta)])
        self.convolution = Convolution(strips, torch.cat([norm.mlp_gamma.weight, shifts]), bias)

    def __call__(self, x: np.ndarray, statistics: Statistics, enlarged: int, out: np.ndarray) -> None:
        width, channels = out.shape[2] - 2, len(self.matrix)
        bias, none = self.convolution.bias, np.float32(NO_ACTIVATION)

        def finish(tiles: np.ndarray, row: int, rows: int) -> None:
            scaled = self.strips.scratch("scaled", rows * OUTPUTS, width, channels)
            kernels.spade_out_of_tiles(
                tiles, False, bias, x, *statistics, enlarged, none, row, rows, scaled.numpy(), 0
            )
            first = row * OUTPUTS + 1
            out[0, first : first + rows * OUTPUTS, 1:-1] = (scaled @ self.matrix).numpy()
            kernels.out_of_tiles(tiles, channels, bias[channels:], none, True, False, row, rows, out, 0)

        self.shared.scales(self.convolution, self.first, finish)


def _statistics(strips: Strips, x: np.ndarray) -> Statistics:
    """Mean and 1 / deviation of each channel, as the instance norm has them."""
    height, width = x.shape[1] - 2, x.shape[2] - 2
    rows = min(ROWS_AT_ONCE, height)
    parts = strips.each(
        lambda row: kernels.channel_sums(x, row, min(rows, height - row)), range(0, height, rows)
    )
    total, squares = np.sum(parts, axis=0) / (height * width)
    scale = 1 / np.sqrt(squares - total**2 + INSTANCE_NORM_EPS)
    return total.astype(np.float32), scale.astype(np.float32)


def _norms(block: nn.Module) -> list[Spade]:
    assert isinstance(block, SpadeBlock)
    return [block.norm_0, block.norm_1, *([block.norm_s] if block.shortcut else [])]


def _shared_layer(norm: Spade) -> nn.Conv2d:
    layer = norm.mlp_shared[0]
    assert isinstance(layer, nn.Conv2d)
    return layer
