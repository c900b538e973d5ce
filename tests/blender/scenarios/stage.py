"""What every scenario needs: the installed extension, a character that is not ours, and a report."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import bpy

GIVEN = json.loads(os.environ.get("ST3D_GIVEN", "{}"))
ARKIT_SAMPLE = (
    "jawOpen",
    "mouthClose",
    "mouthPucker",
    "eyeBlink_L",
    "eyeBlink_R",
    "browInnerUp",
    "mouthSmile_L",
)


def install() -> None:
    """Blender as it comes, plus the extension from the zip."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="bl_pkg")
    bpy.ops.extensions.package_install_files(
        filepath=os.environ["ST3D_ZIP"], repo="user_default", enable_on_install=True
    )


def form() -> Any:
    return bpy.context.scene.sadtalker3d


def character(names: tuple[str, ...] = ARKIT_SAMPLE) -> tuple[Any, Any, Any]:
    """A head with ARKit names, teeth with one of them, and an armature with a tilted head bone."""
    head, teeth = _mesh("Face", (*names, "someCorrective")), _mesh("Teeth", ("jawOpen",))
    armature = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("Head")
    bone.head, bone.tail, bone.roll = (0, 0, 1.6), (0, 0.1, 1.8), 0.7
    bpy.ops.object.mode_set(mode="OBJECT")
    for thing in (head, teeth):
        thing.modifiers.new("Armature", "ARMATURE").object = armature
    select(head, teeth)
    return head, teeth, armature


def select(*things: Any) -> None:
    for thing in bpy.context.view_layer.objects:
        thing.select_set(thing in things)
    bpy.context.view_layer.objects.active = things[0]


def _mesh(name: str, keys: tuple[str, ...]) -> Any:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(thing)
    for key in ("Basis", *keys):
        thing.shape_key_add(name=key).value = 0.0
    return thing


def use_take(path: str | Path) -> None:
    bpy.ops.sadtalker3d.import_track(filepath=str(path))


def values(thing: Any, key: str, frames: list[float]) -> list[float]:
    """What a shape key shows at frames of the scene."""
    shown = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame), subframe=frame - int(frame))
        shown.append(thing.data.shape_keys.key_blocks[key].value)
    return shown


def report(**what: Any) -> None:
    print("REPORT" + json.dumps(what), flush=True)
    os._exit(0)  # bpy 4.2 crashes in its own farewell
