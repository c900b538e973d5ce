"""How far the motion that is drawn is from the motion that was measured, as distributions."""

from __future__ import annotations

import torch
from torch import Tensor

from sadtalker3d.train.headwindows import Batch


def sliced_distance(batch: Batch, drawn: Tensor, pace: Tensor, slices: int = 192) -> Tensor:
    """Sliced Wasserstein-1 distance between measured and drawn windows, jointly with what they depend on.

    Each slice is a random line through positions, velocities, accelerations, speeds, loudness, reference and
    style, in which every kind weighs differently; equal distributions have distance 0 on all of them.
    """
    style = batch.style.float()[:, None] / 23 - 1
    known = [batch.loudness, batch.reference, style]

    def features(motion: Tensor) -> list[Tensor]:
        velocity = velocity_of(motion) / pace
        speed = velocity[..., :3].square().sum(-1).add(1e-4).sqrt()
        return [
            motion.flatten(1), velocity.flatten(1), velocity.diff(dim=1).flatten(1) * 2, speed - 1.5,
            speed.mean(dim=1, keepdim=True) * 2, speed * batch.loudness, *known,
        ]  # fmt: skip

    real, made = features(batch.motion), features(drawn)
    lines = []
    for part in real:
        share = torch.rand(1, slices).square() * (torch.rand(1, slices) < 0.5)
        lines.append(share * torch.randn(part.shape[1], slices) / part.shape[1] ** 0.5)
    gaps = []
    for parts in (real, made):
        gaps.append(torch.cat(parts, dim=1) @ torch.cat(lines))  # (B, slices)
    return (gaps[0].sort(dim=0).values - gaps[1].sort(dim=0).values).abs().mean()


def velocity_of(motion: Tensor) -> Tensor:
    """Per frame, the first from the reference frame on: (B, 32, 6)."""
    return torch.diff(motion, dim=1, prepend=torch.zeros_like(motion[:, :1]))
