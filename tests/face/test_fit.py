"""The head laid on points whose truth is known: the head's own places, seen by a known camera."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.face.fit import eye_opening, fit_head, fit_portrait3d, portrait_notes
from sadtalker3d.face.headfit import HeadFit, Residual, at_rest, pinhole, project, vertices
from sadtalker3d.face.landmarks import Face
from sadtalker3d.face.mesh_points import LEFT_LID, MEETING, OVAL, RIGHT_LID, mesh_points
from sadtalker3d.rotation import to_matrices

SIZE = (640, 480)
FOCAL_PX, DISTANCE_M = 1500.0, 1.1
INNER = np.setdiff1d(np.arange(468), OVAL)


@pytest.fixture(scope="module")
def model():
    return bfm.load("open")


def seen(model, rotation_rad, identity=None, **weights) -> np.ndarray:
    """Where the detector would put its 468 points."""
    expression = np.zeros(64, np.float32)
    for name, weight in weights.items():
        expression[model.expression_names.index(name)] = weight
    places = mesh_points().of(model.vertices(identity, expression))
    posed = places @ to_matrices(np.array([rotation_rad]))[0].T + [0.02, -0.01, -DISTANCE_M - 0.1]
    posed[:, :2] += mesh_points().slide(np.array(rotation_rad))
    return pinhole(posed, FOCAL_PX, (np.array(SIZE) - 1) / 2)


def weight(fit: HeadFit, model, name: str) -> float:
    return float(fit.expression[model.expression_names.index(name)])


def test_pinhole_by_hand():
    # 10 cm to the right and 20 cm up at 2 m, 1,000 pixels of focal length: 50 right, 100 up of the middle
    assert pinhole(np.array([0.1, 0.2, -2.0]), 1000, np.array([320, 240])).tolist() == [370, 140]


@pytest.mark.parametrize("yaw", [-25, 0, 15])
def test_pose_of_the_mean_head(model, yaw):
    truth = np.radians([6, yaw, -5])
    fit = fit_head(seen(model, truth), SIZE, model)
    assert np.degrees(fit.rotation_rad) == pytest.approx(np.degrees(truth), abs=0.5)
    assert np.abs(fit.identity).max() < 0.1 and fit.expression.max() < 0.05
    assert fit.residual.mean_mm < 0.3
    assert fit.focal_px / -fit.translation_m[2] == pytest.approx(FOCAL_PX / (DISTANCE_M + 0.1), rel=0.03)


def test_open_mouth_and_smile(model):
    fit = fit_head(seen(model, (0, 0.1, 0), jawOpen=0.4), SIZE, model)
    assert weight(fit, model, "jawOpen") == pytest.approx(0.4, abs=0.08)
    smile = fit_head(seen(model, (0, 0.1, 0), mouthSmileLeft=0.7, mouthSmileRight=0.7), SIZE, model)
    assert 0.3 < weight(smile, model, "mouthSmileLeft") < 0.8
    assert weight(smile, model, "mouthSmileLeft") == pytest.approx(
        weight(smile, model, "mouthSmileRight"), abs=0.05
    )


def test_expression_stays_in_its_bounds_and_says_nothing_it_cannot_see(model):
    rng = np.random.default_rng(3)
    fit = fit_head(seen(model, (0, 0, 0), jawOpen=0.9) + rng.normal(0, 3, (468, 2)), SIZE, model)
    assert fit.expression.min() >= 0 and fit.expression.max() <= 1
    assert np.abs(fit.identity).max() <= 2.5
    hidden = [k for k, name in enumerate(model.expression_names) if name.startswith(("eyeLook", "tongue"))]
    assert (fit.expression[hidden] == 0).all() and (fit.expression[52:] == 0).all()


def test_identity_comes_nearer(model):
    rng = np.random.default_rng(8)
    identity = rng.standard_normal(80).astype(np.float32)
    fit = fit_head(seen(model, (0.05, 0.1, 0), identity), SIZE, model)
    places = mesh_points()
    truth, guess, mean = (
        places.of(head)[INNER] - places.of(head)[INNER].mean(axis=0)
        for head in (model.neutral(identity), model.neutral(fit.identity), model.mean)
    )
    scale = (guess * truth).sum() / (guess**2).sum()
    # depth is hardly seen from the front: across the picture the fit must halve the distance
    assert np.abs(scale * guess - truth)[:, :2].mean() < 0.5 * np.abs(mean - truth)[:, :2].mean()


def test_offsets_lay_the_head_on_the_points(model):
    rng = np.random.default_rng(4)
    points = seen(model, (0, 0, 0))
    bend = 4 * np.sin(points / 60) + rng.normal(0, 0.1, points.shape)  # what no identity does
    fit = fit_head(points + bend, SIZE, model)
    places = mesh_points()
    shown = vertices(fit, model)
    found = project(places.of(shown), fit)
    slide = places.slide(fit.rotation_rad) * [1, -1] * fit.focal_px / -places.of(shown)[:, 2].mean()
    assert np.linalg.norm(found + slide - points - bend, axis=1)[INNER].mean() < 0.5
    assert fit.residual.after_mm < 0.5 * fit.residual.mean_mm
    back = (at_rest(fit, model, fit.expression) - at_rest(fit, model)) @ np.eye(3)
    assert back == pytest.approx(model.vertices(None, fit.expression) - model.mean, abs=1e-6)


def test_a_closed_mouth_stays_closed(model):
    points = seen(model, (0, 0, 0))
    for upper, lower in MEETING:  # the detector draws closed lips a little apart
        points[upper, 1] -= 0.5
        points[lower, 1] += 0.5
    fit = fit_head(points, SIZE, model)
    lips = model.vertices(fit.identity, fit.expression)
    gap = lips[model.points["inner_lip_upper"], 1] - lips[model.points["inner_lip_lower"], 1]
    assert gap.max() < 0.0006  # metres


def test_same_points_same_head(model):
    points = seen(model, (0.1, 0.2, 0), jawOpen=0.2)
    first, second = fit_head(points, SIZE, model), fit_head(points, SIZE, model)
    assert first.identity.tobytes() == second.identity.tobytes()
    assert first.offsets_m.tobytes() == second.offsets_m.tobytes()


def test_mirrored_points_give_the_mirrored_head(model):
    points = seen(model, (0.05, 0.2, 0.03), jawOpen=0.2, mouthSmileLeft=0.5)
    twin = mesh_points().twin
    mirrored = points[twin] * [-1, 1] + [SIZE[0] - 1, 0]
    fit, other = fit_head(points, SIZE, model), fit_head(mirrored, SIZE, model)
    assert other.rotation_rad == pytest.approx(fit.rotation_rad * [1, -1, -1], abs=0.01)
    assert weight(other, model, "mouthSmileRight") == pytest.approx(
        weight(fit, model, "mouthSmileLeft"), abs=0.05
    )


def test_points_mirror_each_other(model):
    places = mesh_points()
    on_head = places.of(model.mean)
    assert (places.twin[places.twin] == np.arange(468)).all()
    assert on_head[places.twin] * [-1, 1, 1] == pytest.approx(on_head, abs=0.0005)
    lids = on_head[list(RIGHT_LID)]
    assert (lids[:, 0] < 0).all() and (on_head[list(LEFT_LID), 0] > 0).all()


def a_fit(yaw_deg: float = 0, mean_mm: float = 1.5, **weights: float) -> HeadFit:
    expression = np.zeros(64, np.float32)
    names = bfm.load("open").expression_names
    for name, value in weights.items():
        expression[names.index(name)] = value
    return HeadFit(
        np.zeros(80), expression, np.radians([0, yaw_deg, 0]), np.zeros(3), 1000.0, np.zeros(2), SIZE,
        np.zeros((9, 3)), np.zeros((1, 3)), Residual(mean_mm, 5.0, 0.2, 4.0),
    )  # fmt: skip


def test_notes_and_refusals():
    assert portrait_notes(a_fit(), "a.jpg") == ()
    assert "closed" in portrait_notes(a_fit(), "a.jpg", opening=0.15)[0]
    assert "open" in portrait_notes(a_fit(jawOpen=0.5), "a.jpg")[0]
    assert "30 degrees" in portrait_notes(a_fit(yaw_deg=-30), "a.jpg")[0]
    assert "badly" in portrait_notes(a_fit(mean_mm=2), "a.jpg")[0]
    with pytest.raises(UserError, match=r"^a\.jpg: what was found fits no human face \(off by 4\.0 mm"):
        portrait_notes(a_fit(mean_mm=4), "a.jpg")
    with pytest.raises(UserError, match=r"^a\.jpg: the face is turned by 45 degrees"):
        portrait_notes(a_fit(yaw_deg=45), "a.jpg")


def test_eyes_as_open_as_the_wider_one(model):
    points = seen(model, (0, 0, 0))
    assert 0.25 < eye_opening(points) < 0.45
    wink = seen(model, (0, 0, 0), eyeBlinkLeft=0.75)
    assert eye_opening(wink) == pytest.approx(eye_opening(points), abs=0.03)
    assert eye_opening(seen(model, (0, 0, 0), eyeBlinkLeft=0.75, eyeBlinkRight=0.75)) < 0.1


def test_noise_is_no_face(model):
    rng = np.random.default_rng(1)
    points = rng.uniform(100, 300, (468, 3)).astype(np.float32)
    face = Face(points[:68, :2], points, np.array([100, 100, 300, 300], np.float32), 20.0)
    with pytest.raises(UserError, match="fits no human face|is turned by"):
        fit_portrait3d(np.zeros((480, 640, 3), np.uint8), face, model)


def test_light_is_in_the_fit(model):
    points = np.column_stack([seen(model, (0, 0, 0)), np.zeros(468)]).astype(np.float32)
    face = Face(points[:68, :2], points, np.array([0, 0, 1, 1], np.float32), 20.0)
    picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    fit = fit_portrait3d(picture, face, model)
    assert fit.light.shape == (9, 3) and (fit.light[0] > 0).all()
    assert dataclasses.replace(fit, notes=()).size_px == SIZE
