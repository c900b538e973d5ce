"""Quantized GLB: weights to 1/65535, and vertices to a hundredth of a millimetre."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sadtalker3d.export import gltf
from sadtalker3d.export.gltf_numbers import Exact, Quantized
from sadtalker3d.track import BASEL_NAMES, Track
from tests.export.tiny_face import TinyFace


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1, 1 / 65535), (-0.4, 0.9, 1 / 32767), (-0.1, 1.3, 0)])
def test_weights_come_back(tmp_path, face: TinyFace, low, high, step):
    rng = np.random.default_rng(4)
    track = Track(rng.uniform(low, high, (40, 64)), rng.normal(0, 0.2, (40, 3)), rng.normal(0, 0.01, (40, 3)))
    told: list[str] = []
    path = gltf.write(track, tmp_path / "take.glb", face=face, quantized=True, tell=told.append)
    back = gltf.read(path)
    assert np.abs(back.expression - track.expression).max() <= step / 2 + 1e-7
    np.testing.assert_allclose(back.rotation, track.rotation, atol=1e-6)
    np.testing.assert_array_equal(back.translation, track.translation)
    assert ("floats" in "".join(told)) == (step == 0)


def test_the_integers_stand_for_the_same_numbers():
    rng = np.random.default_rng(5)
    positions, shifts = rng.normal(0, 0.1, (100, 3)), rng.normal(0, 0.01, (4, 100, 3))
    numbers = Quantized.around(positions, shifts)
    (scale, *_) = numbers.node()["scale"]
    for values in (positions, shifts):
        stored = numbers.positions(values)
        assert stored.dtype == np.int16
        assert np.abs(stored / 32767 * scale - values).max() < 0.51 * scale / 32767
    normals = np.array([[0, 0.6, -0.8], [1, 0, 0], [1.7, 0, 0]])
    np.testing.assert_allclose(numbers.normals(normals) / 127, np.clip(normals, -1, 1), atol=0.51 / 127)
    np.testing.assert_allclose(numbers.fractions(np.array([0, 0.3, 1])) / 65535, [0, 0.3, 1], atol=1e-5)
    assert numbers.fractions(np.array([0, 1.2])).dtype == np.float32  # beyond what integers hold


def test_an_hours_weights_are_the_same_in_pieces():
    weights = np.random.default_rng(6).random((40_000, 3), np.float32)
    stored = Quantized(1.0).weights(weights)
    np.testing.assert_array_equal(stored, np.rint(weights.astype(np.float64) * 65535).astype(np.uint16))


def test_exact_copies_nothing():
    weights = np.random.default_rng(6).random((10, 3), np.float32)
    assert Exact().weights(weights) is weights


def test_basel_colours(tmp_path, take: Track):
    colours = np.full((50, 3), [255.0, 127.5, 0.0], np.float32)
    face = replace(TinyFace(), space="basel", expression_names=BASEL_NAMES, albedo_mean=colours)
    track = take.replace(space="basel", names=())
    back = gltf.read(gltf.write(track, tmp_path / "basel.glb", face=face, quantized=True))
    np.testing.assert_allclose(back.translation, track.translation, atol=1e-8)
    np.testing.assert_allclose(back.expression, track.expression, atol=1e-5)
