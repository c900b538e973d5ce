"""Points that the embedded head itself shows, so that the truth is known and no picture is needed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import bfm
from sadtalker3d.clip.gaze import look_weights
from sadtalker3d.clip.person import Person, frames_of, person_of
from sadtalker3d.clip.poses import settle, slides
from sadtalker3d.face.fit_problem import FREE
from sadtalker3d.face.headfit import pinhole
from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rotation import to_matrices

FRAMES, SIZE_PX, FOCAL_PX = 16, (640, 360), 900.0
JAW = OPEN_64.index("jawOpen")
IDENTITY = (0.6 * np.random.default_rng(3).normal(size=80)).astype(np.float32)


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (T, 468, 3), poses (T, 6) and expression (T, 64)."""
    model, places = bfm.load("open"), mesh_points()
    rng = np.random.default_rng(4)
    t = np.arange(FRAMES) / FRAMES
    expression = np.zeros((FRAMES, 64), np.float32)
    expression[:, JAW] = 0.3 + 0.3 * np.sin(9 * t)
    expression[:, OPEN_64.index("browInnerUp")] = 0.4 * t
    poses = np.stack(
        [0.15 * np.sin(7 * t), 0.4 * np.sin(4 * t), 0.1 * np.cos(5 * t), 0.05 * t, -0.03 * t, -1.0 - 0.1 * t],
        axis=1,
    )
    shapes = places.of(model.vertices(IDENTITY, expression).astype(np.float64))
    placed = shapes @ to_matrices(poses[:, :3]).transpose(0, 2, 1) + poses[:, None, 3:]
    centre = (np.array(SIZE_PX) - 1) / 2
    depth = -placed[..., 2].mean(axis=1)[:, None, None]
    points = pinhole(placed, FOCAL_PX, centre) + slides(poses, places) * [1, -1] * FOCAL_PX / depth
    behind = -(placed[..., 2:] - placed[..., 2:].mean(axis=1, keepdims=True)) * FOCAL_PX / depth
    points = np.concatenate([points, behind], axis=2)
    return points + 0.2 * rng.normal(size=points.shape), poses, expression


@pytest.fixture(scope="module")
def person(seen: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Person:
    return person_of(seen[0][::2], SIZE_PX, bfm.load("open"))


def test_a_clip_of_the_head_gives_its_pose_and_jaw_back(
    seen: tuple[np.ndarray, np.ndarray, np.ndarray], person: Person
) -> None:
    points, poses, expression = seen
    found, weights, misfit_mm = frames_of(points, person)
    off_deg = np.degrees(found[:, :3] - poses[:, :3])
    # these are better points than a detector's, whose own errors the glance expects and takes off
    assert np.abs(off_deg).mean() < 2.0
    assert np.abs(off_deg - np.median(off_deg, axis=0)).mean() < 1.2
    jaw, wanted = weights[:, FREE.index(JAW)], expression[:, JAW]
    assert np.abs(jaw - wanted).mean() < 0.12  # the prior keeps it small; what is left goes to its neighbours
    assert np.corrcoef(jaw, wanted)[0, 1] > 0.98
    assert misfit_mm.max() < 1.0
    assert ((weights >= 0) & (weights <= 1)).all()


def test_a_known_shape_is_found_where_it_is(
    seen: tuple[np.ndarray, np.ndarray, np.ndarray], person: Person
) -> None:
    points, poses, expression = seen
    own = dataclasses.replace(person, focal_px=FOCAL_PX)
    shapes = mesh_points().of(bfm.load("open").vertices(IDENTITY, expression).astype(np.float64))
    start = poses + np.array([0.1, -0.1, 0.05, 0.02, 0.02, -0.1])
    found, misfit = settle(
        start, points, shapes, own.places, own.weights, FOCAL_PX, own.centre, 0.003, 8, own.firm
    )
    assert (
        np.degrees(np.abs(found[:, :3] - poses[:, :3])).max() < 1.3
    )  # the detector's noise, above all in its depth
    assert 1000 * misfit.mean() < 0.5
    elsewhere = poses[:, :3] + np.array([0.0, 0.2, 0.0])
    pulled, _ = settle(
        start, points, shapes, own.places, own.weights, FOCAL_PX, own.centre, 0.003, 8, own.firm, elsewhere
    )
    assert (pulled[:, 1] > found[:, 1] + 0.01).all()


def test_each_frame_is_solved_for_itself(
    seen: tuple[np.ndarray, np.ndarray, np.ndarray], person: Person
) -> None:
    points, _, _ = seen
    together, alone = frames_of(points[:6], person), frames_of(points[3:4], person)
    for whole, one in zip(together, alone, strict=True):
        assert whole[3] == pytest.approx(one[0], abs=1e-6)


def test_pupils_to_the_subjects_left_look_out_with_the_left_eye_and_in_with_the_right() -> None:
    weights = look_weights(np.array([[0.002, -0.001]]), bfm.load("open"))
    assert weights["eyeLookOutLeft"][0] > 0.2
    assert weights["eyeLookInRight"][0] > 0.2
    assert weights["eyeLookDownLeft"][0] > 0.1
    assert weights["eyeLookInLeft"][0] == weights["eyeLookUpRight"][0] == 0.0
