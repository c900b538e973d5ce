"""Equivariance: keypoints of a bent picture are the bent keypoints (Siarohin et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class WarpConfig:
    """How strongly pictures are bent; the first order motion model's numbers."""

    affine: float = 0.05  # standard deviation of the affine map's numbers
    spline: float = 0.005  # of the thin-plate spline's weights
    points: int = 5  # a side, of the spline's grid


class Warp:
    """A random affine map with a thin-plate spline on top, one for each of B pictures.

    Coordinates are (x, y) in -1..1, the centres of the outermost pixels at the ends, as the keypoints'.
    """

    def __init__(self, affine: Tensor, control: Tensor, weights: Tensor) -> None:
        self.affine = affine  # (B, 2, 3)
        self.control = control  # (P, 2)
        self.weights = weights  # (B, P)

    @classmethod
    def drawn(cls, rng: np.random.Generator, count: int, config: WarpConfig | None = None) -> Warp:
        config = config or WarpConfig()

        def normal(deviation: float, *shape: int) -> Tensor:
            return torch.from_numpy(rng.normal(0, deviation, shape).astype(np.float32))

        line = torch.linspace(-1, 1, config.points)
        control = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).flatten(0, 1)
        affine = torch.eye(2, 3) + normal(config.affine, count, 2, 3)
        return cls(affine, control, normal(config.spline, count, len(control)))

    def to(self, device: torch.device) -> Warp:
        return Warp(self.affine.to(device), self.control.to(device), self.weights.to(device))

    def points(self, xy: Tensor) -> Tensor:
        """Where points of the bent picture lie in the picture itself: (B, N, 2) -> (B, N, 2)."""
        moved = torch.einsum("bij,bnj->bni", self.affine[:, :, :2], xy) + self.affine[:, None, :, 2]
        # the spline's kernel r^2 log r, with r the sum of |dx| and |dy| as in the first order motion model
        far = (xy[:, :, None] - self.control).abs().sum(-1)  # (B, N, P)
        bend = far.square() * (far + 1e-6).log()
        return moved + torch.einsum("bnp,bp->bn", bend, self.weights)[..., None]

    def picture(self, picture: Tensor) -> Tensor:
        """The bent picture: (B, 3, H, W) -> the same; what lies outside is mirrored."""
        height, width = picture.shape[2:]
        y, x = (torch.linspace(-1, 1, n, device=picture.device) for n in (height, width))
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).flatten(0, 1)  # (H*W, 2)
        grid = self.points(grid.expand(len(picture), -1, -1)).unflatten(1, (height, width))
        return F.grid_sample(picture, grid, padding_mode="reflection", align_corners=True)


def equivariance_loss(keypoints: Tensor, of_bent: Tensor, warp: Warp) -> Tensor:
    """Mean distance |dx|, |dy| between the keypoints and those of the bent picture, carried back.

    keypoints, of_bent : (B, 15, 3); only x and y are compared: bending a picture does nothing to depth
    """
    return (keypoints[..., :2] - warp.points(of_bent[..., :2])).abs().mean()
