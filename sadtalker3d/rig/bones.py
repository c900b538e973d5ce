"""Which nodes of a character turn its head, neck, eyes and jaw: by what programs call them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sadtalker3d.errors import UserError
from sadtalker3d.rig.dialects import BONES

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_AROUND = (
    "mixamorig cc base bip def org mch jnt joint bone bn sk skel rig armature adj face facial c j m b x d s ctrl"
    " root master char character avatar g grp low"
)
_FILLERS = frozenset(_AROUND.split())
"""What programs put around a bone's name: Mixamo, CC4, 3ds Max's biped, Rigify, VRoid, Unreal and others."""
_SIDES = {"left": "l", "l": "l", "right": "r", "r": "r"}
_ROLES = {
    ("head", ""): "head", ("jaw", ""): "jaw", ("eye", "l"): "leftEye", ("eye", "r"): "rightEye",
    ("eyeball", "l"): "leftEye", ("eyeball", "r"): "rightEye",
    ("neck", ""): "neck", ("necktwist", ""): "neck", ("neckupper", ""): "neck", ("necklower", ""): "neck",  # CC4, Daz
}  # fmt: skip


@dataclass(frozen=True)
class Bones:
    """Node indices; None where there is none. `doubts`: a sentence for each role that several nodes could have."""

    head: int | None = None
    neck: int | None = None
    left_eye: int | None = None
    right_eye: int | None = None
    jaw: int | None = None
    doubts: tuple[str, ...] = ()


def role_of(name: str) -> str | None:
    """What a bone of this name is: head, neck, leftEye, rightEye, jaw, or None."""
    return _ROLES.get(_stem_and_side(name))


def arm_side(name: str) -> str | None:
    """ "l" or "r" for an upper arm, which tells where a character without eye bones faces; else None."""
    stem, side = _stem_and_side(name)
    return side or None if stem in ("arm", "upperarm") else None


def _stem_and_side(name: str) -> tuple[str, str]:
    words = [word.casefold() for word in _WORDS.findall(name)]
    sides = {_SIDES[word] for word in words if word in _SIDES}
    stem = "".join(word for word in words if word not in _FILLERS and word not in _SIDES)
    return stem, next(iter(sides)) if len(sides) == 1 else "?" if sides else ""


def find_bones(
    names: Sequence[str],
    parents: Sequence[int],
    moving: Sequence[int],
    *,
    given: Mapping[str, int] | None = None,
    own: Mapping[str, str | None] | None = None,
) -> Bones:
    """The bones of a character.

    Parameters
    ----------
    names, parents : of all nodes; the parent of a root is -1
    moving : the nodes that move the face: joints of its skins, and nodes above (or of) its meshes
    given : roles that the file itself states (VRM)
    own : the user's choice by role: a node's name, "#12" for node 12, or None for no such bone

    Raises UserError when `own` names a node that is not there, or one of several of the same name.
    """
    candidates: dict[str, list[int]] = {role: [] for role in BONES}
    for index in moving:
        role = role_of(names[index])
        if role is not None:
            candidates[role].append(index)
    chosen: dict[str, int | None] = {}
    doubts = []
    for role in BONES:
        found = candidates[role]
        if given and role in given:
            chosen[role] = given[role]
        elif role == "neck" and chosen.get("head") is not None:
            above = _ancestors(chosen["head"], parents)
            chosen[role] = next((node for node in above if node in found), None)
        else:
            chosen[role] = min(found, key=lambda node: len(_ancestors(node, parents)), default=None)
            if len(found) > 1:
                others = ", ".join(f"'{names[node]}'" for node in found if node != chosen[role])
                doubts.append(f"the {role} bone is taken to be '{names[chosen[role]]}', not {others}")  # type: ignore[index]
    for role, wanted in (own or {}).items():
        chosen[role] = None if wanted is None else _named(wanted, names, role)
        doubts = [doubt for doubt in doubts if not doubt.startswith(f"the {role} ")]
    return Bones(
        chosen["head"], chosen["neck"], chosen["leftEye"], chosen["rightEye"], chosen["jaw"], tuple(doubts)
    )


def _ancestors(node: int | None, parents: Sequence[int]) -> list[int]:
    """The nodes above one, the nearest first."""
    way = []
    at = -1 if node is None else parents[node]
    while at >= 0:
        way.append(at)
        at = parents[at]
    return way


def _named(wanted: str, names: Sequence[str], role: str) -> int:
    found = [index for index, name in enumerate(names) if name == wanted]
    if not found and re.fullmatch(r"#\d{1,9}", wanted) and int(wanted[1:]) < len(names):
        return int(wanted[1:])
    if not found:
        raise UserError(
            f"the rig map's bones.{role} names the node '{wanted}', which the character does not have"
        )
    if len(found) > 1:
        raise UserError(
            f"the rig map's bones.{role} names '{wanted}', and {len(found)} nodes are called so; "
            f"give its number, '#{found[0]}'"
        )
    return found[0]
