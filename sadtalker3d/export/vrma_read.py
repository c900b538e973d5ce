"""Reading a VRM animation: expressions, gaze, and how neck and head turn, as far as a track has a place for them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.glb import GlbReader
from sadtalker3d.export.gltf_nodes import inverse, multiply
from sadtalker3d.export.vrma_expressions import BLINKS, VOWELS, expression_of
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rotation import from_quaternions, short_way
from sadtalker3d.track import MAX_FPS, MAX_FRAMES, MIN_FPS, Track

EXTENSION = "VRMC_vrm_animation"
DEFAULT_FPS = 30.0  # of a single key that does not say: the specification's guideline
SAME_TIME_S = 1e-4  # keys this near to their frames are taken as lying on them
STILL = np.array([0.0, 0.0, 0.0, 1.0])


@dataclass(frozen=True)
class _Keys:
    times: np.ndarray  # (n,) seconds
    values: np.ndarray  # (n, k)


def read(path: str | Path) -> Track:
    """Read the first animation of a .vrma as an `open` track.

    From preset expressions the mouth is what their vowels look like on the embedded head; custom expressions of ARKit's
    names are taken as they are. Moods, other custom expressions and other bones are listed in `meta["left_out"]`.

    Raises
    ------
    UserError : not a GLB, damaged, or without an animation of expressions or of the head
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise UserError(f"{path}: no such file")
    try:
        return _read(GlbReader(path), path.name)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise UserError(f"{path}: its JSON part is not a complete VRM animation") from None


def _read(glb: GlbReader, source: str) -> Track:
    said = glb.document.get("extensions", {}).get(EXTENSION)
    if said is None:
        raise UserError(f"is no VRM animation: it lacks the extension {EXTENSION}")
    animation = (glb.document.get("animations") or [None])[0]
    if animation is None:
        raise UserError("holds no animation")
    keys = {
        (channel["target"].get("node"), channel["target"]["path"]): _keys(glb, animation, channel)
        for channel in animation["channels"]
    }
    expressions = {
        name: keys[named["node"], "translation"]
        for kind in ("preset", "custom")
        for name, named in said.get("expressions", {}).get(kind, {}).items()
        if (named["node"], "translation") in keys
    }
    bones = {bone: named["node"] for bone, named in said.get("humanoid", {}).get("humanBones", {}).items()}
    turning = {bone for bone, node in bones.items() if (node, "rotation") in keys}
    if not expressions and not turning & {"neck", "head"}:
        raise UserError("moves neither the face nor the head")
    extras = animation.get("extras") or {}
    ours = glb.document.get("asset", {}).get("generator", "").startswith("sadtalker3d")
    grid, fps = _frames(list(keys.values()), extras["fps"] if ours else None)
    weights = {name: _at(grid, key)[:, 0] for name, key in expressions.items()}
    looking = said.get("lookAt", {}).get("node")
    gaze = keys.get((looking, "rotation"))
    gaze_rad = None if gaze is None else from_quaternions(_at(grid, _unwound(gaze)))[:, :2]
    rotation = _head(glb.document["nodes"], bones, keys, grid)
    known = {*VOWELS, *BLINKS, *OPEN_64}
    left_out = [name for name in weights if name not in known and weights[name].any()]
    left_out += sorted(turning - {"neck", "head"})
    meta = extras["meta"] if ours else {"source": source, **({"left_out": left_out} if left_out else {})}
    return Track(
        expression_of(weights, gaze_rad, len(grid)), rotation, np.zeros_like(rotation), fps=fps,
        audio=extras["audio"] if ours else None, meta=meta,
    )  # fmt: skip


def _keys(glb: GlbReader, animation: dict[str, Any], channel: dict[str, Any]) -> _Keys:
    sampler = animation["samplers"][channel["sampler"]]
    if sampler.get("interpolation", "LINEAR") == "CUBICSPLINE":
        raise UserError("its animation has cubic curves; export it again with sampled, linear keys")
    times, values = glb.values(sampler["input"])[:, 0], glb.values(sampler["output"])
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise UserError("the times of its keys do not increase")
    if len(values) != len(times):
        raise UserError(f"has {len(values)} values for {len(times)} keys")
    if channel["target"]["path"] == "rotation" and values.shape[1] != 4:
        raise UserError(f"has rotations of {values.shape[1]} numbers")
    return _Keys(times, values)


def _frames(keys: list[_Keys], fps: Any) -> tuple[np.ndarray, float]:
    """The times (T,) of all frames, and their rate: that of the channel with the most keys unless it is given."""
    densest = max(keys, key=lambda key: len(key.times)).times
    if fps is None:
        fps = DEFAULT_FPS
        if len(densest) > 1:  # the whole length tells it more exactly than one step
            fps = round((len(densest) - 1) / float(densest[-1] - densest[0]), 3)
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not MIN_FPS <= fps <= MAX_FPS:
        raise UserError(f"has {str(fps)[:20]} frames a second; {MIN_FPS:g} to {MAX_FPS:g} are possible")
    start, end = (
        min(float(key.times[0]) for key in keys),
        max(float(key.times[-1]) for key in keys),
    )
    count = round((end - start) * fps) + 1
    if not 0 < count <= MAX_FRAMES:
        raise UserError(f"its animation has {count} frames, more than a day")
    return start + np.arange(count) / fps, float(fps)


def _at(grid: np.ndarray, keys: _Keys) -> np.ndarray:
    """Values (T, k) at the times of `grid`; the keys themselves, untouched, where they lie on it."""
    if len(grid) == len(keys.times) and np.abs(grid - keys.times).max() < SAME_TIME_S:
        return keys.values
    return np.stack([np.interp(grid, keys.times, column) for column in keys.values.T], axis=1)


def _unwound(keys: _Keys) -> _Keys:
    return _Keys(keys.times, short_way(keys.values))


def _head(
    nodes: list[dict[str, Any]], bones: dict[str, int], keys: dict[Any, _Keys], grid: np.ndarray
) -> np.ndarray:
    """(T, 3) angles of the head against the chest: what neck and head turn away from their T-pose.

    A bone's rest pose may be turned anyhow: its motion, seen in the model's axes, is P q r^-1 P^-1 with q its rotation,
    r that at rest and P that of its parents at rest (how_to_transform_human_pose of the specification).
    """
    parent = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}
    turned = np.tile(STILL, (len(grid), 1))
    for bone in ("neck", "head"):
        key = keys.get((bones.get(bone), "rotation"))
        if key is None:
            continue
        node = bones[bone]
        around, above, steps = STILL, parent.get(node), 0
        while above is not None:
            around = multiply(_rest(nodes[above]), around)
            above, steps = parent.get(above), steps + 1
            if steps > len(nodes):
                raise UserError("its nodes are their own parents")
        moved = _at(grid, _unwound(key))
        moved = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
        seen = multiply(multiply(around, multiply(moved, inverse(_rest(nodes[node])))), inverse(around))
        turned = multiply(turned, seen)
    return from_quaternions(short_way(turned))


def _rest(node: dict[str, Any]) -> np.ndarray:
    rotation = np.asarray(node.get("rotation", STILL), np.float64)
    if rotation.shape != (4,) or not np.isfinite(rotation).all() or not rotation.any():
        raise UserError("has a bone whose rest rotation is no quaternion")
    return rotation / np.linalg.norm(rotation)
