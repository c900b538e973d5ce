"""VRM files are GLBs that say what their morph targets do: expressions, and which bones are which.

Sources: VRMC_vrm-1.0 (expressions, humanoid), VRM 0.0 (blendShapeMaster, whose weights are percent; humanoid).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sadtalker3d.rig.dialects import BONES


@dataclass(frozen=True)
class Bind:
    """A morph target of a mesh that something moves, and by how much at weight 1."""

    mesh: int
    target: int
    share: float = 1.0


@dataclass(frozen=True)
class Expression:
    """One of VRM's: a name and the targets it moves; `binary` ones are on or off."""

    binds: tuple[Bind, ...]
    binary: bool = False


def read_vrm(
    document: dict[str, Any], sizes: Mapping[int, int]
) -> tuple[dict[str, Expression], dict[str, int]]:
    """The expressions and bones that a VRM 1 or 0 file states; what is not proper there is left out.

    sizes : the number of morph targets of each mesh that has some
    """
    extensions = document.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    nodes = document.get("nodes", [])
    expressions: dict[str, Expression] = {}
    bones: dict[str, int] = {}
    new, old = (_object(extensions.get(name)) for name in ("VRMC_vrm", "VRM"))
    for kind in ("preset", "custom"):
        for name, one in _object(_object(new.get("expressions")).get(kind)).items():
            binds = []
            for bind in _list(_object(one).get("morphTargetBinds")):
                node = bind.get("node")
                if type(node) is int and 0 <= node < len(nodes):
                    binds += _bind(nodes[node].get("mesh"), bind.get("index"), bind.get("weight"), 1.0, sizes)
            if binds:
                expressions.setdefault(name, Expression(tuple(binds), _object(one).get("isBinary") is True))
    for group in _list(_object(old.get("blendShapeMaster")).get("blendShapeGroups")):
        preset = group.get("presetName")
        stated = isinstance(preset, str) and preset.lower() not in ("", "unknown")
        label = preset if stated else group.get("name")
        binds = [
            one for bind in _list(group.get("binds"))
            for one in _bind(bind.get("mesh"), bind.get("index"), bind.get("weight"), 0.01, sizes)
        ]  # fmt: skip
        if binds and isinstance(label, str):
            expressions.setdefault(label, Expression(tuple(binds), group.get("isBinary") is True))
    human = _object(_object(new.get("humanoid")).get("humanBones"))
    nodes_of: list[tuple[Any, Any]] = [(role, _object(human.get(role)).get("node")) for role in BONES]
    nodes_of += [
        (bone.get("bone"), bone.get("node")) for bone in _list(_object(old.get("humanoid")).get("humanBones"))
    ]
    for role, node in nodes_of:
        if role in BONES and type(node) is int and 0 <= node < len(nodes):
            bones.setdefault(role, node)
    return expressions, bones


def _bind(mesh: Any, target: Any, weight: Any, unit: float, sizes: Mapping[int, int]) -> list[Bind]:
    proper = type(mesh) is int and type(target) is int and isinstance(weight, int | float)
    if not proper or not 0 <= target < sizes.get(mesh, 0) or not 0 <= weight * unit <= 1:
        return []
    return [Bind(mesh, target, weight * unit)]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
