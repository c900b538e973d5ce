"""GLB: the talking head for Blender, game engines and the web (glTF 2.0, no extension needed).

One node "Head" carries the mesh. Its rotation (quaternions) and translation are the head pose, its
`weights` the expression: 64 morph targets named in `mesh.extras.targetNames`. Key i lies at i / fps
seconds. Units are metres, y up, the face looks along +z. `animations[0].extras` holds what glTF has no
place for: fps, space, audio and meta of the track, so that `read` gives the track back.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.errors import TrackError, UserError
from sadtalker3d.export.glb import GlbReader, GlbWriter
from sadtalker3d.export.gltf_head import add_head
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rotation import from_quaternions, short_way, to_quaternions
from sadtalker3d.track import MAX_FPS, MAX_FRAMES, MIN_FPS, SCHEMA, Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

UNIT_M = {"open": 1.0, "basel": 0.1}  # metres in one unit of the model and of Track.translation
SAME_TIME_S = 1e-4  # keys this near to their frames are taken as lying on them
DEFAULT_FPS = 25.0  # of a single key that does not say


def write(
    track: Track, path: str | Path, *, face: FaceModel | None = None, identity: np.ndarray | None = None
) -> Path:
    """Write a track as an animated head.

    Parameters
    ----------
    track : its space must be the face's
    path : the .glb to make; replaced when it exists
    face : the morphable model; for an `open` track the embedded head unless given
    identity : (80,) coefficients of the person; the mean head unless given

    Raises
    ------
    UserError : the track is of another space than the face or lacks one of its columns, or the file
        cannot be written
    """
    path = Path(path)
    face = _face_for(track) if face is None else face
    track.require_space(face.space, "this head")
    columns = [track.column(name) for name in face.expression_names]
    track = track.replace(expression=np.stack(columns, axis=1), names=face.expression_names)
    glb = GlbWriter()
    document = {
        "asset": _asset(track),
        "scene": 0,
        "scenes": [{"name": "Scene", "nodes": [0]}],
        "nodes": [{"name": "Head", "mesh": 0}],
        **add_head(glb, face, identity, UNIT_M[face.space]),
        "animations": [_animation(glb, track)],
    }
    with replacing(path) as partial:
        partial.write_bytes(glb.pack(document))
    return path


def read(path: str | Path) -> Track:
    """Read the facial animation of a GLB, this module's own or another program's.

    Columns are found by their names in `targetNames`; names the track does not have are left out, and
    columns without a target are zero. Keys that do not lie on frames are interpolated.

    Raises
    ------
    UserError : not a GLB, damaged, or without an animation of named morph targets
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise UserError(f"{path}: no such file")
    try:
        return _read(GlbReader(path))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise UserError(f"{path}: its JSON part is not complete glTF") from None


def _face_for(track: Track) -> FaceModel:
    if track.space == "basel":
        raise TrackError(
            "a GLB of a track in the 'basel' space shows the Basel face: name the folder that holds it with --basel "
            '(in Python face=bfm.load("basel", folder)), and add --as open for the embedded head instead'
        )
    import bfm

    return bfm.load("open")


def _asset(track: Track) -> dict[str, Any]:
    asset: dict[str, Any] = {"version": "2.0", "generator": f"sadtalker3d {__version__}"}
    if track.space == "open":
        asset["copyright"] = "head: CC0-1.0"
    kept = {key: track.meta[key] for key in ("generator", "seed", "style") if key in track.meta}
    asset["extras"] = {"fps": track.fps, "audio": track.audio, **kept}
    return asset


def _animation(glb: GlbWriter, track: Track) -> dict[str, Any]:
    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    clock = glb.samples(times, bounds=True)
    paths = {
        "rotation": to_quaternions(track.rotation).astype(np.float32),
        "translation": track.translation * np.float32(UNIT_M[track.space]),
        "weights": track.expression.reshape(-1),
    }
    outputs = [glb.samples(values) for values in paths.values()]
    samplers = [{"input": clock, "output": output, "interpolation": "LINEAR"} for output in outputs]
    channels = [{"sampler": i, "target": {"node": 0, "path": path}} for i, path in enumerate(paths)]
    extras = {
        "schema": SCHEMA, "fps": track.fps, "space": track.space, "audio": track.audio,
        "meta": dict(track.meta),
    }  # fmt: skip
    return {"name": "Take", "channels": channels, "samplers": samplers, "extras": extras}


