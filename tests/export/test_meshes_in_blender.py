"""Blender's own USD importer and Mesh Cache modifier put the points where the model has them.

Needs `bpy` (the extra `blender`), here or in the Python that BLENDER_PYTHON names.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.export import export
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track
from tests.export.test_gltf_in_blender import PYTHON, has_bpy
from tests.export.tiny_face import TinyFace

FRAMES = (0, 30, 74)
IN_BLENDER = """
import json, sys
import bpy
import numpy as np

folder, frames = sys.argv[1], json.loads(sys.argv[2])
report = {}
for ending in ("usda", "mdd", "pc2"):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 25
    if ending == "usda":
        bpy.ops.wm.usd_import(filepath=folder + "/take.usda")
    else:
        bpy.ops.wm.obj_import(filepath=folder + "/take_rest.obj")
    (head,) = [thing for thing in bpy.data.objects if thing.type == "MESH"]
    if ending != "usda":
        cache = head.modifiers.new("cache", "MESH_CACHE")
        cache.cache_format, cache.filepath, cache.frame_start = ending.upper(), folder + "/take." + ending, 0
    seen = {"materials": [material.name for material in head.data.materials], "points": []}
    for frame in frames:
        scene.frame_set(frame)
        shown = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = shown.to_mesh()
        points = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", points)
        world = np.array(shown.matrix_world)
        seen["points"].append((points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]).tolist())
        shown.to_mesh_clear()
    report[ending] = seen
print("REPORT" + json.dumps(report))
"""


@pytest.mark.slow
@pytest.mark.skipif(not has_bpy(), reason="Blender as a module is not installed: pip install '.[blender]'")
def test_blender_moves_the_points_as_the_model_does(tmp_path: Path, full_take: Track, face: TinyFace) -> None:
    # Blender's sliders stop at 0 and 1
    take = full_take.replace(expression=np.clip(full_take.expression, 0, 1))
    export(take, tmp_path / "take.usda", face=face)
    for ending in ("mdd", "pc2"):  # the mesh and the texture beside them are the same
        export(take, tmp_path / f"take.{ending}", face=face, force=True)
    done = subprocess.run(
        [PYTHON, "-c", IN_BLENDER, tmp_path, json.dumps(FRAMES)],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("REPORT")]
    report = json.loads(line.removeprefix("REPORT"))
    moved = face.mean + np.tensordot(take.expression, face.expression_basis, 1)
    placed = np.einsum("tij,tvj->tvi", to_matrices(take.rotation), moved) + take.translation[:, None]
    x, y, z = np.moveaxis(placed[list(FRAMES)], -1, 0)
    for ending, seen in report.items():
        assert seen["materials"] == ["skin", "hair", "lashes"], ending
        # Blender's z is up and its -y is our +z
        np.testing.assert_allclose(seen["points"], np.stack([x, -z, y], axis=-1), atol=2e-6, err_msg=ending)
