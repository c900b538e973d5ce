"""GLB: the talking head for Blender, game engines and the web (glTF 2.0, no extension needed).

One node "Head" carries the mesh. Its rotation (quaternions) and translation are the head pose, its
`weights` the expression: 64 morph targets named in `mesh.extras.targetNames`, or eight with the profile
"visemes". Key i lies at i / fps seconds. Units are metres, y up, the face looks along +z.
`animations[0].extras` holds what glTF has no place for: fps, space, audio and meta of the track, and how
the eight shapes are mixed, so that `read` gives the track back. Only a quantized file needs an extension.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.errors import UserError
from sadtalker3d.export.face_shown import UNIT_M, face_for
from sadtalker3d.export.glb import GlbReader, GlbWriter
from sadtalker3d.export.gltf_head import add_head
from sadtalker3d.export.gltf_visemes import Shapes, fit
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rotation import from_quaternions, short_way, to_quaternions
from sadtalker3d.track import MAX_FPS, MAX_FRAMES, MIN_FPS, SCHEMA, Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

SAME_TIME_S = 1e-4  # keys this near to their frames are taken as lying on them
PROFILES = ("full", "visemes")
DEFAULT_FPS = 25.0  # of a single key that does not say


def write(
    track: Track,
    path: str | Path,
    *,
    face: FaceModel | None = None,
    identity: np.ndarray | None = None,
    profile: str = "full",
    quantized: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Write a track as an animated head.

    Parameters
    ----------
    track : its space must be the face's
    path : the .glb to make; replaced when it exists
    face : the morphable model; for an `open` track the embedded head unless given
    identity : (80,) coefficients of the person; the mean head unless given
    profile : "full", or "visemes": eight morph targets for viewers that show no more
    quantized : half the size, with KHR_mesh_quantization; see `gltf_numbers`
    tell : is called with a sentence on what the profile or the quantization loses

    Raises
    ------
    UserError : the track is of another space than the face or lacks one of its columns, an unknown profile, or
        the file cannot be written
    """
    path = Path(path)
    tell = tell or (lambda note: None)
    if profile not in PROFILES:
        raise UserError(f"there is no profile '{profile}' of a GLB; choose {' or '.join(PROFILES)}")
    face = face_for(track, "a GLB of a track") if face is None else face
    track.require_space(face.space, "this head")
    if track.names != face.expression_names:
        columns = [track.column(name) for name in face.expression_names]
        track = track.replace(expression=np.stack(columns, axis=1), names=face.expression_names)
    shapes, weights, extras = Shapes(face.expression_names), track.expression, {}
    if profile == "visemes":
        track.require_space("open", "the profile 'visemes'")
        shapes, weights, loss = fit(track, face)
        tell(f"{path}: {loss}")
        assert shapes.mixture is not None
        extras = {"names": list(track.names), "mixture": np.round(shapes.mixture, 6).tolist()}
    glb = GlbWriter()
    head, numbers = add_head(glb, face, shapes, identity, UNIT_M[face.space], quantized)
    stored = numbers.weights(weights)
    if quantized and stored.dtype == np.float32:
        tell(f"{path}: some weights lie outside -1..1, so the animation is stored in floats")
    document = {
        "asset": _asset(track),
        **numbers.properties(),
        "scene": 0,
        "scenes": [{"name": "Scene", "nodes": [0]}],
        "nodes": [{"name": "Head", "mesh": 0, **numbers.node()}],
        **head,
        "animations": [_animation(glb, track, stored, extras)],
    }
    with replacing(path) as partial, partial.open("wb") as file:
        glb.write(file, document)
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


def _asset(track: Track) -> dict[str, Any]:
    asset: dict[str, Any] = {"version": "2.0", "generator": f"sadtalker3d {__version__}"}
    if track.space == "open":
        asset["copyright"] = "head: CC0-1.0"
    kept = {key: track.meta[key] for key in ("generator", "seed", "style") if key in track.meta}
    asset["extras"] = {"fps": track.fps, "audio": track.audio, **kept}
    return asset


def _animation(glb: GlbWriter, track: Track, weights: np.ndarray, more: dict[str, Any]) -> dict[str, Any]:
    """`weights` (T, n) as they are stored; `more` goes into the extras."""
    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    clock = glb.samples(times, bounds=True)
    paths = {
        "rotation": to_quaternions(track.rotation).astype(np.float32),
        "translation": track.translation * np.float32(UNIT_M[track.space]),
        "weights": weights.reshape(-1),
    }
    outputs = [glb.samples(values) for values in paths.values()]
    samplers = [{"input": clock, "output": output, "interpolation": "LINEAR"} for output in outputs]
    channels = [{"sampler": i, "target": {"node": 0, "path": path}} for i, path in enumerate(paths)]
    extras = {
        "schema": SCHEMA, "fps": track.fps, "space": track.space, "audio": track.audio,
        "meta": dict(track.meta), **more,
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
    if ours and "mixture" in extras:
        names, weights, targets = _unmixed(extras, weights)
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


def _unmixed(extras: dict[str, Any], weights: np.ndarray) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """The columns (T, 64) that eight shapes stand for, and their names."""
    names, mixture = tuple(extras["names"]), np.asarray(extras["mixture"], np.float64)
    if mixture.shape != (weights.shape[1], len(names)) or not np.isfinite(mixture).all():
        raise UserError("its extras do not say how its shapes are mixed; export it again")
    return names, weights @ mixture, list(names)


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
