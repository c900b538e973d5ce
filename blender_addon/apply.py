"""Applying a take to a character, and taking it away again."""

import math
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from sadtalker3d.edit import resample
from sadtalker3d.errors import UserError
from sadtalker3d.keys import reduce_column
from sadtalker3d.track import Track

from . import curves, sequencer
from .characters import check_free, meshes_of, owners, rows_of, shape_keys
from .manners import Mannered
from .performance import Keys, frames_of, gaze_angles, key_values, shifts, turns
from .properties import current_character, current_take, settings
from .rotations import rotation_path, rotation_values
from .takes import load_take

ANGLE_TOLERANCE = 0.001  # of quaternions and radians: 0.1 mm at the tip of the nose


def scene_fps(scene: Any) -> float:
    """The scene's frames per second; `fps_base` divides."""
    return scene.render.fps / scene.render.fps_base


@dataclass
class Applied:
    """What an application did."""

    keys: int = 0
    frames: int = 0
    clipped: set[str] = field(default_factory=set)
    strips: int = 0

    def __str__(self) -> str:
        said = f"{self.frames} frames, {self.keys} keys"
        if self.strips:
            said += f", on {self.strips} NLA strips"
        if self.clipped:
            said += f"; held within the sliders' range: {', '.join(sorted(self.clipped)[:4])}"
        return said


def apply_track(track: Track, character: Any, form: Any, scene: Any, name: str) -> Applied:
    """Key a take on a character. Everything is checked before anything changes.

    Raises
    ------
    UserError : no or absolute shape keys, linked data, edit mode, driven or muted keys, a track for another rig
    """
    track.require_space("open", "a character with named shapes")
    meshes = meshes_of(character)
    there = {block.name for thing in meshes for block in shape_keys(thing).key_blocks}
    values = key_values(track, [row for row in rows_of(character) if row.key in there])
    targets = []
    for thing in meshes:
        keys = shape_keys(thing)
        for key in (key for key in values if key in keys.key_blocks):
            check_free(keys, key)
            targets.append((keys, key))
    if not targets:
        raise UserError(f"no line of the map names a shape key of '{character.name}': press Match")
    pose_bones = _check_pose(character)

    curves.remove(owners(character), character.name)
    bake = curves.Bake(f"ST3D {name}", character.name)
    keying = _Keying(track, form, scene_fps(scene))
    done = Applied(frames=len(track))
    by_keys: dict[Any, Any] = {}
    for keys, key in targets:
        if keys not in by_keys:
            by_keys[keys] = bake.curves(keys)
        block = keys.key_blocks[key]
        shown = np.clip(values[key], block.slider_min, block.slider_max)
        if np.abs(shown - values[key]).max() > form.tolerance:
            done.clipped.add(key)
        path = f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'
        bake.remember(keys, path, block.value)
        keyed = keying.keys(shown, form.tolerance)
        curves.fill(by_keys[keys], path, 0, keyed, form.interpolation)
        done.keys += len(keyed.frames)
    if character.head is not None:
        done.keys += _key_pose(track, character, pose_bones, bake, keying)
    for owner in [*by_keys, *([character.head] if character.head else [])]:
        placed = bake.assign(owner, strip=form.strip, blend=form.blend, start=form.start)
        done.strips += placed == "strip"
    return done


class _Keying:
    """Values at the track's frames -> keys of the scene."""

    def __init__(self, track: Track, form: Any, fps: float) -> None:
        self._frames = frames_of(len(track), track.fps, fps, form.start)
        self._reduce = form.reduce

    def keys(self, values: np.ndarray, tolerance: float) -> Keys:
        """All keys, or the few that pass within `tolerance` of all values."""
        if not self._reduce:
            return Keys(self._frames, values)
        kept = reduce_column(values, tolerance)
        if (
            kept[-1] != len(values) - 1
        ):  # both ends are keys: clips exported to glTF do not bleed into each other
            kept = np.append(kept, len(values) - 1)
        return Keys(self._frames[kept], values[kept])

    def together(self, values: np.ndarray, tolerance: float) -> list[Keys]:
        """The columns of (T, n) values, each reduced for itself."""
        return [self.keys(column, tolerance) for column in values.T]


def _check_pose(character: Any) -> list[tuple[str, str]]:
    """The bones that turn and what turns them, or UserError when one is not there."""
    head = character.head
    if head is None:
        return []
    if head.library is not None or head.override_library is not None:
        raise UserError(f"'{head.name}' is linked: make it local, or clear the character's head")
    if head.type != "ARMATURE":
        return []
    wanted = [(character.head_bone, "Head"), (character.eye_left, "Left"), (character.eye_right, "Right")]
    bones = [(bone, part) for bone, part in wanted if bone]
    for bone, _ in bones:
        if bone not in head.pose.bones:
            raise UserError(
                f"'{head.name}' has no bone '{bone}': choose another in the character's head settings"
            )
    return bones


