import math

import pytest
import torch

from sadtalker3d.render.facevid2vid.mapping import HeadMotion
from sadtalker3d.train.keypointlosses import deformation_loss, head_pose_loss, spread_loss


def spread() -> torch.Tensor:
    """15 keypoints on a lattice, 0.5 apart, at the wanted mean depth."""
    y, x = torch.meshgrid(torch.arange(3.0), torch.arange(5.0), indexing="ij")
    return torch.stack([x / 2 - 1, y / 2 - 0.5, torch.full_like(x, 0.33)], dim=-1).flatten(0, 1)[None]


def motion(yaw_deg: float, expression: float = 0.0) -> HeadMotion:
    """Logits that are sure of one bin of 3 degrees."""
    sure = torch.full((1, 66), -100.0)
    yaw, level = sure.clone(), sure.clone()
    yaw[0, round((yaw_deg + 99) / 3)] = 100
    level[0, 33] = 100
    return HeadMotion(yaw, level, level, torch.zeros(1, 3), torch.full((1, 45), expression))


def test_spread_keypoints_cost_nothing() -> None:
    assert spread_loss(spread()) == pytest.approx(0, abs=1e-6)


def test_keypoints_in_one_place_and_at_another_depth_cost() -> None:
    crowded = spread()
    crowded[0, 0] = crowded[0, 1]
    assert spread_loss(crowded) == pytest.approx(2 * 0.1, abs=1e-6)  # the pair counts for both
    assert spread_loss(spread() + torch.tensor([0, 0, 0.2])) == pytest.approx(0.2, abs=1e-6)


def test_head_pose_is_compared_in_radians() -> None:
    assert head_pose_loss(motion(30), torch.tensor([[30.0, 0, 0]])) == pytest.approx(0, abs=1e-5)
    off = head_pose_loss(motion(30), torch.tensor([[0.0, 0, 0]]))
    assert off == pytest.approx(math.radians(30) / 3, abs=1e-5)


def test_deformation_is_the_size_of_the_expression() -> None:
    assert deformation_loss(motion(0)) == 0
    assert deformation_loss(motion(0, -0.5)) == pytest.approx(0.5)
