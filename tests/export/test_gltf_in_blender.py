"""Blender imports our GLB with every shape, key and angle, and what it exports again reads the same.

Needs `bpy` (the extra `blender`), here or in the Python that BLENDER_PYTHON names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.export import gltf
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track

PYTHON = os.environ.get("BLENDER_PYTHON", sys.executable)
IN_BLENDER = """
import json, sys
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = 25
bpy.ops.import_scene.gltf(filepath=sys.argv[1])
(head,) = [thing for thing in bpy.data.objects if thing.type == "MESH"]
scene.frame_set(30)
report = {
    "name": head.name,
    "keys": {block.name: block.value for block in head.data.shape_keys.key_blocks[1:]},
    "rotation": list(head.rotation_quaternion),
    "location": list(head.location),
    "materials": [material.name for material in head.data.materials],
    "frames": list(head.data.shape_keys.animation_data.action.frame_range),
}
bpy.ops.export_scene.gltf(filepath=sys.argv[2])
print("REPORT" + json.dumps(report))
"""


def has_bpy() -> bool:
    found = subprocess.run(
        [PYTHON, "-c", "import importlib.util as u; print(u.find_spec('bpy') is not None)"],
        capture_output=True,
        text=True,
    )
    return found.stdout.strip() == "True"


@pytest.mark.slow
@pytest.mark.skipif(not has_bpy(), reason="Blender as a module is not installed: pip install '.[blender]'")
def test_blender_sees_the_track_and_gives_it_back(tmp_path: Path, full_take: Track, face):
    path, again = gltf.write(full_take, tmp_path / "głowa 1.glb", face=face), tmp_path / "again.glb"
    done = subprocess.run(
        [PYTHON, "-c", IN_BLENDER, path, again], capture_output=True, text=True, check=True, timeout=120
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("REPORT")]
    report = json.loads(line.removeprefix("REPORT"))
    assert report["name"] == "Head"
    assert report["materials"] == ["skin", "hair", "lashes"]
    assert report["frames"] == [0, 74]
    # scene frame 30 lies 30 / 25 s after the start; Blender's z is up and its -y is our +z
    shown = np.clip(full_take.expression, 0, 1)  # the range of Blender's sliders
    np.testing.assert_allclose([report["keys"][name] for name in OPEN_64], shown[30], atol=1e-5)
    x, y, z = full_take.translation[30]
    np.testing.assert_allclose(report["location"], [x, -z, y], atol=1e-6)
    back = gltf.read(again)
    frames = min(len(back), len(full_take))
    assert abs(len(back) - len(full_take)) <= 1
    np.testing.assert_allclose(np.clip(back.expression[:frames], 0, 1), shown[:frames], atol=1e-5)
    np.testing.assert_allclose(back.rotation[:frames], full_take.rotation[:frames], atol=1e-5)
