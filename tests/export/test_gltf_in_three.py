"""three.js, which is not ours, plays our GLBs exactly as the track says: shapes, head and vertices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bfm
from sadtalker3d.export import gltf
from sadtalker3d.rig import OPEN_64
from sadtalker3d.rotation import to_matrices, to_quaternions
from sadtalker3d.track import Track
from tests.export.node import needs_three, three_js
from tests.export.tiny_face import TinyFace

pytestmark = needs_three
FRAMES = (0, 1, 30, 74)


def times(track: Track) -> np.ndarray:
    return (np.array(FRAMES) / track.fps).astype(np.float32)


def assert_plays(seen: Any, track: Track, atol: float) -> None:
    assert seen["names"] == list(OPEN_64)
    for frame, shown in zip(FRAMES, seen["frames"], strict=True):
        for influences in shown["influences"]:
            np.testing.assert_allclose(influences, track.expression[frame], atol=atol)
        wanted = to_quaternions(track.rotation[frame : frame + 1])[0]
        found = np.array(shown["quaternion"])
        np.testing.assert_allclose(found * np.sign(found @ wanted), wanted, atol=1e-6)
        np.testing.assert_allclose(shown["position"], track.translation[frame], atol=1e-7)


def test_every_mesh_takes_the_tracks_weights_and_pose(tmp_path, full_take: Track, face: TinyFace):
    seen = three_js(gltf.write(full_take, tmp_path / "take.glb", face=face), times(full_take))
    assert seen["meshes"] == 3
    assert_plays(seen, full_take, atol=1e-6)


def test_quantized(tmp_path, full_take: Track, face: TinyFace):
    take = full_take.replace(expression=np.clip(full_take.expression, 0, 1))
    path = gltf.write(take, tmp_path / "take.glb", face=face, quantized=True)
    assert_plays(three_js(path, times(take)), take, atol=1 / 65535)


@pytest.mark.parametrize(("quantized", "most_mm", "most_mb"), [(False, 0.002, 10), (True, 0.02, 5)])
def test_vertices_of_the_embedded_head_go_where_the_model_moves_them(
    tmp_path, full_take: Track, quantized, most_mm, most_mb
):
    face = bfm.load("open")
    take = full_take.replace(expression=np.clip(full_take.expression, 0, 1))
    chosen = face.landmarks68[[8, 19, 30, 48, 57]]
    path = gltf.write(take, tmp_path / "take.glb", face=face, quantized=quantized)
    seen = three_js(path, times(take), face.mean[chosen].tolist())
    moved = face.vertices(None, take.expression[list(FRAMES)])[:, chosen]
    turned = np.einsum("tij,tvj->tvi", to_matrices(take.rotation[list(FRAMES)]), moved)
    wanted = turned + take.translation[list(FRAMES), None]
    found = np.array([shown["vertices"] for shown in seen["frames"]])
    assert np.abs(wanted - face.mean[chosen]).max() > 0.01  # they do move
    assert 1000 * np.abs(found - wanted).max() < most_mm
    assert path.stat().st_size < 1e6 * most_mb


def test_eight_shapes(tmp_path, speaking: Track):
    path = gltf.write(speaking, tmp_path / "take.glb", profile="visemes")
    seen = three_js(path, [10 / 25])
    assert seen["names"][0] == "viseme_aa" and len(seen["names"]) == 8
    assert {len(influences) for influences in seen["frames"][0]["influences"]} == {8}
