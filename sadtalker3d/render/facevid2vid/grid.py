"""Coordinates of a volume of features, and Gaussians round keypoints in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

GAUSSIAN_VARIANCE = 0.01  # in the volume's units, where its sides are 2 long


def coordinate_grid(shape: Sequence[int], like: Tensor) -> Tensor:
    """(x, y, z) of every cell's centre: (D, H, W, 3) for the shape (D, H, W), the outermost at -1 and 1."""
    depth, height, width = shape
    z, y, x = (torch.linspace(-1, 1, n, dtype=like.dtype, device=like.device) for n in (depth, height, width))
    return torch.stack(
        [x.expand(depth, height, width), y[:, None].expand(depth, height, width),
         z[:, None, None].expand(depth, height, width)], dim=-1,
    )  # fmt: skip


def gaussians(keypoints: Tensor, grid: Tensor) -> Tensor:
    """A bump round every keypoint: (B, K, 3) in a grid (D, H, W, 3) -> (B, K, D, H, W), 1 at its centre."""
    away = grid - keypoints[:, :, None, None, None]  # (B, K, D, H, W, 3)
    return torch.exp(-0.5 * away.square().sum(-1) / GAUSSIAN_VARIANCE)
