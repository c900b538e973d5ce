"""The head of the person in a portrait: fitted by the command line, imported as GLB."""

from pathlib import Path
from typing import Any

import bpy

from sadtalker3d.errors import UserError

from .bridge import Job
from .characters import character_of
from .generate import InBackground, portrait_file, usable_command, work_folder
from .new_head import HEAD_HEIGHT_M
from .properties import settings


class SADTALKER3D_OT_likeness(InBackground, bpy.types.Operator):
    """Add the head of the person in the portrait, ready to speak; made in the background"""

    bl_idname = "sadtalker3d.likeness"
    bl_label = "Head from Portrait"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def missing(cls, context: Any) -> str:
        if context.mode != "OBJECT":
            return "Leave edit or pose mode first"
        return "" if settings(context).portrait else "Choose a portrait first"

    def job(self, context: Any) -> Job:
        portrait, command = portrait_file(context), usable_command(context)
        out = work_folder(context) / f"{portrait.stem}_head.glb"
        words = [*command, "head", "-o", str(out), "--portrait", str(portrait), "--force"]
        return Job(words, [out], work_folder(context) / "log.txt")

    def finish(self, context: Any, job: Job) -> str:
        head = import_head(context, job.outputs[0])
        return character_of(context, head)


def import_head(context: Any, path: Path) -> Any:
    """Import a head's GLB as one mesh object at a person's height, without its animation."""
    before = set(bpy.data.objects)
    actions = set(bpy.data.actions)
    try:
        bpy.ops.import_scene.gltf(filepath=str(path))
    except (RuntimeError, AttributeError) as error:
        raise UserError(f"Blender cannot import {path.name}: {str(error).strip().splitlines()[-1]}") from None
    added = [thing for thing in bpy.data.objects if thing not in before]
    head = next(thing for thing in added if thing.type == "MESH" and thing.data.shape_keys)
    for thing in (head, head.data.shape_keys):
        thing.animation_data_clear()
    for action in [action for action in bpy.data.actions if action not in actions]:
        bpy.data.actions.remove(action)
    head.name = path.stem.removesuffix("_head")
    head.rotation_mode = "XYZ"
    head.location = (0, 0, HEAD_HEIGHT_M)
    return head


CLASSES = (SADTALKER3D_OT_likeness,)
