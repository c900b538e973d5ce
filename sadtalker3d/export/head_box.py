"""A head without a skeleton: which nodes it is made of, and how large it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from sadtalker3d.export.character import Character
from sadtalker3d.export.glb import DTYPES, FLOAT
from sadtalker3d.export.gltf_nodes import Nodes

TALLEST = (
    2.2  # height over width or depth, whichever is more: a head is 1.5 with its neck, a person 3 and more
)


def free_head(
    document: dict[str, Any], character: Character
) -> tuple[list[int], np.ndarray, np.ndarray] | None:
    """The nodes to turn, none below another, and the head's box (3,), (3,) in the world; None where it is a body.

    Hair, eyes and glasses belong to a head: where all of the file together has a head's proportions, all of it turns.
    """
    nodes = document.get("nodes", [])
    shown = [i for i, node in enumerate(nodes) if "mesh" in node]
    for chosen in (shown, [node for mesh in character.meshes for node in mesh.nodes]):
        if any("skin" in nodes[i] for i in chosen):
            continue  # a skinned mesh goes where its joints go
        box = _box(document, character.nodes, chosen)
        if box is None:
            continue
        low, high = box
        width, height, depth = high - low
        if 0 < height < TALLEST * max(width, depth):
            inside = set(chosen)
            top = [i for i in chosen if not inside & set(character.nodes.with_ancestors(i)[1:])]
            return top, low, high
    return None


def _box(document: dict[str, Any], nodes: Nodes, chosen: list[int]) -> tuple[np.ndarray, np.ndarray] | None:
    """From the min and max that glTF demands of positions; None where they are not there."""
    corners = []
    for node in chosen:
        matrix = nodes.world_matrix(node)
        for primitive in document["meshes"][document["nodes"][node]["mesh"]]["primitives"]:
            index = primitive.get("attributes", {}).get("POSITION")
            box = None if index is None else _bounds(document["accessors"][index])
            if box is None:
                return None
            ends = np.stack(np.meshgrid(*box.T, indexing="ij"), axis=-1).reshape(-1, 3)
            corners.append(ends @ matrix[:3, :3].T + matrix[:3, 3])
    if not corners:
        return None
    every = np.concatenate(corners)
    return every.min(axis=0), every.max(axis=0)


def _bounds(accessor: dict[str, Any]) -> np.ndarray | None:
    """(2, 3) min and max; integers of a quantized file stand for -1..1 or 0..1, and its nodes scale them up."""
    bounds = [accessor.get(key) for key in ("min", "max")]
    if not all(_is_point(bound) for bound in bounds):
        return None
    box = np.array(bounds, np.float64)
    dtype = np.dtype(DTYPES.get(accessor.get("componentType", FLOAT), "<f4"))
    if dtype.kind == "f" or not accessor.get("normalized"):
        return box
    return np.maximum(box / np.iinfo(dtype).max, -1.0)


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(isinstance(v, int | float) for v in value)
