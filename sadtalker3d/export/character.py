"""What of a glTF character can be moved: morph targets by name, VRM's expressions, and its bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sadtalker3d.errors import UserError
from sadtalker3d.export.character_vrm import Bind, Expression, read_vrm
from sadtalker3d.export.gltf_nodes import Nodes
from sadtalker3d.rig.bones import Bones, find_bones
from sadtalker3d.rig.dialects import Dialect
from sadtalker3d.rig.match import Match, Shape, match


@dataclass(frozen=True)
class MorphMesh:
    """A mesh with morph targets.

    targets : their names; "#3" where the file gives none
    nodes : the nodes that show it
    """

    index: int
    name: str
    targets: tuple[str, ...]
    named: bool
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Character:
    """A character that was read, and what was found for it."""

    meshes: tuple[MorphMesh, ...]
    expressions: Mapping[str, Expression]
    nodes: Nodes
    bones: Bones
    match: Match
    by_expressions: bool  # `match` speaks of VRM's expressions, not of morph targets

    def binds(self, shape: str) -> list[Bind]:
        """The morph targets that a shape of `match` moves."""
        if self.by_expressions:
            return list(self.expressions[shape].binds)
        return [
            Bind(mesh.index, index)
            for mesh in self.meshes
            for index, name in enumerate(mesh.targets)
            if shape in (name, _numbered(mesh, index), f"#{index}")
        ]


def read_character(
    document: dict[str, Any], own: Dialect | None = None, *, nameless: bool = False
) -> Character:
    """What can be moved in a checked glTF document.

    own : the user's rig map
    nameless : targets without names are no error: they are looked at, not driven

    Raises
    ------
    UserError : no morph targets, none with names, two of the same name in a mesh, or a map that does not fit
    """
    meshes = _morph_meshes(document)
    if not meshes:
        raise UserError(
            "has no morph targets, so no face can move; export the character with its shape keys (blend shapes)"
        )
    if not any(mesh.targets for mesh in meshes):
        raise UserError("shows none of its meshes with morph targets; place them in its scene")
    nodes = Nodes(document)
    expressions, vrm_bones = read_vrm(document, {mesh.index: len(mesh.targets) for mesh in meshes})
    bones = find_bones(
        nodes.names, nodes.parents, _moving(document, nodes, meshes),
        given=vrm_bones, own=None if own is None else own.bones,
    )  # fmt: skip
    shapes = _shapes(meshes, own)
    found = match(shapes, own)
    by_expressions = bool(expressions) and not found.speaks and (own is None or not own.targets)
    if by_expressions:
        by_name = [
            Shape(name, tuple(sorted({bind.mesh for bind in one.binds}))) for name, one in expressions.items()
        ]
        found = match(by_name, own)
    elif not nameless and not any(mesh.named for mesh in meshes) and not found.hits:
        raise UserError(
            f"its {sum(len(mesh.targets) for mesh in meshes)} morph targets have no names; give the meshes "
            "extras.targetNames, or say what each number is in a map: `sadtalker3d rig inspect CHARACTER --map "
            "my.json`, then --rig my.json"
        )
    if not by_expressions:
        _refuse_duplicates(meshes, found)
    return Character(meshes, expressions, nodes, bones, found, by_expressions)


def _morph_meshes(document: dict[str, Any]) -> tuple[MorphMesh, ...]:
    users: dict[int, list[int]] = {}
    for index, node in enumerate(document.get("nodes", [])):
        if "mesh" in node:
            users.setdefault(node["mesh"], []).append(index)
    found = []
    for index, mesh in enumerate(document.get("meshes", [])):
        primitives = mesh["primitives"]
        targets = primitives[0].get("targets", []) if primitives else []
        if targets and index in users:
            names = _target_names(document, mesh, len(targets))
            name = mesh.get("name")
            node_name = document["nodes"][users[index][0]].get("name")
            label = next((n for n in (name, node_name) if isinstance(n, str) and n), f"mesh {index}")
            found.append(
                MorphMesh(
                    index,
                    label,
                    names or tuple(f"#{i}" for i in range(len(targets))),
                    bool(names),
                    tuple(users[index]),
                )
            )
    return tuple(found)


def _target_names(document: dict[str, Any], mesh: dict[str, Any], count: int) -> tuple[str, ...]:
    """Names from mesh.extras, else from the first primitive's extras, else from the targets' accessors."""
    primitive = mesh["primitives"][0]
    for owner in (mesh, primitive):
        extras = owner.get("extras")
        names = extras.get("targetNames") if isinstance(extras, dict) else None
        if isinstance(names, list) and names:
            if len(names) != count or not all(isinstance(name, str) for name in names):
                raise UserError(
                    f"the mesh '{mesh.get('name', '')}' has {count} morph targets, but {len(names)} names in "
                    "targetNames; export it again"
                )
            return tuple(name or f"#{index}" for index, name in enumerate(names))
    accessors = [
        document["accessors"][target["POSITION"]] if "POSITION" in target else {}
        for target in primitive["targets"]
    ]
    found = [name for one in accessors if isinstance(name := one.get("name"), str) and name]
    return tuple(found) if len(set(found)) == count else ()


def _numbered(mesh: MorphMesh, index: int) -> str:
    return f"{mesh.name}#{index}"


def _shapes(meshes: tuple[MorphMesh, ...], own: Dialect | None) -> list[Shape]:
    """All names with the meshes that have them; the map's "#3" and "Head#3" too."""
    holders: dict[str, list[int]] = {}
    for mesh in meshes:
        for name in dict.fromkeys(mesh.targets):
            holders.setdefault(name, []).append(mesh.index)
    for name in own.targets if own is not None else ():
        if name not in holders:
            numbered = [
                m.index for m in meshes for i in range(len(m.targets)) if name in (f"#{i}", _numbered(m, i))
            ]
            if numbered:
                holders[name] = numbered
    return [Shape(name, tuple(where)) for name, where in holders.items()]


def _refuse_duplicates(meshes: tuple[MorphMesh, ...], found: Match) -> None:
    for mesh in meshes:
        if len(set(mesh.targets)) == len(mesh.targets):
            continue
        for name in found.hits:
            places = [index for index, target in enumerate(mesh.targets) if target == name]
            if len(places) > 1:
                numbers = " and ".join(f"#{place}" for place in places[:3])
                raise UserError(
                    f"the mesh '{mesh.name}' has {len(places)} morph targets called '{name}' ({numbers}); rename "
                    f"one, or map '{_numbered(mesh, places[0])}' and set '{name}' to null with --rig"
                )


def _moving(document: dict[str, Any], nodes: Nodes, meshes: tuple[MorphMesh, ...]) -> list[int]:
    """Nodes that move the face: joints of its skins and those above them, and nodes above unskinned meshes."""
    found: dict[int, None] = {}
    all_nodes = document.get("nodes", [])
    for mesh in meshes:
        for node in mesh.nodes:
            if "skin" in all_nodes[node]:
                joints = document["skins"][all_nodes[node]["skin"]].get("joints", [])
                found |= dict.fromkeys(joints)
            else:
                found |= dict.fromkeys(nodes.with_ancestors(node))
    # eye bones often carry eyeballs without shapes of their own
    below = [i for i in range(len(nodes)) if any(above in found for above in nodes.with_ancestors(i))]
    found |= dict.fromkeys(below)
    return [i for i in found if not ("mesh" in all_nodes[i] and "skin" in all_nodes[i])]
