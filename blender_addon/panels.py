"""The sidebar: speech, performance, generate, character, apply, export."""

from __future__ import annotations

from typing import Any

import bpy

from .generate import running
from .properties import current_character, current_take, settings

PIXELS_A_LETTER = 7.5  # of Blender's font at scale 1, on average


class _Section:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "SadTalker 3D"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return context.scene is not None


class SADTALKER3D_PT_speech(_Section, bpy.types.Panel):
    """What is said."""

    bl_label = "Speech"

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        row = layout.row()
        row.enabled = not form.use_strip
        row.prop(form, "speech", text="")
        layout.prop(form, "use_strip")


class SADTALKER3D_PT_performance(_Section, bpy.types.Panel):
    """How it is said."""

    bl_label = "Performance"

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        layout.use_property_split = True
        layout.prop(form, "style")
        layout.prop(form, "seed")
        amounts = layout.column(align=True)
        for amount in ("mouth", "upper_face", "head", "blink", "gaze"):
            amounts.prop(form, amount, slider=True)
        layout.prop(form, "still")
        layout.prop(form, "emotion")
        if form.emotion != "NONE":
            layout.prop(form, "intensity", slider=True)
        layout.prop(form, "look")


class SADTALKER3D_PT_generate(_Section, bpy.types.Panel):
    """The button, how far it is, and the takes."""

    bl_label = "Generate"

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        if running:
            _draw_running(layout)
        else:
            row = layout.row()
            row.scale_y = 1.4
            row.operator("sadtalker3d.generate", icon="PLAY")
        if form.message:
            _draw_message(layout, form, _letters(context))
        row = layout.row()
        row.template_list("UI_UL_list", "sadtalker3d_takes", form, "takes", form, "take", rows=2)
        side = row.column(align=True)
        side.operator("sadtalker3d.import_track", text="", icon="IMPORT")
        side.operator("sadtalker3d.forget_take", text="", icon="REMOVE")
        take = current_take(context)
        if take is not None:
            layout.label(text=f"{take.frames} frames, {take.frames / take.fps:.1f} s at {take.fps:g}")


def _draw_running(layout: Any) -> None:
    job = running["job"]
    left_s = job.seconds_left()
    text = str(job.progress) or "starting"
    if left_s is not None:
        text += f", {left_s:.0f} s left"
    done, total = job.progress.done, job.progress.total
    if hasattr(layout, "progress"):  # Blender 4.0
        layout.progress(factor=done / total if total else 0.0, text=text)
    else:
        layout.label(text=text, icon="SORTTIME")
    layout.operator("sadtalker3d.cancel", icon="CANCEL")


def _letters(context: Any) -> int:
    """How many letters fit in a line of the sidebar, beside an icon and the margins."""
    width = context.region.width / context.preferences.system.ui_scale
    return max(int(width / PIXELS_A_LETTER) - 8, 16)


def _draw_message(layout: Any, form: Any, letters: int) -> None:
    box = layout.box().column(align=True)
    words, line, lines = form.message.split(), "", []
    for word in words:
        if line and len(line) + len(word) >= letters:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    for index, text in enumerate([*lines, line]):
        icon = ("ERROR" if form.failed else "INFO") if index == 0 else "BLANK1"
        box.label(text=text, icon=icon)
    if form.failed and form.log:
        box.operator("sadtalker3d.show_log", icon="TEXT")


class SADTALKER3D_PT_character(_Section, bpy.types.Panel):
    """Who says it."""

    bl_label = "Character"

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        row = layout.row(align=True)
        row.operator("sadtalker3d.new_head", icon="USER")
        row.operator("sadtalker3d.add_character", text="From Selection", icon="ADD")
        row = layout.row(align=True)
        row.prop(form, "portrait", text="")
        row.operator("sadtalker3d.likeness", text="Likeness", icon="IMAGE_DATA")
        row = layout.row()
        row.template_list(
            "UI_UL_list", "sadtalker3d_characters", form, "characters", form, "character", rows=2
        )
        side = row.column(align=True)
        side.operator("sadtalker3d.match", text="", icon="FILE_REFRESH")
        side.operator("sadtalker3d.remove_character", text="", icon="REMOVE")
        character = current_character(context)
        if character is None:
            return
        matched = len({row.key for row in character.rows})
        missing = len([name for name in character.missing.split(", ") if name])
        extra = len([name for name in character.extra.split(", ") if name])
        layout.label(text=f"{matched} matched, {missing} missing, {extra} left alone")
        for label, names in (("Missing: ", character.missing), ("Left alone: ", character.extra)):
            if names:
                shown = layout.row()
                shown.enabled = False
                shown.label(text=(label + names))


