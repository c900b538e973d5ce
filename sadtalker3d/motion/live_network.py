"""LiveExpNet one frame at a time: what its convolutions need of the past is kept, so a frame costs one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from sadtalker3d.motion.temporal_expnet import TemporalBlock, TemporalExpNet


class LiveMouth:
    """`TemporalExpNet.said` for a network that looks back only; inference only, batch norms folded."""

    def __init__(self, net: TemporalExpNet) -> None:
        if not net.config.live:
            raise UserError("this network looks ahead; a live face needs one that was trained for live sound")
        with torch.inference_mode():
            self._hearing = []
            layers = list(net.hearing)
            for convolution, norm in zip(layers[::3], layers[1::3], strict=True):
                assert isinstance(convolution, nn.Conv1d) and isinstance(norm, nn.BatchNorm1d)
                self._hearing.append(
                    (*_folded(convolution, norm), convolution.stride[0], convolution.kernel_size[0])
                )
            self._gathering = (net.gathering.weight, net.gathering.bias)
            self._blocks = [_LiveBlock(block) for block in net.context]  # type: ignore[arg-type]
            # a face at rest with open lids: of the mapping's inputs, only what is heard is not 0
            self._mapping = (net.mapping.weight[:, : net.config.channels].contiguous(), net.mapping.bias)

    def say(self, window: np.ndarray) -> np.ndarray:
        """Mel (80, 13) of the next frame -> its expression (64,)."""
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(window.T))[None]  # (1, 13, 80)
            for weight, bias, stride, kernel in self._hearing:
                x = functional.conv1d(x, weight, bias, stride, kernel // 2).relu_()
            y = functional.linear(x.flatten(1), *self._gathering)  # (1, channels)
            for block in self._blocks:
                y = block.next(y)
            return functional.linear(y.relu(), *self._mapping)[0].numpy()


class _LiveBlock:
    """A `TemporalBlock` that keeps the last 2 * dilation frames it was given."""

    def __init__(self, block: TemporalBlock) -> None:
        self._scale, self._shift = _scale_and_shift(block.norm)
        weight, self._bias = _folded(block.over_time, block.mixed_norm)  # (channels, channels, 3)
        self._weight = weight.transpose(1, 2).flatten(1).contiguous()  # (channels, 3 channels), oldest first
        self._mixed = (block.mixed.weight[..., 0].contiguous(), block.mixed.bias)
        self._dilation = block.over_time.dilation[0]
        self._kept = 2 * self._dilation
        self._past = torch.zeros(self._kept, 1, len(self._scale))  # a ring
        self._frame = 0

    def next(self, x: Tensor) -> Tensor:
        """(1, channels) -> (1, channels)"""
        now = torch.addcmul(self._shift, x, self._scale).relu_()
        oldest = self._frame % self._kept
        middle = (self._frame + self._dilation) % self._kept
        seen = torch.cat([self._past[oldest], self._past[middle], now], dim=1)
        self._past[oldest] = now
        self._frame += 1
        return x + functional.linear(functional.linear(seen, self._weight, self._bias).relu_(), *self._mixed)


def _scale_and_shift(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """What a batch norm in eval mode does to a channel."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale


def _folded(convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution and the batch norm behind it in one."""
    scale, shift = _scale_and_shift(norm)
    assert convolution.bias is not None
    return convolution.weight * scale[:, None, None], convolution.bias * scale + shift