def _read(glb: GlbReader) -> Track:
    animation, channel = _facial_channel(glb.document)
    node = channel["target"]["node"]
    mesh = glb.document["meshes"][glb.document["nodes"][node]["mesh"]]
    targets = mesh.get("extras", {}).get("targetNames")
    if not isinstance(targets, list) or not targets:
        raise UserError("its morph targets have no names (mesh.extras.targetNames)")
    times, weights = _keys(glb, animation, channel)
    weights = weights.reshape(len(times), -1)
    if weights.shape[1] != len(targets):
        raise UserError(f"has {weights.shape[1]} weights a key, but {len(targets)} target names")
    extras = animation.get("extras", {})
    ours = extras.get("schema") == SCHEMA
    fps = float(extras["fps"]) if ours else _fps(times)
    grid = _frames(times, fps)
    names = tuple(targets) if ours else OPEN_64
    space = extras["space"] if ours else "open"
    return Track(
        expression=_named(targets, _at(grid, times, weights), names),
        rotation=_rotation(glb, animation, node, grid),
        translation=_translation(glb, animation, node, grid) / UNIT_M.get(space, 1.0),
        fps=fps,
        space=space,
        names=names,
        audio=extras["audio"] if ours else None,
        meta=extras["meta"] if ours else {},
    )


def _facial_channel(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    for animation in document.get("animations", []):
        for channel in animation["channels"]:
            if channel["target"]["path"] == "weights":
                return animation, channel
    raise UserError("holds no animation of morph targets")


def _keys(
    glb: GlbReader, animation: dict[str, Any], channel: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) in seconds and values (n, ...) of one channel."""
    sampler = animation["samplers"][channel["sampler"]]
    if sampler.get("interpolation", "LINEAR") == "CUBICSPLINE":
        raise UserError("its animation has cubic curves; export it again with sampled, linear keys")
    times = glb.values(sampler["input"])[:, 0]
    values = glb.values(sampler["output"])
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise UserError("the times of its keys do not increase")
    if len(values) % len(times):
        raise UserError(f"has {len(values)} values for {len(times)} keys")
    return times, values


def _fps(times: np.ndarray) -> float:
    return DEFAULT_FPS if len(times) == 1 else round(1 / float(np.median(np.diff(times))), 3)


def _frames(times: np.ndarray, fps: float) -> np.ndarray:
    """The times (T,) of all frames from the first key to the last."""
    if not MIN_FPS <= fps <= MAX_FPS:
        raise UserError(f"field 'fps' is {fps}; it must lie between {MIN_FPS:g} and {MAX_FPS:g}")
    count = round((float(times[-1]) - float(times[0])) * fps) + 1
    if not 0 < count <= MAX_FRAMES:
        raise UserError(f"its animation has {count} frames, more than a day")
    return float(times[0]) + np.arange(count) / fps


def _at(grid: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (T, k) at the times of `grid`; the keys themselves, untouched, where they lie on it."""
    if len(grid) == len(times) and np.abs(grid - times).max() < SAME_TIME_S:
        return values
    return np.stack([np.interp(grid, times, column) for column in values.T], axis=1)


def _named(targets: list[str], weights: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    at = {name.casefold(): i for i, name in enumerate(targets)}
    found = [(column, at[name.casefold()]) for column, name in enumerate(names) if name.casefold() in at]
    if not found:
        raise UserError(f"none of its morph targets has an ARKit name (the first is '{targets[0]}')")
    columns, sources = zip(*found, strict=True)
    expression = np.zeros((len(weights), len(names)), np.float32)
    expression[:, list(columns)] = weights[:, list(sources)]
    return expression


def _rotation(glb: GlbReader, animation: dict[str, Any], node: int, grid: np.ndarray) -> np.ndarray:
    for channel in animation["channels"]:
        if channel["target"] == {"node": node, "path": "rotation"}:
            times, quaternions = _keys(glb, animation, channel)
            return from_quaternions(_at(grid, times, short_way(quaternions)))
    return np.zeros((len(grid), 3))


def _translation(glb: GlbReader, animation: dict[str, Any], node: int, grid: np.ndarray) -> np.ndarray:
    for channel in animation["channels"]:
        if channel["target"] == {"node": node, "path": "translation"}:
            times, values = _keys(glb, animation, channel)
            return _at(grid, times, values)
    return np.zeros((len(grid), 3))
