"""What is read from points at a glance, of points that the embedded head itself shows."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.face.glance import in_sight, reader, upright
from sadtalker3d.face.headfit import pinhole
from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rotation import to_matrices
from sadtalker3d.train.glance import GlanceConfig, Samples, learnt

FOCAL_PX, CENTRE = 900.0, np.array([319.5, 179.5])


def shown(rotation_rad: np.ndarray, place_m: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """(T, 468, 3) pixels of the mean head where the detector usually puts the points."""
    model, places = bfm.load("open"), mesh_points()
    expression = np.zeros((len(jaw), 64), np.float32)
    expression[:, OPEN_64.index("jawOpen")] = jaw
    shapes = places.of(model.vertices(None, expression).astype(np.float64))
    placed = shapes @ to_matrices(rotation_rad).transpose(0, 2, 1) + place_m[:, None]
    depth = -placed[..., 2].mean(axis=1)[:, None, None]
    slid = np.stack([places.slide(turn) for turn in rotation_rad]) * [1, -1] * FOCAL_PX / depth
    behind = -(placed[..., 2:] - placed[..., 2:].mean(axis=1, keepdims=True)) * FOCAL_PX / depth
    return np.concatenate([pinhole(placed, FOCAL_PX, CENTRE) + slid, behind], axis=2)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    turns = np.radians(
        [[0.0, 0.0, 0.0], [0.0, 20.0, 0.0], [8.0, 0.0, 0.0], [0.0, 0.0, 12.0], [0.0, 0.0, 0.0]]
    )
    return shown(turns, np.array([[0.0, 0.0, -1.0]] * 5), np.array([0.0, 0.0, 0.0, 0.0, 0.5]))


def test_turns_and_the_jaw_are_read(faces: np.ndarray) -> None:
    found = reader().read(faces)
    turned = np.degrees(found.rotation_rad - found.rotation_rad[0])
    assert turned[1, 1] == pytest.approx(20, abs=4)
    assert turned[2, 0] == pytest.approx(8, abs=4)
    assert turned[3, 2] == pytest.approx(12, abs=1.5)
    assert (
        0.15 < found.jaw_open[4] - found.jaw_open[0] < 0.6
    )  # the detector draws renders' mouths wider than these
    assert 0.4 < found.distance_m[0] < 2.0


def test_size_place_and_roll_of_the_points_do_not_matter(faces: np.ndarray) -> None:
    angle = np.radians(30)
    turn = np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )  # the picture, clockwise
    other = faces * 1.7
    other[..., :2] = other[..., :2] @ turn + [40, -30]
    shapes, roll = upright(faces)
    others, more = upright(other)
    assert others == pytest.approx(shapes, abs=1e-6)
    assert np.degrees(roll - more) == pytest.approx(30)


def test_a_face_in_the_mirror_turns_the_other_way(faces: np.ndarray) -> None:
    mirrored = faces[:, mesh_points().twin] * [-1, 1, 1]
    one, other = reader().read(faces), reader().read(mirrored)
    assert other.rotation_rad == pytest.approx(one.rotation_rad * [1, -1, -1], abs=np.radians(1))
    assert other.jaw_open == pytest.approx(one.jaw_open, abs=0.03)


def test_a_head_beside_the_axis_that_looks_at_the_camera_is_turned_toward_it(faces: np.ndarray) -> None:
    found, pixels = reader().read(faces[:1]), 200
    moved = found.toward(faces[:1] + np.array([pixels, 0, 0]), FOCAL_PX, CENTRE)
    middle = found.toward(faces[:1], FOCAL_PX, CENTRE)
    assert np.degrees(moved - middle)[0, 1] == pytest.approx(
        -np.degrees(np.arctan(pixels / FOCAL_PX)), abs=0.5
    )
    place = np.array([[np.tan(0.2), 0.0, -1.0]])
    assert in_sight(np.array([[0.0, -0.2, 0.0]]), place) == pytest.approx(0, abs=1e-9)


def test_a_relation_that_is_linear_is_learnt() -> None:
    rng = np.random.default_rng(1)
    t = rng.uniform(-1, 1, 80)
    turns = np.stack([0 * t, 0.4 * t, 0 * t], axis=1)
    points = shown(turns, np.array([[0.0, 0.0, -1.0]] * len(t)), np.zeros(len(t)))
    wanted = np.column_stack([0 * t, turns, 0 * t])
    wanted[:, 3] -= upright(points)[1]
    samples = Samples(np.arange(len(t)), np.ones(len(t), bool), points, wanted)
    made = learnt(samples, GlanceConfig(components=20))
    assert np.degrees(np.abs(made.read(points).rotation_rad - turns)).max() < 0.5
