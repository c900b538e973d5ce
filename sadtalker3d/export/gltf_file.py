"""A glTF 2.0 file of somebody else, changed a little and written again with everything else as it was.

GLB: its binary part stays, byte for byte, as the beginning of the new one. A .gltf with separate buffers becomes a
GLB in which they lie one after the other, or stays a .gltf with one more buffer.

Source: Khronos glTF 2.0 specification, chapters 3.6 (binary data) and 4 (GLB).
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.glb import BIN_CHUNK, CHUNK, FLOAT, HEADER, JSON_CHUNK, TYPES, chunks_of
from sadtalker3d.export.gltf_check import check_document
from sadtalker3d.export.gltf_uris import embed_images, merge_buffers

MAX_BYTES = (1 << 32) - 1  # a GLB counts its length in 32 bits


@dataclass
class GltfFile:
    """A file that was read and checked, and what is to be added to it.

    document : the glTF JSON, to be changed by whoever adds to it
    binary : the bytes of buffer 0 (of a .gltf that stays one: none)
    chunks : chunks of kinds glTF does not define, kept
    """

    path: Path
    document: dict[str, Any]
    binary: bytes
    chunks: tuple[tuple[int, bytes], ...] = ()
    is_glb: bool = True
    notes: list[str] = field(default_factory=list)
    _appended: list[tuple[int, bytes]] = field(default_factory=list)  # where they begin in what was added
    _added_bytes: int = 0

    def append(self, values: np.ndarray, *, bounds: bool = False) -> int:
        """A new accessor of (n,) or (n, 2..4) float32 numbers; `bounds` adds min and max. Returns its index."""
        values = np.ascontiguousarray(values.reshape(len(values), -1), "<f4")
        index, start = self.reserve(*values.shape)
        self._appended.append((start, values.tobytes()))
        if bounds:
            # a float32 as the shortest double that is the same number: JSON keeps it exactly
            self.document["accessors"][index] |= {
                "min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist(),
            }  # fmt: skip
        return index

    def reserve(self, count: int, width: int) -> tuple[int, int]:
        """A new accessor of (count, width) float32 numbers that `write` is given: its index, and where it begins."""
        start = self._added_bytes
        size = 4 * count * width
        self._added_bytes += size
        views = self.document.setdefault("bufferViews", [])
        views.append({"buffer": self._buffer, "byteOffset": self._start + start, "byteLength": size})
        accessors = self.document.setdefault("accessors", [])
        accessors.append(
            {"bufferView": len(views) - 1, "componentType": FLOAT, "count": count, "type": TYPES[width]}
        )
        return len(accessors) - 1, start

    def write(self, out: BinaryIO, pieces: Iterable[tuple[int, np.ndarray]]) -> None:
        """Write the whole file, in the container it was read for.

        out : can be sought in, and begins where the file shall begin
        pieces : float32 numbers of what was reserved, and where they begin, in any order
        """
        if self.is_glb:
            self._write_glb(out, pieces)
            return
        if self._added_bytes:
            added = io.BytesIO()
            self._fill(added, 0, pieces)
            uri = f"data:application/octet-stream;base64,{base64.b64encode(added.getbuffer()).decode()}"
            self.document.setdefault("buffers", []).append({"byteLength": self._added_bytes, "uri": uri})
        out.write(self._text(indent=1))

    def _write_glb(self, out: BinaryIO, pieces: Iterable[tuple[int, np.ndarray]]) -> None:
        buffers = self.document.setdefault("buffers", [])
        size = self._start + self._added_bytes if self._added_bytes else len(self.binary)
        if self._added_bytes:
            if not buffers:
                buffers.append({})
            buffers[0]["byteLength"] = size
        if not buffers:
            del self.document["buffers"]  # glTF allows no empty lists
        text = self._text()
        text += b" " * (-len(text) % 4)
        chunks = [(len(text), JSON_CHUNK)]
        if size:
            chunks.append((size + -size % 4, BIN_CHUNK))
        total = HEADER.size + sum(
            CHUNK.size + length for length, _ in [*chunks, *((len(data), kind) for kind, data in self.chunks)]
        )
        if total > MAX_BYTES:
            raise UserError("with this animation it would exceed 4 GB, the most a GLB can hold")
        out.write(HEADER.pack(b"glTF", 2, total) + CHUNK.pack(*chunks[0]) + text)
        if size:
            out.write(CHUNK.pack(*chunks[1]))
            begin = out.tell()
            out.write(self.binary)
            self._fill(out, begin + self._start, pieces)
            out.seek(begin + size)
            out.write(bytes(-size % 4))
        for kind, data in self.chunks:
            out.write(CHUNK.pack(len(data), kind) + data)

    def _fill(self, out: BinaryIO, begin: int, pieces: Iterable[tuple[int, np.ndarray]]) -> None:
        out.write(bytes(begin - out.tell()))
        for start, data in self._appended:
            out.seek(begin + start)
            out.write(data)
        for start, values in pieces:
            out.seek(begin + start)
            out.write(np.ascontiguousarray(values, "<f4").data.cast("B"))

    @property
    def _buffer(self) -> int:
        return 0 if self.is_glb else len(self.document.get("buffers", []))

    @property
    def _start(self) -> int:
        return len(self.binary) + -len(self.binary) % 4 if self.is_glb else 0

    def _text(self, indent: int | None = None) -> bytes:
        separators = (",", ":") if indent is None else None
        try:
            text = json.dumps(
                self.document, separators=separators, indent=indent, ensure_ascii=False, allow_nan=False
            )
        except ValueError:
            raise UserError("its JSON part holds a number that is not finite") from None
        return text.encode("utf-8", "surrogatepass")


def read_gltf(path: str | Path, *, as_glb: bool = True) -> GltfFile:
    """Read a .glb or .gltf; nothing it says of itself is believed before it is checked.

    as_glb : what a .gltf becomes when it is written: a GLB that holds its buffers and pictures, or a .gltf again

    Raises
    ------
    UserError : no such file, damaged, hostile, not glTF 2.0, or a buffer of a .gltf that is not there
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise UserError(f"{path}: no such file")
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise UserError("is larger than 4 GB, the most a GLB can hold")
        data = path.read_bytes()
        if data[:4] == b"glTF":
            return _read_glb(path, data)
        return _read_text(path, data, as_glb)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _read_glb(path: Path, data: bytes) -> GltfFile:
    chunks = chunks_of(data)
    if not chunks or chunks[0][0] != JSON_CHUNK:
        raise UserError("has no JSON part: the file is damaged")
    document = _parse(chunks[0][1].rstrip(b"\0"))  # some exporters pad with zeros instead of blanks
    has_binary = len(chunks) > 1 and chunks[1][0] == BIN_CHUNK
    binary = chunks[1][1] if has_binary else b""
    check_document(document, binary if has_binary else None)
    file = GltfFile(path, document, binary, tuple(chunks[2 if has_binary else 1 :]))
    if any("uri" in buffer for buffer in document.get("buffers", [])):
        file.binary = merge_buffers(document, path.parent, binary if has_binary else None)
    return file


def _read_text(path: Path, data: bytes, as_glb: bool) -> GltfFile:
    if data[:1] not in (b"{", b" ", b"\n", b"\r", b"\t", b"\xef"):
        raise UserError("is neither a GLB nor a .gltf; export the character as glTF 2.0")
    document = _parse(data.removeprefix(b"\xef\xbb\xbf"))
    check_document(document, None)
    file = GltfFile(path, document, b"", is_glb=as_glb)
    merged = merge_buffers(document if as_glb else json.loads(json.dumps(document)), path.parent, None)
    if as_glb:  # else they were only looked at, so that a damaged one is named
        file.binary = embed_images(document, path.parent, merged, file.notes)
    return file


def _parse(text: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        document = json.loads(text.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise UserError(f"its JSON part is not readable ({error})") from None
    if not isinstance(document, dict):
        raise UserError("its JSON part is not an object")
    return document
