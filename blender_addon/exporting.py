"""Out of Blender again: the speaking character as GLB, and the take as CSV, JSON or a photoreal video."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper

from sadtalker3d import export as formats
from sadtalker3d.errors import UserError

from .bridge import Job
from .characters import meshes_of
from .generate import InBackground, portrait_file, usable_command, work_folder
from .manners import Mannered
from .properties import current_character, current_take, settings
from .takes import load_take

GLB_OPTIONS = {
    "use_selection": True,
    "export_animations": True,
    "export_morph": True,
    "export_morph_normal": True,
    "export_skins": True,
    "export_force_sampling": True,
    "export_anim_slide_to_zero": True,  # else the clip starts a frame late, and the sound leads
}
"""What the exporter needs to keep shapes and animation; older ones know fewer of these."""


class SADTALKER3D_OT_export_glb(Mannered, bpy.types.Operator, ExportHelper):
    """Export the character with its shape keys and animation as GLB, with the settings that keep both"""

    bl_idname = "sadtalker3d.export_glb"
    bl_label = "GLB"

    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        if current_character(context) is None:
            return "There is no character"
        return "" if context.mode == "OBJECT" else "Leave edit or pose mode first"

    def run(self, context: Any) -> str:
        character = current_character(context)
        path = Path(bpy.path.abspath(self.filepath)).with_suffix(".glb")
        wanted = [*meshes_of(character), *([character.head] if character.head else [])]
        wanted += [thing.parent for thing in wanted if thing.parent is not None]
        before = list(context.selected_objects), context.view_layer.objects.active
        for thing in before[0]:
            thing.select_set(False)
        try:
            for thing in wanted:
                thing.select_set(True)
            known = bpy.ops.export_scene.gltf.get_rna_type().properties.keys()
            bpy.ops.export_scene.gltf(
                filepath=str(path), export_format="GLB",
                **{option: value for option, value in GLB_OPTIONS.items() if option in known},
            )  # fmt: skip
        except RuntimeError as error:
            raise UserError(f"Blender's exporter failed: {str(error).strip().splitlines()[-1]}") from None
        finally:
            for thing in context.selected_objects:
                thing.select_set(False)
            for thing in before[0]:
                thing.select_set(True)
            context.view_layer.objects.active = before[1]
        exact = context.scene.render.fps_base == 1
        drift = (
            "" if exact else "; Blender's exporter misreads this frame rate: its clip drifts from the sound"
        )
        return f"{path.name} exported{drift}"


class SADTALKER3D_OT_export_track(Mannered, bpy.types.Operator, ExportHelper):
    """Save the take as track JSON or NPZ, or as Live Link Face CSV for Unreal"""

    bl_idname = "sadtalker3d.export_track"
    bl_label = "JSON, CSV"

    filename_ext = ".csv"
    filter_glob: StringProperty(default="*.json;*.npz;*.csv", options={"HIDDEN"})
    check_extension = None  # the ending chooses the format

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if current_take(context) else "There is no take"

    def run(self, context: Any) -> str:
        path = Path(bpy.path.abspath(self.filepath))
        formats.export(load_take(current_take(context)), path, force=True)
        return f"{path.name} written"


class SADTALKER3D_OT_render_video(InBackground, bpy.types.Operator, ExportHelper):
    """Make the person in the portrait say the take, as a video, in the background"""

    bl_idname = "sadtalker3d.render_video"
    bl_label = "Portrait Video"

    filename_ext = ".mp4"
    filter_glob: StringProperty(default="*.mp4", options={"HIDDEN"})

    @classmethod
    def missing(cls, context: Any) -> str:
        if current_take(context) is None:
            return "There is no take"
        return "" if settings(context).portrait else "Choose a portrait first"

    def invoke(self, context: Any, event: Any) -> set[str]:
        if self.filepath:
            return InBackground.invoke(self, context, event)
        return ExportHelper.invoke(self, context, event)

    def execute(self, context: Any) -> set[str]:
        if bpy.app.background or context.window is None:
            return Mannered.execute(self, context)
        return InBackground.invoke(self, context, None)

    def job(self, context: Any) -> Job:
        portrait, command = portrait_file(context), usable_command(context)
        out = Path(bpy.path.abspath(self.filepath)).with_suffix(".mp4")
        take = bpy.path.abspath(current_take(context).path)
        words = [*command, "render", take, "--portrait", str(portrait), "-o", str(out), "--force"]
        return Job(words, [out], work_folder(context) / "log.txt")

    def finish(self, context: Any, job: Job) -> str:
        return f"{job.outputs[0].name} made"


CLASSES = (SADTALKER3D_OT_export_glb, SADTALKER3D_OT_export_track, SADTALKER3D_OT_render_video)
