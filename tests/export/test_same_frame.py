"""A character that speaks has every vertex at the same place in Blender, in three.js and in USD, frame by frame.

Blender opens the GLB and makes a USD file of it, which Pixar's own library evaluates. usd-core has no window: its
points are what usdview draws. Needs `bpy` (here or in the Python that BLENDER_PYTHON names), usd-core and three.js.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.export.onto import write
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.node import needs_three, run
from tests.export.test_gltf_in_blender import PYTHON, has_bpy
from tests.export.test_onto import Played

pxr = pytest.importorskip("pxr", reason="usd-core is not installed: pip install '.[test]'")
from pxr import Usd, UsdGeom, UsdSkel  # noqa: E402

FRAMES = (3, 22, 25)  # of `speaking`: an open vowel, lips together and a blink, rounded lips
IN_BLENDER = """
import sys
import bpy
import numpy as np

talking, usd, points, *frames = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = 25
bpy.ops.import_scene.gltf(filepath=talking)
scene.frame_start, scene.frame_end = 0, 49
for owner in [*bpy.data.objects, *bpy.data.shape_keys]:
    # Blender puts a file's animations into muted tracks, and shows the first: choose ours
    for track in owner.animation_data.nla_tracks if owner.animation_data else ():
        if track.name == "take":
            owner.animation_data.action = track.strips[0].action
            owner.animation_data.action_slot = track.strips[0].action_slot
shown = {}
for frame in map(int, frames):
    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    for thing in bpy.data.objects:
        # the importer shows bones as a ball of its own
        if thing.type == "MESH" and not thing.name.startswith("Icosphere"):
            moved = thing.evaluated_get(graph)
            flat = np.empty(3 * len(moved.data.vertices), np.float32)
            moved.data.vertices.foreach_get("co", flat)
            world = np.array(moved.matrix_world)
            shown[f"{thing.name} {frame}"] = flat.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
np.savez(points, **shown)
bpy.ops.wm.usd_export(
    filepath=usd, export_animation=True, export_shapekeys=True, export_armatures=True, only_deform_bones=False
)
"""


def y_up(points: np.ndarray) -> np.ndarray:
    """Blender's z is up and its -y is our +z."""
    return points @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])


def usd_points(stage: Usd.Stage, frame: int) -> dict[str, np.ndarray]:
    """World points (P, 3) of each mesh as UsdSkel computes them: blend shapes, then joints."""
    found = {}
    for mesh in filter(UsdGeom.Mesh, map(UsdGeom.Mesh, stage.Traverse())):
        world = np.array(mesh.ComputeLocalToWorldTransform(frame))
        found[mesh.GetPrim().GetName()] = np.array(mesh.GetPointsAttr().Get()) @ world[:3, :3] + world[3, :3]
    for root in filter(UsdSkel.Root, map(UsdSkel.Root, stage.Traverse())):
        cache = UsdSkel.Cache()
        cache.Populate(root, Usd.PrimDefaultPredicate)
        for binding in cache.ComputeSkelBindings(root, Usd.PrimDefaultPredicate):
            skeleton = cache.GetSkelQuery(binding.GetSkeleton())
            world = np.array(UsdGeom.Xformable(binding.GetSkeleton()).ComputeLocalToWorldTransform(frame))
            for skinning in binding.GetSkinningTargets():
                prim = skinning.GetPrim()
                points = UsdGeom.Mesh(prim).GetPointsAttr().Get()
                shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(prim))
                if shapes.GetNumBlendShapes():
                    weights = skeleton.GetAnimQuery().ComputeBlendShapeWeights(frame)
                    mapped = skinning.GetBlendShapeMapper()
                    parts = shapes.ComputeSubShapeWeights(mapped.Remap(weights) if mapped else weights)
                    where, how_far = (
                        shapes.ComputeBlendShapePointIndices(), shapes.ComputeSubShapePointOffsets()
                    )  # fmt: skip
                    assert shapes.ComputeDeformedPoints(*parts, where, how_far, points)
                assert skinning.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(frame), points, frame)
                found[prim.GetName()] = np.array(points) @ world[:3, :3] + world[3, :3]
    return found


@pytest.mark.slow
@needs_three
@pytest.mark.skipif(not has_bpy(), reason="Blender as a module is not installed: pip install '.[blender]'")
@pytest.mark.parametrize("make", [characters.full_body, characters.visemes_only])
def test_every_vertex_is_at_the_same_place(tmp_path: Path, speaking: Track, make: Callable[[Path], Path]):
    talking, usd, npz = (tmp_path / name for name in ("talking.glb", "talking.usdc", "points.npz"))
    write(speaking, talking, avatar=make(tmp_path / "avatar.glb"), name="take")
    done = subprocess.run(
        [PYTHON, "-c", IN_BLENDER, talking, usd, npz, *map(str, FRAMES)],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    blender = np.load(npz)
    three = run("points.mjs", talking, "take", *(str(np.float32(frame / 25)) for frame in FRAMES))
    stage = Usd.Stage.Open(str(usd))
    names = {key.split()[0] for key in blender}
    assert names == {"Face", "Teeth", "Lashes", "Tongue"} or names == {"Bob", "Hair"}
    for number, frame in enumerate(FRAMES):
        pixar = usd_points(stage, frame)
        assert set(pixar) == names
        for name in names:
            shown = blender[f"{name} {frame}"]
            parts = [
                np.reshape(three[part][number], (-1, 3)) for part in sorted(three) if part.startswith(name)
            ]
            np.testing.assert_allclose(
                np.concatenate(parts), y_up(shown), atol=5e-6, err_msg=f"{name} {frame}"
            )
            np.testing.assert_allclose(pixar[name], shown, atol=5e-6, err_msg=f"{name} {frame}")
    moved = [np.ptp([blender[f"{name} {frame}"] for frame in FRAMES], axis=0).max() for name in names]
    assert min(moved) > 1e-3

    played = Played(talking.read_bytes())
    animation = UsdSkel.Animation(next(p for p in stage.Traverse() if p.IsA(UsdSkel.Animation)))
    shapes, weights = animation.GetBlendShapesAttr().Get(), animation.GetBlendShapeWeightsAttr()
    for frame in FRAMES:
        found = dict(zip(shapes, weights.Get(frame), strict=True))
        for name, keys in played.weights(played.nodes("weights")[0], np.array([frame / 25])).items():
            assert found[name] == pytest.approx(keys[0], abs=1e-5), name
