"""`ResUnet`: the residual U-Net over (time, pose channel) inside both halves of PoseVAE."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256)  # channels at 32, 16, 8 and 4 frames
TIME_STRIDE = (2, 1)  # only time shrinks; the six pose channels stay apart


class ResUnet(nn.Module):
    """Sigmoid-bounded map of a motion window onto itself, upstream's state-dict keys.

    x : (B, 1, T, C) with T divisible by 8 -> (B, 1, T, C) in (0, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.input_layer = nn.Sequential(
            nn.Conv2d(1, a, 3, padding=1), nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, a, 3, padding=1)
        )
        self.input_skip = nn.Sequential(nn.Conv2d(1, a, 3, padding=1))
        self.residual_conv_1 = ResidualConv(a, b, TIME_STRIDE)
        self.residual_conv_2 = ResidualConv(b, c, TIME_STRIDE)
        self.bridge = ResidualConv(c, d, TIME_STRIDE)
        self.upsample_1 = Upsample(d)
        self.up_residual_conv1 = ResidualConv(d + c, c)
        self.upsample_2 = Upsample(c)
        self.up_residual_conv2 = ResidualConv(c + b, b)
        self.upsample_3 = Upsample(b)
        self.up_residual_conv3 = ResidualConv(b + a, a)
        self.output_layer = nn.Sequential(nn.Conv2d(a, 1, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:  # (B, 1, T, C)
        *_, y = self.stages(x)
        return y

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """`forward`, with pauses in which something else can be done; what comes last is the result."""
        x1 = self.input_layer(x) + self.input_skip(x)  # (B, 32, T, C)
        x2 = self.residual_conv_1(x1)  # (B, 64, T/2, C)
        x3 = self.residual_conv_2(x2)  # (B, 128, T/4, C)
        yield x3
        y = self.bridge(x3)  # (B, 256, T/8, C)
        yield y
        y = torch.cat([self.upsample_1(y), x3], dim=1)  # (B, 384, T/4, C)
        skip = self.up_residual_conv1.conv_skip(y)  # the dearest block, half by half
        yield skip
        y = self.up_residual_conv1.conv_block(y) + skip  # (B, 128, T/4, C)
        yield y
        y = self.up_residual_conv2(torch.cat([self.upsample_2(y), x2], dim=1))  # (B, 64, T/2, C)
        yield y
        y = self.up_residual_conv3(torch.cat([self.upsample_3(y), x1], dim=1))  # (B, 32, T, C)
        yield self.output_layer(y)  # (B, 1, T, C)


class ResidualConv(nn.Module):
    """Pre-activation residual block; its shortcut is a convolution too."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.conv_skip = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_block(x) + self.conv_skip(x)


class Upsample(nn.Module):
    """Twice the frames, the same channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(channels, channels, TIME_STRIDE, stride=TIME_STRIDE)

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample(x)
