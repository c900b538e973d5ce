"""Landmarks lie where iBUG says and move as the head does; the eye term is the blink ratio's distance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.landmarkloss import LandmarkConfig, LandmarkLoss
from sadtalker3d.train.landmarks import EYES, Landmarks


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    return Landmarks.of(bfm.load("open"))


def weights(**named: float) -> torch.Tensor:
    row = torch.zeros(1, 2, 64)
    for name, value in named.items():
        row[..., OPEN_64.index(name)] = value
    return row


def test_order_is_ibugs(landmarks: Landmarks) -> None:
    x, y, _ = landmarks.rest.T
    assert (np.diff(x[:17]) > 0).all()  # jaw from the subject's right (-x) to the left
    assert y[8] == y.min()
    assert x[36] < x[39] < 0 < x[42] < x[45]
    for eye in EYES:
        assert (y[eye][[1, 2]] > y[eye][[5, 4]]).all()
    assert x[48] < x[51] < x[54]
    assert y[51] > y[62] >= y[66] > y[57]


def test_landmarks_move_as_the_mesh_does(landmarks: Landmarks) -> None:
    face = bfm.load("open")
    expression = np.random.default_rng(0).uniform(0, 1, 64).astype(np.float32)
    wanted = 1000 * face.landmarks(face.vertices(expression=expression) - face.mean)
    np.testing.assert_allclose(landmarks.moved(torch.from_numpy(expression)).numpy(), wanted, atol=1e-3)


def test_eyes_are_as_open_as_the_blink_leaves_them(landmarks: Landmarks) -> None:
    for ratio in (0.0, 0.3, 0.7, 1.0):
        openness = landmarks.openness(weights(eyeBlinkLeft=ratio, eyeBlinkRight=ratio))
        np.testing.assert_allclose(openness.numpy(), 1 - ratio, atol=0.05)


def test_one_eye_blinks_alone(landmarks: Landmarks) -> None:
    right, left = landmarks.openness(weights(eyeBlinkLeft=1.0))[0, 0]
    assert right > 0.95 and abs(left) < 0.05


def test_loss_is_nothing_for_the_right_face_and_grows_with_each_error(landmarks: Landmarks) -> None:
    loss_of = LandmarkLoss(landmarks)
    target = weights(jawOpen=0.3, eyeBlinkLeft=0.5, eyeBlinkRight=0.5)
    blink = torch.full((1, 2), 0.5)
    right = float(loss_of(target, target, blink)[0])
    jaw = float(loss_of(target + weights(jawOpen=0.2), target, blink)[0])
    _, parts = loss_of(target, target, blink + 0.4)
    assert right < 0.1 < jaw
    assert parts["eyes"] == pytest.approx(0.4, abs=0.05)


def test_gradients_reach_the_lids(landmarks: Landmarks) -> None:
    loss_of = LandmarkLoss(landmarks, LandmarkConfig(points=0.0))
    expression = weights().requires_grad_()
    loss_of(expression, weights(), torch.ones(1, 2))[0].backward()
    assert expression.grad is not None
    slope = expression.grad[0, 0]
    assert slope[OPEN_64.index("eyeBlinkLeft")] < 0
    assert slope[OPEN_64.index("jawOpen")].abs() < 1e-3


def test_another_space_is_named() -> None:
    face = replace(bfm.load("open"), space="basel", expression_names=("exp0",) * 64)
    with pytest.raises(UserError, match="basel"):
        Landmarks.of(face)
