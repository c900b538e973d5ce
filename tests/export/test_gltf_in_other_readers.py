"""GLB through readers of others: pygltflib for the structure, trimesh for the mesh."""

from __future__ import annotations

import numpy as np
import pygltflib
import trimesh

from sadtalker3d.export import gltf
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track
from tests.export.tiny_face import TinyFace


def test_pygltflib_finds_head_targets_and_keys(tmp_path, full_take: Track, face: TinyFace) -> None:
    document = pygltflib.GLTF2().load(str(gltf.write(full_take, tmp_path / "mój take.glb", face=face)))
    (mesh,) = document.meshes
    assert mesh.extras["targetNames"] == list(OPEN_64)
    assert {len(primitive.targets) for primitive in mesh.primitives} == {64}
    (animation,) = document.animations
    channels = {channel.target.path: animation.samplers[channel.sampler] for channel in animation.channels}
    assert set(channels) == {"rotation", "translation", "weights"}
    keys = document.accessors[channels["weights"].input]
    assert (keys.min, keys.max, keys.count) == ([0.0], [np.float32(74 / 25)], 75)
    assert document.accessors[channels["weights"].output].count == 75 * 64
    view = document.bufferViews[document.accessors[channels["translation"].output].bufferView]
    start = view.byteOffset + document.accessors[channels["translation"].output].byteOffset
    moved = np.frombuffer(document.binary_blob(), "<f4", 75 * 3, start).reshape(75, 3)
    np.testing.assert_array_equal(moved, full_take.translation)


def test_trimesh_sees_the_same_head(tmp_path, take: Track, face: TinyFace) -> None:
    scene = trimesh.load(gltf.write(take, tmp_path / "take.glb", face=face), process=False)
    found = np.concatenate([part.vertices for part in scene.geometry.values()])
    assert sum(len(part.faces) for part in scene.geometry.values()) == len(face.faces)
    assert {tuple(row) for row in found.astype(np.float32)} == {tuple(row) for row in face.mean}
