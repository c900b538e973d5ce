"""Is a glTF document whole? Every index, size and count that is used later is looked at here first."""

from __future__ import annotations

from typing import Any

from sadtalker3d.errors import UserError
from sadtalker3d.export.glb import MAX_VALUES

COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
FARTHEST = 1e12  # of a node, in any unit; more would overflow float32 further down
LISTS = (
    "buffers", "bufferViews", "accessors", "meshes", "nodes", "skins", "animations", "scenes", "images",
    "materials", "textures", "samplers", "cameras",
)  # fmt: skip


def check_document(document: dict[str, Any], binary: bytes | None) -> None:
    """Raises UserError with what is wrong.

    binary : of a GLB, its binary part, which is buffer 0; None where there is none
    """
    asset = document.get("asset")
    version = asset.get("version") if isinstance(asset, dict) else None
    if not isinstance(version, str) or not version.startswith("2."):
        raise UserError(
            f"is glTF version {str(version)[:20]!r}; version 2 is read, export it again as glTF 2.0"
        )
    for name in LISTS:
        found = document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise UserError(f"its '{name}' are not a list of objects: the file is damaged")
    _check_buffers(document, binary)
    for index, accessor in enumerate(document.get("accessors", [])):
        _check_accessor(document, index, accessor)
    _check_meshes(document)
    _check_nodes(document)


