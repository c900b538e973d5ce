"""What keypoints and their motion shall be like whatever the picture (Wang et al. 2021, appendix A.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.head_pose import bin_degrees
from sadtalker3d.render.facevid2vid.mapping import HeadMotion

NEAREST = 0.1  # squared distance below which two keypoints push each other away; the picture is 2 wide
MEAN_DEPTH = 0.33


def spread_loss(keypoints: Tensor) -> Tensor:
    """How far keypoints are from being spread out at the wanted mean depth: (B, K, 3) -> a number, 0 at best.

    The sum over ordered pairs of max(0, 0.1 - squared distance), and |mean z - 0.33|.
    """
    apart = (keypoints[:, :, None] - keypoints[:, None]).square().sum(-1)  # (B, K, K)
    crowded = (NEAREST - apart).clamp(min=0)
    itself = NEAREST * keypoints.shape[1]  # the diagonal, whose distance is 0
    depth = (keypoints[..., 2].mean(1) - MEAN_DEPTH).abs().mean()
    return (crowded.sum((1, 2)) - itself).mean() + depth


def head_pose_loss(motion: HeadMotion, angles_deg: Tensor) -> Tensor:
    """Mean absolute difference, in radians, of yaw, pitch and roll from the teacher's (B, 3) in degrees."""
    seen = torch.stack([bin_degrees(logits) for logits in (motion.yaw, motion.pitch, motion.roll)], dim=1)
    return (seen - angles_deg).abs().mean() * math.pi / 180


def deformation_loss(motion: HeadMotion) -> Tensor:
    """Mean size of what expression does to the keypoints: what turning explains shall not be expression."""
    return motion.expression.abs().mean()
