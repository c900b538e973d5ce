"""The 52 ARKit shapes on the cage, made exact mirror images; their lips are closed by the seal."""

from __future__ import annotations

import numpy as np

from sadtalker3d.rig.arkit import ARKIT_52

from .cage import Cage
from .identity import mirrored_cage, symmetric_cage
from .source import Source

LIPS_PART = frozenset(
    {"jawOpen", "mouthClose", "mouthFunnel", "mouthLowerDownLeft", "mouthLowerDownRight"}
    | {"mouthUpperUpLeft", "mouthUpperUpRight", "tongueOut"}
    | {"mouthLowerUnderTeeth", "mouthFlare", "mouthRound", "mouthSpread"}
)
"""Shapes that may part the lips; all others keep the contact closed."""


def other_side(name: str) -> str:
    """Name of the mirror image of a shape."""
    if name.endswith("Left"):
        return name[:-4] + "Right"
    if name.endswith("Right"):
        return name[:-5] + "Left"
    return name


def arkit(source: Source, cage: Cage) -> dict[str, np.ndarray]:
    """(N, 3) cage displacement of every ARKit shape, source units."""
    raw = {name: cage.apply(source.face_unit(name)) for name in ARKIT_52}
    shapes: dict[str, np.ndarray] = {}
    for name in ARKIT_52:
        other = other_side(name)
        if other == name:
            shapes[name] = symmetric_cage(raw[name], cage)
        elif name.endswith("Left"):
            shapes[name] = (raw[name] + mirrored_cage(raw[other], cage)) / 2
            shapes[other] = mirrored_cage(shapes[name], cage)
    # The Face Units' pucker narrows the mouth by a fifth; ARKit's, like a kiss, by a third.
    dimples = shapes["mouthDimpleLeft"] + shapes["mouthDimpleRight"]
    shapes["mouthPucker"] = 1.2 * shapes["mouthPucker"] - 0.25 * dimples
    return {name: shapes[name] for name in ARKIT_52}
