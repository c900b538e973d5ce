"""The GLB container of glTF 2.0: typed arrays in buffer views, and JSON that refers to them.

Source: Khronos glTF 2.0 specification, chapters 3.6 (binary data) and 4 (GLB).
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sadtalker3d.errors import UserError

FLOAT, UINT16, UINT32 = 5126, 5123, 5125
DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", UINT16: "<u2", UINT32: "<u4", FLOAT: "<f4"}
KINDS = {np.dtype(dtype): kind for kind, dtype in DTYPES.items()}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
VERTICES, INDICES = 34962, 34963  # buffer view targets
MAX_VALUES = 1 << 30  # numbers in one accessor; more is a damaged file

HEADER, CHUNK = struct.Struct("<4sII"), struct.Struct("<II")
JSON_CHUNK, BIN_CHUNK = 0x4E4F534A, 0x004E4942


@dataclass
class _View:
    """A buffer view that grows: every array of one kind lies in one view."""

    properties: dict[str, int]
    pieces: list[bytes | memoryview] = field(default_factory=list)
    size: int = 0

    def append(self, data: bytes | memoryview) -> int:
        offset = self.size
        padding = -len(data) % 4
        self.pieces += [data, bytes(padding)]
        self.size += len(data) + padding
        return offset


class GlbWriter:
    """Collects arrays and images, and gives each the index by which the glTF JSON refers to it.

    Arrays are kept as they are, not copied, until `write`: they must not change before.
    """

    def __init__(self) -> None:
        self.accessors: list[dict[str, Any]] = []
        self._views: dict[str, _View] = {}

    def vertices(self, values: np.ndarray, *, bounds: bool = False) -> int:
        """Accessor of an attribute (n, 2..4) of float32, or of integers that stand for -1..1 or 0..1.

        `bounds` adds the min and max POSITION must have.
        """
        used = values.dtype.itemsize * values.shape[1]
        stride = used + -used % 4  # each vertex begins on four bytes
        rows = values
        if stride != used:
            rows = np.zeros((len(values), stride // values.dtype.itemsize), values.dtype)
            rows[:, : values.shape[1]] = values
        return self._accessor(
            f"vertices{stride}", {"byteStride": stride, "target": VERTICES}, rows, values.shape[1], bounds
        )

    def indices(self, faces: np.ndarray, vertex_count: int) -> int:
        """Accessor of triangles (F, 3)."""
        # 65535 itself would mean "restart the strip"
        kind = UINT16 if vertex_count <= 65535 else UINT32
        corners = faces.reshape(-1, 1).astype(DTYPES[kind])
        return self._accessor(f"indices{kind}", {"target": INDICES}, corners, 1, False, whole=True)

    def samples(self, values: np.ndarray, *, bounds: bool = False) -> int:
        """Accessor of animation times or values (n,) or (n, 3..4): float32, or integers for -1..1 or 0..1."""
        rows = values.reshape(len(values), -1)
        return self._accessor(f"samples{values.dtype.itemsize}", {}, rows, rows.shape[1], bounds)

    def image(self, name: str, data: bytes) -> int:
        """Buffer view of an encoded picture."""
        self._views[f"image {name}"] = _View({}, [], 0)
        self._views[f"image {name}"].append(data)
        return list(self._views).index(f"image {name}")

    def sparse(self, values: np.ndarray, rows: np.ndarray, *, bounds: bool = False) -> int:
        """Accessor of (n, 3) `values`, float32 or integers for -1..1, of which only those at `rows` (k,),
        ascending, are kept.
        """
        kept = np.ascontiguousarray(values[rows])
        count, width = values.shape
        accessor: dict[str, Any] = {**_kind(kept), "count": count, "type": TYPES[width]}
        if len(rows):
            kind = UINT16 if rows[-1] < 65535 else UINT32
            where = self._append(f"rows{kind}", {}, rows.astype(DTYPES[kind]).tobytes())
            what = self._append(f"sparse{kept.dtype.itemsize}", {}, kept.tobytes())
            accessor["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": where[0], "byteOffset": where[1], "componentType": kind},
                "values": {"bufferView": what[0], "byteOffset": what[1]},
            }
        if bounds:
            others = np.zeros((1 if len(rows) < count else 0, width), kept.dtype)
            accessor |= _bounds(np.concatenate([kept, others]))
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def pack(self, document: dict[str, Any]) -> bytes:
        """What `write` writes, as bytes."""
        file = io.BytesIO()
        self.write(file, document)
        return file.getvalue()

    def write(self, file: BinaryIO, document: dict[str, Any]) -> None:
        """The whole file, piece by piece, `document` being the glTF JSON without buffers, views and accessors."""
        views, start = [], 0
        for view in self._views.values():
            views.append({"buffer": 0, "byteOffset": start, "byteLength": view.size, **view.properties})
            start += view.size
        document = {
            **document, "accessors": self.accessors, "bufferViews": views, "buffers": [{"byteLength": start}],
        }  # fmt: skip
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        total = HEADER.size + 2 * CHUNK.size + len(text) + start
        file.write(HEADER.pack(b"glTF", 2, total) + CHUNK.pack(len(text), JSON_CHUNK) + text)
        file.write(CHUNK.pack(start, BIN_CHUNK))
        for view in self._views.values():
            for piece in view.pieces:
                file.write(piece)

    def _append(self, name: str, properties: dict[str, int], data: bytes | memoryview) -> tuple[int, int]:
        offset = self._views.setdefault(name, _View(properties)).append(data)
        return list(self._views).index(name), offset

    def _accessor(
        self,
        name: str,
        properties: dict[str, int],
        rows: np.ndarray,
        width: int,
        bounds: bool,
        whole: bool = False,
    ) -> int:
        """whole : integers that stand for themselves"""
        rows = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
        view, offset = self._append(name, properties, rows.data.cast("B"))
        accessor = {
            "bufferView": view, "byteOffset": offset, **_kind(rows), "count": len(rows), "type": TYPES[width],
        }  # fmt: skip
        if whole:
            accessor.pop("normalized", None)
        if bounds:
            accessor |= _bounds(rows[:, :width])
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def _kind(values: np.ndarray) -> dict[str, Any]:
    kind = KINDS[values.dtype.newbyteorder("<")]
    return {"componentType": kind} if kind == FLOAT else {"componentType": kind, "normalized": True}


def _bounds(values: np.ndarray) -> dict[str, list[float]]:
    # a float32 as the shortest double that is the same number: JSON keeps it exactly
    return {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}


class GlbReader:
    """A GLB file from outside: nothing it says of itself is believed before it is checked."""

    def __init__(self, path: Path) -> None:
        """Raises UserError when the file is not a whole GLB of version 2."""
        data = path.read_bytes()
        if len(data) < HEADER.size or data[:4] != b"glTF":
            raise UserError("not a GLB file (a .gltf with separate files is not read)")
        chunks = dict(chunks_of(data))
        if JSON_CHUNK not in chunks:
            raise UserError("has no JSON part: the file is damaged")
        try:
            self.document = json.loads(chunks[JSON_CHUNK])
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise UserError(f"its JSON part is not readable ({error})") from None
        if not isinstance(self.document, dict):
            raise UserError("its JSON part is not an object")
        self._binary = chunks.get(BIN_CHUNK, b"")

    def values(self, index: int) -> np.ndarray:
        """The (n, width) float64 or (n, width) float32 numbers of a dense accessor, normalised ones scaled.

        Raises UserError when the accessor leaves the file's data.
        """
        try:
            accessor = self.document["accessors"][index]
            view = self.document["bufferViews"][accessor["bufferView"]]
            dtype, width = np.dtype(DTYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
            count = int(accessor["count"])
            start = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
            stride = int(view.get("byteStride", dtype.itemsize * width))
        except (KeyError, IndexError, TypeError, ValueError):
            raise UserError(f"its accessor {index} is not complete") from None
        row = dtype.itemsize * width
        if not 0 < count <= MAX_VALUES // width or start < 0 or stride < row:
            raise UserError(f"its accessor {index} says it has {count} rows: the file is damaged")
        if start + stride * (count - 1) + row > len(self._binary):
            raise UserError(f"its accessor {index} reaches beyond the end of the file's data")
        values: np.ndarray = np.ndarray((count, width), dtype, self._binary, start, (stride, dtype.itemsize))
        if dtype.kind == "f":
            return values.copy()
        if not accessor.get("normalized"):
            return values.astype(np.float64)
        return np.maximum(values / np.iinfo(dtype).max, -1.0)


def chunks_of(data: bytes) -> list[tuple[int, bytes]]:
    """The parts of a GLB with their kinds, in order; UserError unless it is whole and of version 2."""
    if len(data) < HEADER.size:
        raise UserError("ends in the middle of its header: the file is truncated")
    _, version, total = HEADER.unpack_from(data)
    if version != 2:
        raise UserError(f"is glTF version {version}; version 2 is read, export it again as glTF 2.0")
    if total != len(data):
        raise UserError(f"says it has {total} bytes, but has {len(data)}: the file is damaged or truncated")
    found, position = [], HEADER.size
    while position + CHUNK.size <= len(data):
        size, kind = CHUNK.unpack_from(data, position)
        position += CHUNK.size
        if position + size > len(data):
            raise UserError("a part of it reaches beyond the end of the file: it is damaged")
        found.append((kind, data[position : position + size]))
        position += size
    return found
