"""The take's sound in the video sequencer, in step with its keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from sadtalker3d.errors import UserError


def strips_of(scene: Any) -> Any:
    """The sequencer's strips, made when there are none; `strips` since Blender 4.4, `sequences` before."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def place(scene: Any, sound: str, start: int, name: str) -> Any:
    """Put a sound at a frame; a strip of the same sound that is there already is moved instead of doubled.

    Raises UserError when the file is not there.
    """
    path = Path(bpy.path.abspath(sound))
    if not path.is_file():
        raise UserError(f"the sound {path} is not there: choose the speech again, or switch Place Sound off")
    strips = strips_of(scene)
    same = next((s for s in strips if s.type == "SOUND" and file_of(s) == path), None)
    if same is not None:
        same.frame_start = start
        return same
    taken = {strip.channel for strip in strips}
    channel = next(number for number in range(1, 130) if number not in taken)
    try:
        strip = strips.new_sound(name, str(path), channel, start)
    except RuntimeError as error:
        raise UserError(
            f"Blender cannot play {path.name} ({str(error).strip()}): switch Place Sound off"
        ) from None
    scene.sync_mode = "AUDIO_SYNC"
    scene.use_audio_scrub = True
    return strip


def selected_sound(context: Any) -> Path | None:
    """The file of the active or first selected sound strip; None when there is none.

    Raises UserError for a packed sound, which has no file.
    """
    editor = context.scene.sequence_editor
    if editor is None:
        return None
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    chosen = next((s for s in strips if s.type == "SOUND" and s.select), None)
    if chosen is None:
        return None
    path = file_of(chosen)
    if path.is_file():
        return path
    if chosen.sound.packed_file is not None:
        raise UserError(
            f"the sound '{chosen.name}' is packed into the .blend: unpack it (File > External Data)"
        )
    raise UserError(f"the sound file {path} is not there: choose it again")


def start_of_selected(context: Any) -> int:
    """The frame at which the selected sound strip begins."""
    editor = context.scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    return int(next(s for s in strips if s.type == "SOUND" and s.select).frame_start)


def file_of(strip: Any) -> Path:
    """The file of a sound strip."""
    return Path(bpy.path.abspath(strip.sound.filepath)).absolute()