def _key_pose(track: Track, character: Any, bones: list[tuple[str, str]], bake: Any, keying: _Keying) -> int:
    """Key the head's rotation and shift, and the eye bones; returns how many keys."""
    head = character.head
    all_curves = bake.curves(head)
    count = 0
    if head.type != "ARMATURE":
        count += _key_turns(
            head,
            "",
            head,
            turns(track, character.head_strength, character.facing),
            None,
            all_curves,
            bake,
            keying,
        )
        if character.head_shift:
            moved = np.array(head.location) + shifts(track, character.head_shift, character.facing)
            bake.remember(head, "location", list(head.location))
            for index, keyed in enumerate(keying.together(moved, 1e-4)):
                curves.fill(all_curves, "location", index, keyed, "LINEAR")
                count += len(keyed.frames)
        return count
    for name, part in bones:
        bone = head.pose.bones[name]
        rest = np.array(bone.bone.matrix_local.to_3x3().normalized())
        wanted = (
            turns(track, character.head_strength, character.facing)
            if part == "Head"
            else _eye_turns(track, part, character)
        )
        prefix = f'pose.bones["{bpy.utils.escape_identifier(name)}"].'
        count += _key_turns(head, prefix, bone, wanted, rest, all_curves, bake, keying)
    return count


def _eye_turns(track: Track, side: str, character: Any) -> np.ndarray:
    looks = gaze_angles(track, side, character.eye_reach)
    rotation = np.zeros((len(track), 3), np.float32)
    rotation[:, :2] = looks
    return turns(track.replace(rotation=rotation), 1.0, character.facing)


def _key_turns(
    owner: Any,
    prefix: str,
    holder: Any,
    wanted: np.ndarray,
    rest: Any,
    all_curves: Any,
    bake: Any,
    keying: _Keying,
) -> int:
    """Key (T, 3, 3) rotations in the character's axes on a bone (whose rest axes are `rest`) or an object."""
    present = np.array(holder.matrix_basis.to_3x3().normalized())
    # an object turns about its parent's axes, after its own rotation; a bone's numbers are in its rest axes
    local = wanted @ present if rest is None else rest.T @ wanted @ rest @ present
    mode = holder.rotation_mode
    path, width = rotation_path(mode)
    bake.remember(owner, prefix + path, list(getattr(holder, path)))
    values = rotation_values(local, mode)
    count = 0
    for index, keyed in enumerate(keying.together(values, ANGLE_TOLERANCE)):
        curves.fill(all_curves, prefix + path, index, keyed, "LINEAR")
        count += len(keyed.frames)
    assert values.shape[1] == width
    return count


class SADTALKER3D_OT_apply(Mannered, bpy.types.Operator):
    """Key the take on the character: shape keys, head and eyes. Replaces only what was applied before"""

    bl_idname = "sadtalker3d.apply"
    bl_label = "Apply"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        if current_take(context) is None:
            return "There is no take: generate or import one"
        return "" if current_character(context) else "There is no character: select its meshes and add it"

    def run(self, context: Any) -> str:
        form, take, character = settings(context), current_take(context), current_character(context)
        track, sound = load_take(take), take.sound
        rate = scene_fps(context.scene)
        if form.whole_frames:
            track = resample(track, rate)
        if form.place_sound and sound:  # first: it may fail, and then nothing has changed
            sequencer.place(context.scene, sound, form.start, take.name)
        done = apply_track(track, character, form, context.scene, take.name)
        if form.set_range:
            context.scene.frame_start = form.start
            context.scene.frame_end = max(form.start, math.ceil(form.start + track.duration_s * rate) - 1)
        return f"{take.name} on {character.name}: {done}"


class SADTALKER3D_OT_remove(Mannered, bpy.types.Operator):
    """Take the applied take off the character; everything is as it was before"""

    bl_idname = "sadtalker3d.remove"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        character = current_character(context)
        if character is None:
            return "There is no character"
        there = [m.object.data.shape_keys for m in character.objects if m.object and m.object.data.shape_keys]
        there += [character.head] if character.head else []
        return "" if curves.applied(there, character.name) else "No take is applied to this character"

    def run(self, context: Any) -> str:
        character = current_character(context)
        curves.remove(owners(character), character.name)
        return f"the take is off {character.name}"


CLASSES = (SADTALKER3D_OT_apply, SADTALKER3D_OT_remove)
