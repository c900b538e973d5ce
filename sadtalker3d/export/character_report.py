"""What was found of a character, to read, and as a rig map to edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sadtalker3d.errors import UserError
from sadtalker3d.export.character import Character, read_character
from sadtalker3d.export.onto_bones import EYE_COLUMNS
from sadtalker3d.rig.dialects import SCHEMA, Dialect, Follow, Looks
from sadtalker3d.rig.names import ALIKE, EXACT

AT_ONCE = 8  # names in a line


def report(document: dict[str, Any], own: Dialect | None = None) -> list[str]:
    """Lines about a checked glTF document: meshes, what matches what, what is missing and left over, bones."""
    character = read_character(document, own) if own is not None else _read_leniently(document)
    found = character.match
    missing = _missing(character)
    lines = ["meshes with morph targets:"]
    for mesh in character.meshes:
        named = "" if mesh.named else ", without names"
        lines.append(f"  {mesh.name}: {len(mesh.targets)} targets{named}")
    lines.append(f"dialect: {', '.join(found.dialects) or 'none known'}")
    if character.by_expressions:
        lines.append("by the file's VRM expressions, as its targets' names are not known")
    if found.hits:
        lines.append("what follows what:")
        for shape, hit in found.hits.items():
            sure = {EXACT: "", ALIKE: "  (another form of the name)"}.get(
                hit.sureness, "  (within a longer name)"
            )
            lines.append(f"  {shape} <- {_said(hit.entry)}{sure}")
    if found.visemes:
        lines.append(
            "the mouth by visemes: their weights are solved for each frame, the loss is printed on export"
        )
    elif missing:
        lines.append(f"nothing follows {len(missing)} of ARKit's 52:")
        lines += _in_rows(missing)
    if found.unused:
        lines.append("known, but not needed besides these:")
        lines += _in_rows(found.unused)
    if found.left_over:
        lines.append("left over:")
        lines += _in_rows(found.left_over)
    lines += ["bones:", *(f"  {role}: {said}" for role, said in _bones(character).items())]
    lines += [f"note: {doubt}" for doubt in (*found.doubts, *character.bones.doubts)]
    return lines


def starter_map(document: dict[str, Any], own: Dialect | None = None) -> str:
    """The text of a rig map that says what was found; what follows nothing is null."""
    character = read_character(document, own) if own is not None else _read_leniently(document)
    if character.by_expressions:
        raise UserError("is driven by its VRM expressions, which a map cannot name yet; leave out --map")
    found = character.match
    names = list(dict.fromkeys(name for mesh in character.meshes for name in mesh.targets))
    names += [name for name in found.hits if name not in names]
    targets = {name: _written(found.hits[name].entry) if name in found.hits else None for name in names}
    bones = character.bones
    chosen = {
        "head": bones.head, "neck": bones.neck, "leftEye": bones.left_eye, "rightEye": bones.right_eye,
        "jaw": bones.jaw,
    }  # fmt: skip
    lines = [
        f"    {json.dumps(name, ensure_ascii=False)}: {json.dumps(value)}" for name, value in targets.items()
    ]
    said = {role: _node_name(character, node) for role, node in chosen.items() if node is not None}
    return "\n".join(
        [
            "{", f'  "schema": "{SCHEMA}",', '  "about": "null is left alone; columns: sadtalker3d rig columns",',
            '  "automatic": false,', '  "targets": {', ",\n".join(lines), "  },",
            f'  "bones": {json.dumps(said, ensure_ascii=False)}', "}", "",
        ]
    )  # fmt: skip


def _read_leniently(document: dict[str, Any]) -> Character:
    """Targets without names can be looked at, so that a map can be begun for them."""
    try:
        return read_character(document)
    except UserError as error:
        if "have no names" not in str(error):
            raise
    return read_character(document, Dialect("none", "", {}, automatic=False), nameless=True)


def _missing(character: Character) -> tuple[str, ...]:
    """ARKit's columns that neither a shape nor a bone follows."""
    bones, found = character.bones, character.match
    by_bone = set() if bones.left_eye is None or bones.right_eye is None else set(EYE_COLUMNS)
    if bones.jaw is not None and not found.speaks:
        by_bone.add("jawOpen")
    return tuple(column for column in found.missing if column not in by_bone)


def _node_name(character: Character, node: int | None) -> str | None:
    if node is None:
        return None
    name = character.nodes.names[node]
    return name if name and character.nodes.names.count(name) == 1 else f"#{node}"


def _bones(character: Character) -> dict[str, str]:
    bones, found = character.bones, character.match
    eyes_by_shape, speaks = bool(found.columns & set(EYE_COLUMNS)), found.speaks
    rows = {"head": bones.head, "neck": bones.neck, "left eye": bones.left_eye, "right eye": bones.right_eye}
    said = {}
    for role, node in (rows | {"jaw": bones.jaw}).items():
        still = (role.endswith("eye") and eyes_by_shape) or (role == "jaw" and speaks)
        note = " (stays: shapes do it)" if still else ""
        said[role] = "-" if node is None else f"{_node_name(character, node)}{note}"
    if bones.head is None and bones.neck is None:
        said["head"] = "-  (a file that is a head alone turns as a whole)"
    return said


def _both_sides(shares: Mapping[str, float]) -> dict[str, float]:
    """`mouthSmile*` for mouthSmileLeft and mouthSmileRight of the same share, as maps are written."""
    short: dict[str, float] = {}
    for name, share in shares.items():
        stem = name.removesuffix("Left").removesuffix("Right")
        pair = [shares.get(stem + side) for side in ("Left", "Right")]
        short[f"{stem}*" if pair == [share, share] else name] = share
    return short


def _said(entry: Follow | Looks) -> str:
    shares = " + ".join(
        name if share == 1 else f"{share:g} {name}" for name, share in _both_sides(entry.shares).items()
    )
    if isinstance(entry, Looks):
        return f"looks like {shares or 'the face at rest'}"
    text = f"{entry.combine}({shares})" if entry.combine != "sum" else shares
    if entry.gain != 1:
        text = f"{entry.gain:g} * ({text})"
    return f"{text} + {entry.offset:g}" if entry.offset else text


def _written(entry: Follow | Looks) -> Any:
    if isinstance(entry, Looks):
        value: dict[str, Any] = {"looks": _both_sides(entry.shares)}
        if entry.limits != (0.0, 1.0):
            value["limits"] = list(entry.limits)
    else:
        if entry == Follow(entry.shares) and list(entry.shares.values()) == [1.0]:
            return next(iter(entry.shares))
        value = {"from": _both_sides(entry.shares)}
        if entry.combine != "sum":
            value["combine"] = entry.combine
        if entry.offset:
            value["offset"] = entry.offset
        if entry.limits is not None:
            value["limits"] = list(entry.limits)
    if entry.gain != 1:
        value["gain"] = entry.gain
    return value


def _in_rows(names: tuple[str, ...]) -> list[str]:
    return [f"  {', '.join(names[i : i + AT_ONCE])}" for i in range(0, len(names), AT_ONCE)]
