"""A track onto somebody's own character: the glTF file as it was, and one animation more.

Morph targets of all meshes are matched by name (rig/match.py), head and eyes turn on their bones or nodes. Key i
lies at i / fps seconds. Nothing else of the file changes; nodes that are animated and had a matrix get the same as
translation, rotation and scale, as glTF demands. Compressed meshes (Draco, meshopt) stay compressed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.errors import TrackError, UserError
from sadtalker3d.export.character import Character, read_character
from sadtalker3d.export.gltf_file import GltfFile, read_gltf
from sadtalker3d.export.gltf_uris import external_files
from sadtalker3d.export.onto_keys import Keys
from sadtalker3d.files import replacing
from sadtalker3d.rig.dialects import Dialect, read_map
from sadtalker3d.rig.visemes import VisemeLoss
from sadtalker3d.track import Track

SCHEMA = "sadtalker3d.onto/1"


@dataclass(frozen=True)
class Onto:
    """What was put onto a character: `notes`, a line for each thing the user should know.

    loss : how far a character with visemes alone stays behind the track, on the embedded head
    """

    character: Character
    notes: tuple[str, ...]
    loss: VisemeLoss | None = None


def talking_bytes(
    track: Track,
    avatar: str | Path,
    rig_map: str | Path | Dialect | None = None,
    *,
    name: str = "Take",
    as_glb: bool = True,
) -> tuple[bytes, Onto]:
    """The character with the track as a new animation, as the bytes of a file.

    Parameters
    ----------
    track : an `open` track
    avatar : a .glb, .gltf or .vrm file
    rig_map : the user's own rig map, read or as a file
    name : of the new animation
    as_glb : what a .gltf becomes: one GLB with all its buffers and pictures, or a .gltf again

    Raises
    ------
    UserError : the file is damaged or hostile, has no morph targets, none with names or none that is known, the map
        does not fit, or the track is of another space
    """
    data = io.BytesIO()
    made = _write_into(data, track, avatar, rig_map, name, as_glb)
    return data.getvalue(), made


def _write_into(
    out: BinaryIO,
    track: Track,
    avatar: str | Path,
    rig_map: str | Path | Dialect | None,
    name: str,
    as_glb: bool,
) -> Onto:
    track.require_space("open", "a character")
    own = read_map(rig_map) if isinstance(rig_map, str | Path) else rig_map
    file = read_gltf(avatar, as_glb=as_glb)
    try:
        character = read_character(file.document, own)
        keys = Keys(track, character, file.document, own)
        if not keys.channels:
            raise UserError(
                "none of its morph targets has a known name (the first is "
                f"'{character.meshes[0].targets[0]}'); write a map with `sadtalker3d rig inspect CHARACTER "
                "--map my.json` and give it with --rig"
            )
        animation, starts = _animation(file, keys, track)
        animation["name"] = _free_name(file.document, name)
        animation["extras"] = {
            "schema": SCHEMA, "generator": f"sadtalker3d {__version__}", "fps": track.fps, "audio": track.audio,
            "meta": dict(track.meta), "dialects": list(character.match.dialects),
        }  # fmt: skip
        for node in keys.turned:
            character.nodes.make_movable(node)
        file.document.setdefault("animations", []).append(animation)
        file.write(out, _pieces(keys, starts))
    except TrackError:
        raise
    except UserError as error:
        raise UserError(f"{file.path}: {error}") from None
    notes = list(keys.notes)
    others = len(file.document["animations"]) - 1
    if others:
        notes.append(
            f"the file has {others} animation(s) besides '{animation['name']}': choose it where yours are shown"
        )
    return Onto(character, (*_summary(character, keys.loss), *notes, *file.notes), keys.loss)


def write(
    track: Track,
    path: str | Path,
    *,
    avatar: str | Path,
    rig_map: str | Path | Dialect | None = None,
    name: str = "Take",
) -> Onto:
    """Write a character that speaks; see `talking_bytes`.

    path : .glb, or for a .gltf in the same folder also .gltf: the new buffer is a data URI in it; .html for a page that
        plays it, see `export.page`
    """
    path, avatar = Path(path), Path(avatar)
    ending = path.suffix.lower()
    if ending in (".html", ".htm"):
        from sadtalker3d.export import page

        data, made = talking_bytes(track, avatar, rig_map, name=name)
        told: list[str] = []
        page.write(track, path, glb=data, tell=told.append)
        return replace(made, notes=(*made.notes, *told))
    if ending not in (".glb", ".gltf", ".vrm"):
        raise UserError(
            f"{path}: a character is written as .glb, .gltf where it was one, or .html; choose such a name"
        )
    if ending == ".gltf" and avatar.suffix.lower() != ".gltf":
        raise UserError(f"{path}: {avatar.name} is not a .gltf with separate files; write it as .glb")
    if ending == ".gltf" and avatar.absolute().parent != path.absolute().parent:
        apart = external_files(read_gltf(avatar, as_glb=False).document)
        if apart:
            raise UserError(
                f"{path}: the character needs '{apart[0][:80]}' beside it; write it into {avatar.parent}, or as .glb"
            )
    with replacing(path) as partial, partial.open("wb") as file:
        return _write_into(file, track, avatar, rig_map, name, ending != ".gltf")


def _times(track: Track) -> np.ndarray:
    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    if (np.diff(times) <= 0).any():
        raise TrackError(
            f"{len(track)} frames at {track.fps:g} a second are too close for glTF's times late in the take; "
            "resample or trim it"
        )
    return times


def _animation(file: GltfFile, keys: Keys, track: Track) -> tuple[dict[str, Any], list[int]]:
    """The animation's JSON, and where the keys of each output begin."""
    clock = file.append(_times(track), bounds=True)
    samplers, starts = [], []
    shown = {channel.output: channel.path for channel in keys.channels}
    for output, width in enumerate(keys.widths):
        # weights are one number after the other, however many there are a frame
        size = (len(track) * width, 1) if shown[output] == "weights" else (len(track), width)
        accessor, start = file.reserve(*size)
        samplers.append({"input": clock, "output": accessor, "interpolation": "LINEAR"})
        starts.append(start)
    channels = [
        {"sampler": channel.output, "target": {"node": channel.node, "path": channel.path}}
        for channel in keys.channels
    ]
    return {"samplers": samplers, "channels": channels}, starts


def _pieces(keys: Keys, starts: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    for frame, outputs in keys.blocks():
        for start, values in zip(starts, outputs, strict=True):
            yield start + 4 * frame * values.shape[1], values


def _free_name(document: dict[str, Any], name: str) -> str:
    taken = {animation.get("name") for animation in document.get("animations", [])}
    number, free = 2, name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _summary(character: Character, loss: VisemeLoss | None) -> list[str]:
    found, names, bones = character.match, character.nodes.names, character.bones
    kinds = [f"{len(found.follows)} shapes follow {len(found.columns)} columns"] if found.follows else []
    kinds += [f"{len(found.visemes)} visemes are solved"] if found.visemes else []
    on = [
        f"{role} on '{names[node] or node}'"
        for role, node in (("head", bones.head), ("neck", bones.neck))
        if node is not None
    ]
    dialect = f" ({', '.join(found.dialects)})" if found.dialects else ""
    notes = ["; ".join([*kinds, *on]) + dialect]
    if loss is not None:
        notes.append(f"visemes alone stay behind this take by {loss}")
    if not found.speaks and bones.jaw is None:
        notes.append(
            "nothing opens the mouth: no shape, viseme or jaw bone is known; see `sadtalker3d rig inspect`"
        )
    return [*notes, *found.doubts, *bones.doubts]
