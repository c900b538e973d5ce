"""Takes: track files that a scene knows; importing them, writing one from edited animation."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.props import CollectionProperty, FloatProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from sadtalker3d import export as formats
from sadtalker3d.errors import UserError
from sadtalker3d.track import DEFAULT_NAMES, Track, find_audio, relative_audio

from . import curves
from .characters import meshes_of, owners, rows_of, shape_keys
from .manners import Mannered
from .performance import angles_of, columns_of, translation_of
from .properties import current_character, current_take, remove_chosen, settings
from .rotations import rotation_matrices, rotation_path

ENDINGS = (".json", ".npz", ".csv", ".mat")
DEFAULT_FPS = 25.0


def load_take(take: Any) -> Track:
    """The track of a take."""
    path = Path(bpy.path.abspath(take.path))
    if not path.is_file():
        raise UserError(f"the track {path} is not there: import it again, or generate it")
    return formats.read(path)


def add_take(context: Any, path: Path) -> Any:
    """Add a track file to the scene's takes, or refresh the entry that it has; it becomes the chosen one."""
    track = formats.read(path)
    track.require_space("open", "a character with named shapes")
    form = settings(context)
    same = [take for take in form.takes if Path(bpy.path.abspath(take.path)) == path]
    take = same[0] if same else form.takes.add()
    sound = find_audio(track, path)
    take.name, take.path, take.sound = path.stem, str(path), str(sound) if sound else ""
    take.frames, take.fps = len(track), track.fps
    form.take = list(form.takes).index(take)
    return take


