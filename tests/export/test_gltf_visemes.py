"""Eight shapes in place of 64: the lips stay where they were, and each shape is the viseme it is called after."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.export import gltf
from sadtalker3d.export.gltf_visemes import SEEDS, fit
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track


@pytest.fixture(scope="module")
def face():
    return bfm.load("open")


def test_the_loss_is_what_the_vertices_say(speaking: Track, face):
    shapes, weights, loss = fit(speaking, face)
    lips = np.exp(
        -((np.linalg.norm(face.mean[:, None] - face.mean[face.landmarks68[48:]], axis=2).min(1) / 0.012) ** 2)
    )
    wanted = face.vertices(None, speaking.expression)
    shown = face.mean + np.tensordot(weights, shapes.shifts(face), 1)
    apart = 1000 * np.linalg.norm(wanted - shown, axis=2)
    assert loss.head_mm == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-3)
    assert loss.lips_mm == pytest.approx(np.sqrt((apart[:, lips > 0.5] ** 2).mean()), rel=1e-3)
    assert loss.lips_mm < 0.15 * loss.lips_moved_mm
    assert weights.min() >= 0 and weights.max() <= 1


def test_the_mouth_opens_and_closes_as_before(speaking: Track, face):
    shapes, weights, _ = fit(speaking, face)
    assert shapes.mixture is not None
    before, after = (
        Mouth.of(face).measure(e).gap_mm for e in (speaking.expression, weights @ shapes.mixture)
    )
    assert np.ptp(before) > 8
    assert np.abs(before - after).max() < 1.5


def test_each_shape_is_still_its_viseme(speaking: Track, face):
    shapes, _, _ = fit(speaking, face)
    for name, shift in zip(shapes.names, shapes.shifts(face), strict=True):
        seed = sum(w * face.expression_basis[OPEN_64.index(column)] for column, w in SEEDS[name].items())
        alike = (shift * seed).sum() / (np.linalg.norm(shift) * np.linalg.norm(seed))
        assert alike > 0.7, name


def test_a_take_at_rest(face):
    still = Track(np.zeros((3, 64)), np.zeros((3, 3)), np.zeros((3, 3)))
    shapes, weights, loss = fit(still, face)
    assert not weights.any() and loss.lips_mm == 0
    assert np.isfinite(shapes.mixture).all()


def test_read_gives_a_track_of_64_columns_back(tmp_path, speaking: Track, face):
    told: list[str] = []
    path = gltf.write(speaking, tmp_path / "eight.glb", face=face, profile="visemes", tell=told.append)
    back = gltf.read(path)
    assert (back.names, back.fps, len(back)) == (speaking.names, speaking.fps, len(speaking))
    gaps = [Mouth.of(face).measure(track.expression).gap_mm for track in (speaking, back)]
    assert np.abs(gaps[0] - gaps[1]).max() < 1.5
    assert "mm off" in told[0]
    assert path.stat().st_size < 6_000_000  # 64 shapes take 9


def test_unknown_profile(tmp_path, speaking: Track):
    with pytest.raises(UserError, match="full or visemes"):
        gltf.write(speaking, tmp_path / "x.glb", profile="mpeg4")
    assert list(tmp_path.iterdir()) == []
