"""The convolution blocks that the renderer's networks are made of."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class ConvBlock2d(nn.Module):
    """Convolution, batch norm, activation. (B, inputs, H, W) -> (B, outputs, H, W)"""

    def __init__(self, inputs: int, outputs: int, *, leak: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.leak = leak

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), self.leak)


class DownBlock2d(nn.Module):
    """Half the size. (B, inputs, H, W) -> (B, outputs, H/2, W/2)"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(F.relu(self.norm(self.conv(x))), 2)


class DownBlock3d(nn.Module):
    """Half the height and width, the same depth. (B, inputs, D, H, W) -> (B, outputs, D, H/2, W/2)"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm(self.conv(x)))
        # depth counts as channels, because 3D pooling knows no bfloat16
        return F.avg_pool2d(y.flatten(1, 2), 2).unflatten(1, y.shape[1:3])


class UpBlock3d(nn.Module):
    """Twice the height and width, the same depth. (B, inputs, D, H, W) -> (B, outputs, D, 2H, 2W)"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(F.interpolate(x, scale_factor=(1, 2, 2)))))


class ResBlock3d(nn.Module):
    """Norm, activation, convolution, twice, and the input added. (B, C, D, H, W) -> the same"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(channels)
        self.norm2 = nn.BatchNorm3d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))