def whole(owner: dict[str, Any], key: str, what: str, default: int | None = None) -> int:
    """A whole number that is not negative; UserError naming `what` otherwise."""
    value = owner.get(key, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise UserError(f"{what} has no proper '{key}': the file is damaged")
    return value


def index_into(document: dict[str, Any], name: str, owner: dict[str, Any], key: str, what: str) -> int:
    """An index into the list `name`; UserError naming `what` when there is no such item."""
    index = whole(owner, key, what)
    if index >= len(document.get(name, [])):
        raise UserError(f"{what} refers to {name}[{index}], which is not there: the file is damaged")
    return index


def _check_buffers(document: dict[str, Any], binary: bytes | None) -> None:
    buffers = document.get("buffers", [])
    for index, buffer in enumerate(buffers):
        size = whole(buffer, "byteLength", f"its buffer {index}")
        if "uri" in buffer and not isinstance(buffer["uri"], str):
            raise UserError(f"its buffer {index} has no proper 'uri': the file is damaged")
        if index == 0 and binary is not None and "uri" not in buffer and size > len(binary):
            raise UserError(
                f"its binary part has {len(binary)} bytes of the {size} it says: the file is truncated"
            )
    if buffers and "uri" not in buffers[0] and binary is None and not _is_fallback(buffers[0]):
        raise UserError("its buffer 0 names no file and the file has no binary part: it is damaged")
    for index, view in enumerate(document.get("bufferViews", [])):
        what = f"its buffer view {index}"
        buffer = buffers[index_into(document, "buffers", view, "buffer", what)]
        end = whole(view, "byteOffset", what, 0) + whole(view, "byteLength", what)
        if end > whole(buffer, "byteLength", what):
            raise UserError(f"{what} reaches beyond the end of its buffer: the file is damaged")
        whole(view, "byteStride", what, 0)


def _is_fallback(buffer: dict[str, Any]) -> bool:
    """A buffer that exists only after decompression (EXT_meshopt_compression and its KHR successor)."""
    extensions = buffer.get("extensions")
    return isinstance(extensions, dict) and any("meshopt_compression" in name for name in extensions)


def _check_accessor(document: dict[str, Any], index: int, accessor: dict[str, Any]) -> None:
    what = f"its accessor {index}"
    count = whole(accessor, "count", what)
    kind, size = accessor.get("type"), accessor.get("componentType")
    width = WIDTHS.get(kind) if isinstance(kind, str) else None
    component = COMPONENT_BYTES.get(size) if isinstance(size, int) else None
    if width is None or component is None:
        raise UserError(f"{what} is not complete: the file is damaged")
    if not 0 < count <= MAX_VALUES // width:
        raise UserError(f"{what} says it has {count} rows: the file is damaged")
    row = width * component
    if "bufferView" in accessor:
        _check_fit(document, accessor, count, row, what)
    sparse = accessor.get("sparse")
    if sparse is None:
        return
    few = whole(sparse, "count", what) if isinstance(sparse, dict) else count + 1
    places, values = (
        (sparse.get("indices"), sparse.get("values")) if isinstance(sparse, dict) else (None, None)
    )
    if few > count or not isinstance(places, dict) or not isinstance(values, dict):
        raise UserError(f"{what} is not complete: the file is damaged")
    _check_fit(document, places, few, COMPONENT_BYTES.get(places.get("componentType", 0), 4), what)
    _check_fit(document, values, few, row, what)


def _check_fit(document: dict[str, Any], owner: dict[str, Any], count: int, row: int, what: str) -> None:
    index = index_into(document, "bufferViews", owner, "bufferView", what)
    view = document["bufferViews"][index]
    stride = whole(view, "byteStride", what, 0) or row
    end = whole(owner, "byteOffset", what, 0) + stride * (count - 1) + row
    if count and end > whole(view, "byteLength", what):
        raise UserError(f"{what} reaches beyond the end of the file's data: the file is damaged")


def _check_meshes(document: dict[str, Any]) -> None:
    for index, mesh in enumerate(document.get("meshes", [])):
        what = f"its mesh {index}"
        primitives = mesh.get("primitives")
        if not isinstance(primitives, list) or not all(isinstance(p, dict) for p in primitives):
            raise UserError(f"{what} has no primitives: the file is damaged")
        counts = set()
        for primitive in primitives:
            targets = primitive.get("targets", [])
            attributes = primitive.get("attributes", {})
            if not isinstance(targets, list) or not isinstance(attributes, dict):
                raise UserError(f"{what} is not complete: the file is damaged")
            counts.add(len(targets))
            for group in [attributes, *targets]:
                if not isinstance(group, dict):
                    raise UserError(f"{what} is not complete: the file is damaged")
                for name in group:
                    index_into(document, "accessors", group, name, what)
        if len(counts) > 1:
            raise UserError(
                f"{what} has a different number of morph targets in each of its parts: it is damaged"
            )
        _check_numbers(mesh, "weights", next(iter(counts), 0), what)


def _check_nodes(document: dict[str, Any]) -> None:
    nodes = document.get("nodes", [])
    parents = [-1] * len(nodes)
    for index, node in enumerate(nodes):
        what = f"its node {index}"
        for key, name in (("mesh", "meshes"), ("skin", "skins")):
            if key in node:
                index_into(document, name, node, key, what)
        for key, size in (("rotation", 4), ("translation", 3), ("scale", 3), ("matrix", 16)):
            _check_numbers(node, key, size, what)
        if "weights" in node:
            primitives = document["meshes"][node["mesh"]]["primitives"] if "mesh" in node else []
            _check_numbers(node, "weights", len(primitives[0].get("targets", [])) if primitives else 0, what)
        for child in _indices(node, "children", len(nodes), what):
            if parents[child] >= 0:
                raise UserError(f"its node {child} has two parents: the file is damaged")
            parents[child] = index
    settled = [False] * len(nodes)
    for start in range(len(nodes)):
        way, at = [], start
        while at >= 0 and not settled[at]:
            settled[at] = True
            way.append(at)
            at = parents[at]
        if at in way:
            raise UserError(f"its node {at} is its own ancestor: the file is damaged")
    for index, skin in enumerate(document.get("skins", [])):
        _indices(skin, "joints", len(nodes), f"its skin {index}")


def _indices(owner: dict[str, Any], key: str, size: int, what: str) -> list[int]:
    found = owner.get(key, [])
    if not isinstance(found, list) or not all(type(i) is int and 0 <= i < size for i in found):
        raise UserError(f"{what} has no proper '{key}': the file is damaged")
    return found


def _check_numbers(owner: dict[str, Any], key: str, size: int, what: str) -> None:
    if key not in owner:
        return
    found = owner[key]
    numbers = isinstance(found, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= FARTHEST for v in found
    )
    if not numbers or len(found) != size:
        raise UserError(f"{what} has no proper '{key}' ({size} numbers): the file is damaged")
