"""Keypoints move as upstream moves them."""

from __future__ import annotations

import numpy as np
import torch

from sadtalker3d.render.facevid2vid.grid import coordinate_grid, gaussians
from sadtalker3d.render.facevid2vid.head_pose import bin_degrees, moved_keypoints, rotation_matrix
from sadtalker3d.render.facevid2vid.mapping import HeadMotion
from tests.render.facevid2vid.conftest import conformance

DATA = conformance("kp_transform")
MOTION = HeadMotion(*(torch.from_numpy(DATA[f"he_{name}"]) for name in ("yaw", "pitch", "roll", "t", "exp")))
CANONICAL = torch.from_numpy(DATA["kp"])


def test_angles_and_rotation_equal_upstream() -> None:
    degrees = [bin_degrees(logits) for logits in MOTION[:3]]
    np.testing.assert_allclose(torch.stack(degrees), DATA["degrees"], atol=1e-4)
    np.testing.assert_allclose(rotation_matrix(*degrees), DATA["rot"], atol=1e-6)


def test_keypoints_equal_upstream() -> None:
    np.testing.assert_allclose(moved_keypoints(CANONICAL, MOTION), DATA["out"], atol=1e-6)
    silent = MOTION._replace(expression=torch.zeros_like(MOTION.expression))
    np.testing.assert_allclose(moved_keypoints(CANONICAL, silent), DATA["out_wo_exp"], atol=1e-6)


def test_given_angles_replace_the_performances() -> None:
    # the angles of the conformance file, found from its keypoints
    moved = moved_keypoints(
        CANONICAL,
        MOTION,
        yaw_deg=torch.tensor([-20.0, 0, 30, 45]),
        pitch_deg=torch.full((4,), 5.0),
        roll_deg=torch.tensor([0.0, 10, -10, 90]),
    )
    np.testing.assert_allclose(moved, DATA["out_override"], atol=1e-6)


def test_grid_and_gaussians_equal_upstream() -> None:
    grid = coordinate_grid((4, 3, 5), CANONICAL)
    np.testing.assert_allclose(grid, DATA["grid_4_3_5"], atol=1e-7)
    bumps = gaussians(CANONICAL[:1, :2], coordinate_grid((4, 6, 6), CANONICAL))
    np.testing.assert_allclose(bumps, DATA["gauss"], atol=1e-6)