class SADTALKER3D_OT_import_track(Mannered, bpy.types.Operator, ImportHelper):
    """Import a take: track JSON or NPZ, Live Link Face CSV, Audio2Face JSON"""

    bl_idname = "sadtalker3d.import_track"
    bl_label = "Import Track"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".json"
    filter_glob: StringProperty(default=";".join(f"*{ending}" for ending in ENDINGS), options={"HIDDEN"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        if self.directory and self.files:  # dropped into the viewport
            return self.execute(context)
        return ImportHelper.invoke(self, context, event)

    def run(self, context: Any) -> str:
        dropped = [Path(self.directory) / item.name for item in self.files if item.name]
        paths = dropped or [Path(bpy.path.abspath(self.filepath))]
        for path in paths:
            take = add_take(context, path)
        return f"{take.name}: {take.frames} frames at {take.fps:g} a second"


class SADTALKER3D_OT_forget_take(Mannered, bpy.types.Operator):
    """Take this take off the list; its file and what was applied stay"""

    bl_idname = "sadtalker3d.forget_take"
    bl_label = "Forget Take"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if current_take(context) else "There is no take"

    def run(self, context: Any) -> str:
        form = settings(context)
        name = current_take(context).name
        remove_chosen(form, "takes", "take")
        return f"{name} forgotten"


class SADTALKER3D_OT_write_track(Mannered, bpy.types.Operator, ExportHelper):
    """Write the character's animation, with what you edited by hand, as a track for the other tools"""

    bl_idname = "sadtalker3d.write_track"
    bl_label = "Write Track"

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json;*.npz;*.csv", options={"HIDDEN"})
    fps: FloatProperty(
        name="Frames a second",
        description="Of the track that is written",
        default=DEFAULT_FPS,
        min=1,
        max=240,
    )

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if current_character(context) else "There is no character"

    def run(self, context: Any) -> str:
        path = Path(bpy.path.abspath(self.filepath))
        track = sampled(context, current_character(context), self.fps)
        take = current_take(context)
        if take is not None and take.sound:
            track = track.replace(audio=relative_audio(take.sound, path))
        formats.export(track, path, force=True)
        return f"{path.name}: {len(track)} frames"


def sampled(context: Any, character: Any, fps: float) -> Track:
    """The character's animation as a track: from the start frame to its last key, `fps` times a second."""
    scene, form = context.scene, settings(context)
    rate = scene.render.fps / scene.render.fps_base
    last = _last_key(character)
    count = int(np.floor((last - form.start) * fps / rate + 1e-6)) + 1
    if count < 1:
        raise UserError(
            f"'{character.name}' is not animated after the start frame {form.start}: apply a take first"
        )
    frames = form.start + np.arange(count) * (rate / fps)
    rows = rows_of(character)
    places: dict[str, tuple[Any, str]] = {}
    for thing in meshes_of(character):
        keys = shape_keys(thing)
        for row in rows:
            if row.key in keys.key_blocks and row.key not in places:
                places[row.key] = keys, f'key_blocks["{bpy.utils.escape_identifier(row.key)}"].value'
    sampler = _Sampler(scene, frames)
    values = {key: sampler.add(owner, path) for key, (owner, path) in places.items()}
    head, shift = _head_sampler(character, sampler), _shift_sampler(character, sampler)
    sampler.run()
    names = DEFAULT_NAMES["open"]
    expression = columns_of({key: value() for key, value in values.items()}, rows, names, count)
    still = np.zeros((count, 3), np.float32)
    return Track(
        expression, head() if head else still, shift() if shift else still, fps=fps,
        meta={"generator": "Blender", "source": character.name},
    )  # fmt: skip


def _last_key(character: Any) -> float:
    last = float("-inf")
    for owner in owners(character):
        data = owner.animation_data
        if data is None:
            continue
        if data.action is not None:
            last = max(last, data.action.frame_range[1])
        for track in data.nla_tracks:
            for strip in track.strips:
                last = max(last, strip.frame_end)
    return last


def _head_sampler(character: Any, sampler: "_Sampler") -> Any:
    head = character.head
    if head is None or not character.head_strength:
        return None
    bone = head.pose.bones.get(character.head_bone) if head.type == "ARMATURE" else None
    if head.type == "ARMATURE" and bone is None:
        return None
    prefix = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].' if bone is not None else ""
    holder = bone if bone is not None else head
    path, width = rotation_path(holder.rotation_mode)
    parts = [sampler.add(head, prefix + path, index) for index in range(width)]

    def angles() -> np.ndarray:
        values = np.stack([part() for part in parts], axis=1)
        matrices = rotation_matrices(values, holder.rotation_mode)
        rest = np.array(bone.bone.matrix_local.to_3x3().normalized()) if bone is not None else np.eye(3)
        return angles_of(rest @ matrices @ rest.T, character.head_strength, character.facing)

    return angles


def _shift_sampler(character: Any, sampler: "_Sampler") -> Any:
    head = character.head
    if head is None or head.type == "ARMATURE" or not character.head_shift:
        return None
    rest = curves.rest_of(head, "location", character.name)
    if rest is None:
        return None
    parts = [sampler.add(head, "location", index) for index in range(3)]
    return lambda: translation_of(
        np.stack([part() for part in parts], axis=1) - rest, character.head_shift, character.facing
    )


class _Sampler:
    """Reads animated properties at many frames: from their own curves where these alone decide, else by going to
    each frame."""

    def __init__(self, scene: Any, frames: np.ndarray) -> None:
        self._scene, self._frames = scene, frames
        self._stepped: list[tuple[Any, str, int, list[float]]] = []

    def add(self, owner: Any, path: str, index: int = -1) -> Any:
        """A function that gives the (n,) values of a property, or of one of its numbers, after `run`."""
        if curves.stands_still(owner):
            now = _value(owner, path, index)
            return lambda: np.full(len(self._frames), now)
        curve = curves.curve_of(owner, path, max(index, 0))
        if curve is not None:
            return lambda: np.array([curve.evaluate(frame) for frame in self._frames])
        values: list[float] = []
        self._stepped.append((owner, path, index, values))
        return lambda: np.array(values)

    def run(self) -> None:
        """Go through the frames, if anything needs it."""
        if not self._stepped:
            return
        shown = self._scene.frame_current, self._scene.frame_subframe
        for frame in self._frames:
            whole = int(np.floor(frame))
            self._scene.frame_set(whole, subframe=float(frame - whole))
            for owner, path, index, values in self._stepped:
                values.append(_value(owner, path, index))
        self._scene.frame_set(shown[0], subframe=shown[1])


def _value(owner: Any, path: str, index: int) -> float:
    value = owner.path_resolve(path)
    return float(value[index] if index >= 0 else value)


CLASSES: tuple[Any, ...] = (
    SADTALKER3D_OT_import_track,
    SADTALKER3D_OT_forget_take,
    SADTALKER3D_OT_write_track,
)

if hasattr(bpy.types, "FileHandler"):  # Blender 4.1

    class SADTALKER3D_FH_track(bpy.types.FileHandler):
        """A track dropped into the viewport is imported."""

        bl_idname = "SADTALKER3D_FH_track"
        bl_label = "SadTalker 3D track"
        bl_import_operator = "sadtalker3d.import_track"
        bl_file_extensions = ";".join(ENDINGS)

        @classmethod
        def poll_drop(cls, context: Any) -> bool:
            return context.area is not None and context.area.type == "VIEW_3D"

    CLASSES += (SADTALKER3D_FH_track,)
