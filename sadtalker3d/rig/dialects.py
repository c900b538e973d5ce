"""Rig dialects: how the shapes of a kind of character follow a track's columns. One JSON file each, in maps/.

    {"schema": "sadtalker3d.rig/1", "name": "mine", "about": "...",
     "targets": {
       "Mund_auf":  "jawOpen",
       "Laecheln":  {"from": {"mouthSmile*": 0.5}, "gain": 1.2, "offset": 0, "combine": "sum", "limits": [0, 1]},
       "A":         {"looks": {"jawOpen": 0.5, "tongueDown": 0.4}, "also": ["mouth_A"]},
       "Ohren":     null}}

A target's weight is gain * combine(share * column) + offset within its limits. One that `looks` like a mixture of
columns is a viseme: how much of each is needed is solved (visemes.py). `mouthSmile*` stands for both sides. A
user's own file may also say which bones to turn, and with "automatic": false that nothing but it counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import OPEN_64

SCHEMA = "sadtalker3d.rig/1"
MAPS = Path(__file__).with_name("maps")
BONES = ("head", "neck", "leftEye", "rightEye", "jaw")
COMBINATIONS = ("sum", "max", "mean")
MOST_BYTES = 4_000_000  # a map of every shape of a large character has 30 kB
_FIELDS = {"schema", "name", "about", "targets", "bones", "automatic"}
_OPTIONS = {"from", "looks", "gain", "offset", "combine", "limits", "also"}


@dataclass(frozen=True)
class Follow:
    """A target that follows columns: gain * combine(share * column) + offset, within limits."""

    shares: Mapping[str, float]
    gain: float = 1.0
    offset: float = 0.0
    combine: str = "sum"
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Looks:
    """A viseme: at weight 1 the mouth looks as these columns together."""

    shares: Mapping[str, float]
    gain: float = 1.0
    limits: tuple[float, float] = (0.0, 1.0)


Entry = Follow | Looks | None


@dataclass(frozen=True)
class Dialect:
    """The targets of a kind of character by name, and other names they have."""

    name: str
    about: str
    targets: Mapping[str, Entry]
    also: Mapping[str, str] = field(default_factory=dict)  # other name -> name
    bones: Mapping[str, str | None] = field(default_factory=dict)
    automatic: bool = True


@cache
def dialects() -> tuple[Dialect, ...]:
    """All that ship with the project."""
    return tuple(read_map(path) for path in sorted(MAPS.glob("*.json")))


def read_map(path: str | Path) -> Dialect:
    """A dialect, or a user's own map, from its file.

    Raises UserError naming the file and what is wrong in it.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: is too large for a rig map")
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON ({error})") from None
    try:
        return parse_map(document, path.stem)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def parse_map(document: Any, name: str = "map") -> Dialect:
    """A dialect from its JSON; UserError says which field is wrong."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UserError(f'is not a rig map; it must be an object with "schema": "{SCHEMA}"')
    unknown = sorted(set(document) - _FIELDS)
    if unknown:
        raise UserError(f"field '{unknown[0]}' is unknown; known are {', '.join(sorted(_FIELDS))}")
    targets, bones = document.get("targets", {}), document.get("bones", {})
    if not isinstance(targets, dict):
        raise UserError("field 'targets' must be an object of target names")
    if not isinstance(bones, dict) or not set(bones) <= set(BONES):
        raise UserError(f"field 'bones' must be an object of {', '.join(BONES)}")
    for role, bone in bones.items():
        if bone is not None and not isinstance(bone, str):
            raise UserError(f"bones.{role} must be the name of a node or null")
    automatic = document.get("automatic", True)
    if not isinstance(automatic, bool):
        raise UserError("field 'automatic' must be true or false")
    entries: dict[str, Entry] = {}
    also: dict[str, str] = {}
    for target, value in targets.items():
        entries[target] = _entry(value, f"targets.{target}")
        others = value.get("also", []) if isinstance(value, dict) else []
        if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
            raise UserError(f"targets.{target}.also must be a list of names")
        also |= dict.fromkeys(others, target)
    return Dialect(
        str(document.get("name", name)), str(document.get("about", "")), entries, also, bones, automatic
    )


def _entry(value: Any, where: str) -> Entry:
    if value is None:
        return None
    if isinstance(value, str):
        return Follow(_shares({value: 1.0}, where))
    if not isinstance(value, dict):
        raise UserError(f"{where} must be a column's name, an object or null")
    unknown = sorted(set(value) - _OPTIONS)
    if unknown:
        raise UserError(f"{where}.{unknown[0]} is unknown; known are {', '.join(sorted(_OPTIONS))}")
    if ("from" in value) == ("looks" in value):
        raise UserError(f"{where} needs either 'from' or 'looks'")
    gain, offset = (
        _number(value.get(key, default), f"{where}.{key}") for key, default in (("gain", 1), ("offset", 0))
    )
    limits = value.get("limits")
    if limits is not None:
        if not isinstance(limits, list) or len(limits) != 2:
            raise UserError(f"{where}.limits must be two numbers, the least and the most")
        low, high = (_number(limit, f"{where}.limits") for limit in limits)
        if low > high:
            raise UserError(f"{where}.limits must be the least and then the most")
        limits = (low, high)
    combine = value.get("combine", "sum")
    if combine not in COMBINATIONS:
        raise UserError(f"{where}.combine must be one of {', '.join(COMBINATIONS)}")
    if "looks" in value:
        if offset or combine != "sum":
            raise UserError(f"{where} looks like a mixture of columns, so it takes no offset and no combine")
        return Looks(_shares(value["looks"], f"{where}.looks"), gain, limits or (0.0, 1.0))
    shares = value["from"]
    if isinstance(shares, str):
        shares = {shares: 1.0}
    return Follow(_shares(shares, f"{where}.from"), gain, offset, combine, limits)


def _shares(given: Any, where: str) -> dict[str, float]:
    if not isinstance(given, dict):
        raise UserError(f"{where} must be an object of columns and their shares")
    found: dict[str, float] = {}
    for key, share in given.items():
        names = [key[:-1] + side for side in ("Left", "Right")] if key.endswith("*") else [key]
        for name in names:
            if name not in OPEN_64:
                raise UserError(
                    f"{where} names '{key}', which is no column of a track; see `sadtalker3d rig columns`"
                )
            found[name] = _number(share, f"{where}.{key}")
    return found


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"{where} must be a number")
    return float(value)
