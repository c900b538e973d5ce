"""Keypoints of a head that turns, shifts and speaks: the renderer's canonical ones, moved."""

from __future__ import annotations

import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.mapping import BINS, HeadMotion

DEGREES_PER_BIN, FIRST_BIN_DEG = 3, -99
UPSTREAM_PI = 3.14  # kept: the mapping network was trained with it


def bin_degrees(logits: Tensor) -> Tensor:
    """Expected angle of logits over bins: (B, 66) -> (B,) degrees."""
    bins = torch.arange(BINS, dtype=logits.dtype, device=logits.device)
    return (logits.softmax(1) * bins).sum(1) * DEGREES_PER_BIN + FIRST_BIN_DEG


def rotation_matrix(yaw_deg: Tensor, pitch_deg: Tensor, roll_deg: Tensor) -> Tensor:
    """R = Rx(pitch) Ry(yaw) Rz(roll) in upstream's axes: (B,) three times -> (B, 3, 3)."""
    yaw, pitch, roll = (angle * UPSTREAM_PI / 180 for angle in (yaw_deg, pitch_deg, roll_deg))
    one, zero = torch.ones_like(yaw), torch.zeros_like(yaw)

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack(rows, dim=1).unflatten(1, (3, 3))

    (sx, cx), (sy, cy), (sz, cz) = ((a.sin(), a.cos()) for a in (pitch, yaw, roll))
    about_x = matrix(one, zero, zero, zero, cx, -sx, zero, sx, cx)
    about_y = matrix(cy, zero, sy, zero, one, zero, -sy, zero, cy)
    about_z = matrix(cz, -sz, zero, sz, cz, zero, zero, zero, one)
    return about_x @ about_y @ about_z


def moved_keypoints(
    canonical: Tensor,
    motion: HeadMotion,
    *,
    yaw_deg: Tensor | None = None,
    pitch_deg: Tensor | None = None,
    roll_deg: Tensor | None = None,
) -> Tensor:
    """Canonical keypoints (B, 15, 3) as `motion` has them: R kp + t + expression, (B, 15, 3).

    Of the translation only y counts, as upstream. The angles, (B,) or None, replace the motion's own.
    """
    yaw, pitch, roll = (
        bin_degrees(logits) if given is None else given
        for logits, given in ((motion.yaw, yaw_deg), (motion.pitch, pitch_deg), (motion.roll, roll_deg))
    )
    rotation = rotation_matrix(yaw, pitch, roll)  # (B, 3, 3)
    turned = torch.einsum("bij,bkj->bki", rotation, canonical)
    only_y = motion.translation * motion.translation.new_tensor([0, 1, 0])
    return turned + only_y[:, None] + motion.expression.unflatten(1, (-1, 3))
