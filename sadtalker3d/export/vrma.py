"""VRM animation (.vrma): the take for any VRM avatar, in VRChat-like programs, UniVRM and three-vrm.

A GLB without a mesh. `VRMC_vrm_animation` 1.0 names the nodes: those of the humanoid bones in T-pose, of which neck and
head turn, half of the head pose each; one node an expression, whose translation along x is the weight; and one whose
rotation is the gaze, +z being ahead. Eye bones are not keyed, nor is any bone but the hips moved, as the specification
has it; so the head's translation is left out. Keys lie on the track's frames: its guideline of 30 a second is about
smoothness with linear keys, which 25 have too.

Two sets of expressions:

- `presets`, which every avatar has: aa ih ou ee oh by bounded least squares on the embedded head's mouth
  (`rig.solve`), and the blinks: `blink` what both lids share, `blinkLeft` and `blinkRight` what one does besides.
  happy, angry, sad, relaxed and surprised move the whole face, mouth included, and are left alone.
- `arkit`, for avatars with ARKit's 52 as custom expressions ("perfect sync"): these by name, eyes among them; no gaze.

Weights are cut to 0..1. Source: VRMC_vrm_animation-1.0 and VRMC_vrm-1.0 of vrm-c/vrm-specification.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.errors import UserError
from sadtalker3d.export.glb import GlbWriter
from sadtalker3d.export.vrma_expressions import gaze_of, presets_of
from sadtalker3d.export.vrma_read import read
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.rotation import short_way, to_quaternions
from sadtalker3d.track import Track

__all__ = ["read", "write"]

SETS = ("presets", "arkit")
BONES: dict[str, tuple[str, tuple[float, float, float]]] = {
    "hips": ("", (0.0, 0.95, 0.0)),
    "spine": ("hips", (0.0, 0.1, 0.0)),
    "neck": ("spine", (0.0, 0.42, 0.0)),
    "head": ("neck", (0.0, 0.08, 0.0)),
    **{
        side + bone: (parent if parent in ("hips", "spine") else side + parent, (x * sign, y, 0.0))
        for side, sign in (("left", 1.0), ("right", -1.0))
        for bone, parent, x, y in (
            ("UpperLeg", "hips", 0.09, -0.05), ("LowerLeg", "UpperLeg", 0.0, -0.42), ("Foot", "LowerLeg", 0.0, -0.4),
            ("UpperArm", "spine", 0.16, 0.36), ("LowerArm", "UpperArm", 0.27, 0.0), ("Hand", "LowerArm", 0.25, 0.0),
        )
    },
}  # fmt: skip
"""The bones that a VRM must have, and the neck: parent and place beside it in metres, a grown-up in T-pose."""
EYES_FROM_HEAD_BONE_M = (0.0, 0.06, 0.0)


def write(
    track: Track,
    path: str | Path,
    *,
    expressions: str = "presets",
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Write an `open` track.

    expressions : "presets" or "arkit", see above
    tell : is called with a sentence on what the presets lose

    Raises
    ------
    UserError : a track of another space, an unknown set, or a file that cannot be written
    """
    path = Path(path)
    if expressions not in SETS:
        raise UserError(f"unknown set of expressions '{expressions}'; choose presets or arkit")
    track.require_space("open", "a VRM animation")
    glb = GlbWriter()
    clock = glb.samples((np.arange(len(track)) / track.fps).astype(np.float32), bounds=True)
    nodes, bones = _skeleton()
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def animate(node: int, kind: str, values: np.ndarray) -> None:
        samplers.append(
            {"input": clock, "output": glb.samples(values.astype(np.float32)), "interpolation": "LINEAR"}
        )
        channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": kind}})

    half = half_turns(to_quaternions(track.rotation))
    for bone in ("neck", "head"):
        animate(bones[bone], "rotation", half)
    if expressions == "arkit":
        weights = dict(zip(ARKIT_52, to_arkit(track).T, strict=True))
    else:
        weights, loss = presets_of(track)
        if tell is not None:
            tell(f"{path}: {loss}")
    at: dict[str, dict[str, int]] = {}
    for name, weight in weights.items():
        nodes.append({"name": name})
        at[name] = {"node": len(nodes) - 1}
        moved = np.zeros((len(track), 3), np.float32)
        moved[:, 0] = np.clip(weight, 0, 1)
        animate(len(nodes) - 1, "translation", moved)
    said: dict[str, Any] = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": {bone: {"node": node} for bone, node in bones.items()}},
        "expressions": {"custom" if expressions == "arkit" else "preset": at},
    }
    if expressions == "presets":
        nodes.append({"name": "lookAt"})
        animate(len(nodes) - 1, "rotation", to_quaternions(gaze_of(track)))
        said["lookAt"] = {"node": len(nodes) - 1, "offsetFromHeadBone": list(EYES_FROM_HEAD_BONE_M)}
    document = {
        "asset": {"version": "2.0", "generator": f"sadtalker3d {__version__}"},
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {"VRMC_vrm_animation": said},
        "scene": 0,
        "scenes": [{"nodes": [bones["hips"], *range(len(bones), len(nodes))]}],
        "nodes": nodes,
        "animations": [
            {
                "name": "Take", "channels": channels, "samplers": samplers,
                "extras": {"fps": track.fps, "audio": track.audio, "meta": dict(track.meta)},
            }
        ],
    }  # fmt: skip
    with replacing(path) as partial, partial.open("wb") as file:
        glb.write(file, document)
    return path


def half_turns(quaternions: np.ndarray) -> np.ndarray:
    """(T, 4) unit quaternions x y z w of half the turn; doubled they are the given ones."""
    short = np.where(quaternions[:, 3:] < 0, -quaternions, quaternions)
    halfway = short + np.array([0.0, 0.0, 0.0, 1.0])
    return short_way(halfway / np.linalg.norm(halfway, axis=1, keepdims=True))


def _skeleton() -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The bones' nodes, and where each is among them."""
    at = {bone: i for i, bone in enumerate(BONES)}
    nodes: list[dict[str, Any]] = []
    for bone, (_, place) in BONES.items():
        node: dict[str, Any] = {"name": bone, "translation": list(place)}
        children = [at[child] for child, (parent, _) in BONES.items() if parent == bone]
        nodes.append({**node, "children": children} if children else node)
    return nodes, at
