"""Random heads are people: no creased skin, eyes and mouth of human size, corners of the mouth neither up nor down."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from bfm.model import FaceModel

PEOPLE = 40


@pytest.fixture(scope="module")
def face() -> FaceModel:
    return bfm.load("open")


@pytest.fixture(scope="module")
def heads(face: FaceModel) -> list[np.ndarray]:
    rng = np.random.default_rng(12)
    return [face.neutral(rng.normal(size=80)) for _ in range(PEOPLE)]


def area_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    return np.cross(b - a, c - a) / 2


def test_no_identity_creases_the_face(face: FaceModel, heads: list[np.ndarray]) -> None:
    triangles = face.faces[face.parts["skin"]]
    mean = area_normals(face.mean, triangles)
    area = np.linalg.norm(mean, axis=1)
    middle = face.mean[triangles].mean(axis=1)
    front = (mean[:, 2] > 0.2 * area) & (middle[:, 2] > 0.06)
    for vertices in heads:
        turned = front & ((area_normals(vertices, triangles) * mean).sum(axis=1) < 0)
        assert area[turned].sum() * 1e6 < 4  # mm2; the lips' seam and the nostrils' rims turn over a little


def test_faces_have_human_measures(face: FaceModel, heads: list[np.ndarray]) -> None:
    points = np.array([face.landmarks(v) for v in heads]) * 1000
    pupils = points[:, 42:48].mean(axis=1) - points[:, 36:42].mean(axis=1)
    mouth = np.linalg.norm(points[:, 54] - points[:, 48], axis=1)
    long = (points[:, 27, 1] - points[:, 8, 1]) / np.ptp(points[:, :17, 0], axis=1)  # nasion to chin by width
    assert ((pupils[:, 0] > 52) & (pupils[:, 0] < 68)).all()
    assert ((mouth > 37) & (mouth < 52)).all()
    assert ((long > 0.62) & (long < 0.92)).all()


def test_mouths_are_quiet(face: FaceModel, heads: list[np.ndarray]) -> None:
    points = np.array([face.landmarks(v) for v in heads]) * 1000
    corners = points[:, [48, 54], 1].mean(axis=1) - points[:, [62, 66], 1].mean(axis=1)
    assert abs(corners.mean()) < 2
    assert np.abs(corners).max() < 3.5