class _OfCharacter(_Section):
    bl_parent_id = "SADTALKER3D_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return context.scene is not None and current_character(context) is not None


class SADTALKER3D_PT_map(_OfCharacter, bpy.types.Panel):
    """Which shape key shows what."""

    bl_label = "Map"

    def draw(self, context: Any) -> None:
        character, layout = current_character(context), self.layout
        row = layout.row()
        row.template_list("SADTALKER3D_UL_rows", "", character, "rows", character, "row", rows=5)
        side = row.column(align=True)
        side.operator("sadtalker3d.add_row", text="", icon="ADD")
        side.operator("sadtalker3d.remove_row", text="", icon="REMOVE")
        row = layout.row(align=True)
        row.operator("sadtalker3d.load_map")
        row.operator("sadtalker3d.save_map")


class SADTALKER3D_PT_head(_OfCharacter, bpy.types.Panel):
    """What turns with the head, and the eyes."""

    bl_label = "Head and Eyes"

    def draw(self, context: Any) -> None:
        character, layout = current_character(context), self.layout
        layout.use_property_split = True
        layout.prop(character, "head")
        armature = character.head if character.head and character.head.type == "ARMATURE" else None
        if armature is not None:
            for bone in ("head_bone", "eye_left", "eye_right"):
                layout.prop_search(character, bone, armature.data, "bones")
            layout.prop(character, "eye_reach")
        if character.head is not None:
            layout.prop(character, "facing")
            layout.prop(character, "head_strength", slider=True)
            if armature is None:
                layout.prop(character, "head_shift", slider=True)


class SADTALKER3D_PT_identity(_Section, bpy.types.Panel):
    """Who a head of ours is."""

    bl_label = "Identity"
    bl_parent_id = "SADTALKER3D_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        head = context.object
        return (
            head is not None and head.type == "MESH" and head.data.shape_keys is not None
            and "mouthSeal" in head.data.shape_keys.key_blocks
        )  # fmt: skip

    def draw(self, context: Any) -> None:
        column = self.layout.column(align=True)
        for index in range(len(context.object.sadtalker3d_head.identity)):
            column.prop(
                context.object.sadtalker3d_head, "identity", index=index, text=f"{index + 1}", slider=True
            )


class SADTALKER3D_PT_apply(_Section, bpy.types.Panel):
    """The take onto the timeline."""

    bl_label = "Apply"

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        layout.use_property_split = True
        layout.prop(form, "start")
        layout.prop(form, "blend")
        layout.prop(form, "interpolation")
        options = layout.column(heading="Options")
        for option in ("whole_frames", "strip", "place_sound", "set_range", "reduce"):
            options.prop(form, option)
        if form.reduce:
            layout.prop(form, "tolerance")
        row = layout.row(align=True)
        row.scale_y = 1.4
        row.operator("sadtalker3d.apply", icon="CHECKMARK")
        row.operator("sadtalker3d.remove", text="", icon="X")


class SADTALKER3D_PT_dub(_Section, bpy.types.Panel):
    """New words in an old performance."""

    bl_label = "Dub"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        layout.use_property_split = True
        layout.prop(form, "dub_from")
        layout.prop(form, "dub_fit")
        layout.prop(form, "tension", slider=True)
        layout.prop(form, "soften", slider=True)
        if form.dub_from == "TAKE":
            layout.prop(form, "footage")
        layout.operator("sadtalker3d.dub", icon="SPEAKER")


class SADTALKER3D_PT_export(_Section, bpy.types.Panel):
    """Out of Blender."""

    bl_label = "Export"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        form, layout = settings(context), self.layout
        row = layout.row(align=True)
        row.operator("sadtalker3d.export_glb")
        row.operator("sadtalker3d.export_track")
        layout.operator("sadtalker3d.write_track", text="Write Track from the Timeline")
        layout.prop(form, "portrait", text="")
        layout.operator("sadtalker3d.render_video")


CLASSES = (
    SADTALKER3D_PT_speech,
    SADTALKER3D_PT_performance,
    SADTALKER3D_PT_generate,
    SADTALKER3D_PT_character,
    SADTALKER3D_PT_map,
    SADTALKER3D_PT_head,
    SADTALKER3D_PT_identity,
    SADTALKER3D_PT_apply,
    SADTALKER3D_PT_dub,
    SADTALKER3D_PT_export,
)
