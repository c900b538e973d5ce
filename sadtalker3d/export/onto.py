"""A track onto somebody's own character: the glTF file as it was, and one animation more.

Morph targets of all meshes are matched by name (rig/match.py), head and eyes turn on their bones or nodes. Key i
lies at i / fps seconds. Nothing else of the file changes; nodes that are animated and had a matrix get the same as
translation, rotation and scale, as glTF demands. Compressed meshes (Draco, meshopt) stay compressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.errors import TrackError, UserError
from sadtalker3d.export.character import Character, read_character
from sadtalker3d.export.gltf_file import GltfFile, read_gltf
from sadtalker3d.export.gltf_uris import external_files
from sadtalker3d.export.head_box import free_head
from sadtalker3d.export.onto_bones import Turn, bone_turns, facing, free_turns, shifted
from sadtalker3d.files import replacing
from sadtalker3d.rig.dialects import Dialect, read_map
from sadtalker3d.rig.drive import Driven, drive
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
    track.require_space("open", "a character")
    own = read_map(rig_map) if isinstance(rig_map, str | Path) else rig_map
    file = read_gltf(avatar, as_glb=as_glb)
    try:
        character = read_character(file.document, own)
        driven = drive(track, character.match)
        times = _times(track)
        turns, notes = _turns(track, driven, character, file.document, own)
        if not driven.weights and not turns:
            raise UserError(
                "none of its morph targets has a known name (the first is "
                f"'{character.meshes[0].targets[0]}'); write a map with `sadtalker3d rig inspect CHARACTER "
                "--map my.json` and give it with --rig"
            )
        clock = file.append(times, bounds=True)
        animation = _animation(file, clock, _weights(len(track), driven, character, file.document), turns)
    except TrackError:
        raise
    except UserError as error:
        raise UserError(f"{file.path}: {error}") from None
    animation["name"] = _free_name(file.document, name)
    animation["extras"] = {
        "schema": SCHEMA, "generator": f"sadtalker3d {__version__}", "fps": track.fps, "audio": track.audio,
        "meta": dict(track.meta), "dialects": list(character.match.dialects),
    }  # fmt: skip
    for turn in turns:
        character.nodes.make_movable(turn.node)
    file.document.setdefault("animations", []).append(animation)
    others = len(file.document["animations"]) - 1
    if others:
        notes.append(
            f"the file has {others} animation(s) besides '{animation['name']}': choose it where yours are shown"
        )
    notes = [*_summary(character, driven), *notes, *file.notes]
    return file.pack(), Onto(character, tuple(notes), driven.loss)


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
    data, made = talking_bytes(track, avatar, rig_map, name=name, as_glb=ending != ".gltf")
    with replacing(path) as partial:
        partial.write_bytes(data)
    return made


def _times(track: Track) -> np.ndarray:
    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    if (np.diff(times) <= 0).any():
        raise TrackError(
            f"{len(track)} frames at {track.fps:g} a second are too close for glTF's times late in the take; "
            "resample or trim it"
        )
    return times


def _turns(
    track: Track, driven: Driven, character: Character, document: dict[str, Any], own: Dialect | None
) -> tuple[list[Turn], list[str]]:
    turns = bone_turns(track, driven.columns, character)
    head = character.bones.head
    if head is not None and not any(head in skin.get("joints", []) for skin in document.get("skins", [])):
        # a node, not a joint: it can move as well without tearing a neck
        turns = [
            t if t.node != head else shifted(track, character.nodes, t, facing(character)) for t in turns
        ]
    unwanted = own is not None and "head" in own.bones and own.bones["head"] is None
    if head is not None or character.bones.neck is not None or unwanted or not track.rotation.any():
        return turns, []
    free = free_head(document, character)
    if free is None:
        return turns, ["no head bone was found: the head does not turn; name it with --rig (bones.head)"]
    taken = {turn.node for turn in turns}
    moved = [t for t in free_turns(track, character.nodes, *free, facing(character)) if t.node not in taken]
    return turns + moved, ["no head bone was found: the whole head turns about a point between its ears"]


def _weights(
    frames: int, driven: Driven, character: Character, document: dict[str, Any]
) -> list[tuple[int, np.ndarray]]:
    """Node and (T, targets) weights of each node that shows a driven mesh; targets nobody drives stay at rest."""
    binds: dict[int, list[tuple[int, np.ndarray]]] = {mesh.index: [] for mesh in character.meshes}
    for shape, weights in driven.weights.items():
        for bind in character.binds(shape):
            expression = character.expressions.get(shape) if character.by_expressions else None
            values = (weights > 0.5).astype(np.float32) if expression and expression.binary else weights
            share = values if bind.share == 1 else np.float32(bind.share) * values
            binds[bind.mesh].append((bind.target, share))
    found = []
    for mesh in character.meshes:
        moved: dict[tuple[float, ...], np.ndarray] = {}
        for node in mesh.nodes if binds[mesh.index] else ():
            resting = document["nodes"][node].get("weights") or document["meshes"][mesh.index].get("weights")
            rest = tuple(resting or [0.0] * len(mesh.targets))
            if rest not in moved:
                values = np.tile(np.array(rest, np.float32), (frames, 1))
                values[:, [target for target, _ in binds[mesh.index]]] = 0
                for target, share in binds[mesh.index]:
                    values[:, target] += share
                moved[rest] = values
            found.append((node, moved[rest]))
    return found


def _animation(
    file: GltfFile, clock: int, weights: list[tuple[int, np.ndarray]], turns: list[Turn]
) -> dict[str, Any]:
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    stored: list[tuple[np.ndarray, int]] = []  # meshes with the same targets share their keys

    def add(node: int, path: str, values: np.ndarray) -> None:
        index = next((at for known, at in stored if known is values or _same(known, values)), None)
        if index is None:
            output = file.append(values.reshape(-1) if path == "weights" else values)
            samplers.append({"input": clock, "output": output, "interpolation": "LINEAR"})
            index = len(samplers) - 1
            stored.append((values, index))
        channels.append({"sampler": index, "target": {"node": node, "path": path}})

    for node, values in weights:
        add(node, "weights", values)
    stored.clear()
    for turn in turns:
        if not np.isfinite(turn.rotation).all() or not np.isfinite(_or_still(turn)).all():
            raise UserError(
                f"its node {turn.node} has a size or place beyond all bounds: the file is damaged"
            )
        add(turn.node, "rotation", turn.rotation.astype(np.float32))
        if turn.translation is not None:
            add(turn.node, "translation", turn.translation.astype(np.float32))
    return {"samplers": samplers, "channels": channels}


def _or_still(turn: Turn) -> np.ndarray:
    return np.zeros(3) if turn.translation is None else turn.translation


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.array_equal(a, b)


def _free_name(document: dict[str, Any], name: str) -> str:
    taken = {animation.get("name") for animation in document.get("animations", [])}
    number, free = 2, name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _summary(character: Character, driven: Driven) -> list[str]:
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
    if driven.loss is not None:
        notes.append(f"visemes alone stay behind this take by {driven.loss}")
    if not found.speaks and bones.jaw is None:
        notes.append(
            "nothing opens the mouth: no shape, viseme or jaw bone is known; see `sadtalker3d rig inspect`"
        )
    return [*notes, *found.doubts, *bones.doubts]
