"""What the embedded head promises: closed lips, closing lids, symmetry, a small file."""

import numpy as np
import pytest

import bfm
from bfm.open import HEAD

CLOSED = ("mouthSmile", "mouthPress", "mouthFrown", "mouthDimple", "mouthSeal")


@pytest.fixture(scope="module")
def face():
    return bfm.load("open")


def weights(face, **named):
    row = np.zeros(64, np.float32)
    for k, name in enumerate(face.expression_names):
        row[k] = named.get(name, named.get(name.removesuffix("Left").removesuffix("Right"), 0.0))
    return row


def gap_mm(face, vertices):
    upper, lower = face.points["inner_lip_upper"], face.points["inner_lip_lower"]
    return np.linalg.norm(vertices[upper] - vertices[lower], axis=-1).max() * 1000


def test_lips_meet_for_every_identity(face):
    rng = np.random.default_rng(0)
    for _ in range(20):
        identity = rng.normal(size=80)
        assert gap_mm(face, face.neutral(identity)) < 0.05
        assert gap_mm(face, face.vertices(identity, weights(face, jawOpen=1, mouthClose=1))) < 0.2


@pytest.mark.parametrize("name", CLOSED)
def test_closed_shapes_keep_the_lips_closed(face, name):
    assert gap_mm(face, face.vertices(None, weights(face, **{name: 1.0}))) < 0.05


def test_the_open_jaw_parts_the_lips(face):
    assert gap_mm(face, face.vertices(None, weights(face, jawOpen=1))) > 20


def test_left_and_right_are_mirror_images(face):
    from scipy.spatial import cKDTree

    mirrored = face.mean * [-1, 1, 1]
    distance, _ = cKDTree(face.mean).query(mirrored)
    assert distance.max() < 1e-5


def test_layout(face):
    assert HEAD.stat().st_size < 12e6
    assert face.uv.min() >= 0 and face.uv.max() <= 1
    assert sum(map(len, face.parts.values())) == len(face.faces)
    assert set(face.parts) == set(face.materials)
    normals = face.normals(face.mean)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-4)
