"""Blender opens a character that speaks: its shape keys and bones have the track's values.

Needs `bpy` (the extra `blender`), here or in the Python that BLENDER_PYTHON names.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sadtalker3d.export.onto import write
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.test_gltf_in_blender import PYTHON, has_bpy

IN_BLENDER = """
import json, sys
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = 25
bpy.ops.import_scene.gltf(filepath=sys.argv[1])
(armature,) = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
meshes = {mesh.name: mesh for mesh in bpy.data.meshes if mesh.shape_keys}
report = {"actions": sorted(track.name for track in armature.animation_data.nla_tracks)}
for owner in [armature, *(mesh.shape_keys for mesh in meshes.values())]:
    # Blender puts a file's animations into muted tracks, and shows the first: choose ours
    (strip,) = [t.strips[0] for t in owner.animation_data.nla_tracks if t.name == "take"]
    owner.animation_data.action = strip.action
    owner.animation_data.action_slot = strip.action_slot
heads = []
for frame in (0, 30):
    scene.frame_set(frame)
    bone = armature.pose.bones["mixamorig:Head"]
    turn = (armature.matrix_world @ bone.matrix).to_quaternion().to_matrix()
    heads.append([list(row) for row in turn])
report["heads"] = heads
report["keys"] = {
    name: {block.name: block.value for block in mesh.shape_keys.key_blocks[1:]} for name, mesh in meshes.items()
}
print("REPORT" + json.dumps(report))
"""


@pytest.mark.slow
@pytest.mark.skipif(not has_bpy(), reason="Blender as a module is not installed: pip install '.[blender]'")
def test_blender_plays_the_take_on_every_mesh_and_on_the_head(tmp_path: Path, full_take: Track):
    rotation = full_take.rotation.copy()
    rotation[0] = 0  # the pose at rest
    full_take = full_take.replace(rotation=rotation)
    avatar = characters.full_body(tmp_path / "avatar.glb")
    out = tmp_path / "talking ü.glb"
    write(full_take, out, avatar=avatar, name="take")
    done = subprocess.run([PYTHON, "-c", IN_BLENDER, out], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("REPORT")]
    report = json.loads(line.removeprefix("REPORT"))
    assert {"take", "Idle"} <= set(report["actions"])
    expected = dict(zip(ARKIT_52, np.clip(to_arkit(full_take)[30], 0, 1), strict=True))  # Blender's sliders
    face, teeth = report["keys"]["Face"], report["keys"]["Teeth"]
    for name in ("jawOpen", "mouthFunnel", "mouthPucker"):
        assert face[name] == pytest.approx(expected[name], abs=1e-5)
    assert face["mouthSmile_L"] == pytest.approx(expected["mouthSmileLeft"], abs=1e-5)
    assert teeth["jawOpen"] == pytest.approx(expected["jawOpen"], abs=1e-5)
    # Blender's z is up and its -y is our +z
    blender = Rotation.from_euler("x", 90, degrees=True)
    still, turned = (Rotation.from_matrix(matrix) for matrix in report["heads"])
    found = blender.inv() * turned * still.inv() * blender
    axes = characters.front(avatar)
    wanted = axes * Rotation.from_euler("xyz", full_take.rotation[30]) * axes.inv()
    assert wanted.magnitude() > 0.2
    assert (found * wanted.inv()).magnitude() < 1e-4
