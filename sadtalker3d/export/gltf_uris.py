"""What a .gltf names outside itself: buffers and pictures, from data URIs or from files beside it.

Only files in the folder of the .gltf, or below it, are opened: a file from outside must not make this program read
others.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sadtalker3d.errors import UserError

BUFFER_TYPES = ("application/octet-stream", "application/gltf-buffer")
SIGNATURES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
    b"\xabKTX": "image/ktx2",
}
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_ADVICE = "export the character as one .glb"


def merge_buffers(document: dict[str, Any], folder: Path, binary: bytes | None) -> bytes:
    """The bytes of all buffers one after the other; `document` then refers to them as buffer 0.

    binary : a GLB's own binary part, which is buffer 0 already; it comes first
    Buffers that exist only after decompression (meshopt's fallbacks) stay buffers of their own.

    Raises UserError for a file that is not there, is too short, lies outside the folder, or another kind of URI.
    """
    buffers = document.get("buffers", [])
    pieces: list[bytes] = []
    size = 0
    moved: dict[int, tuple[int, int]] = {}  # old index -> new index and the offset added
    kept: list[dict[str, Any]] = []
    for index, buffer in enumerate(buffers):
        if index == 0 and binary is not None and "uri" not in buffer:
            data = binary
        elif "uri" not in buffer:
            moved[index] = (1 + len(kept), 0)
            kept.append(buffer)
            continue
        else:
            data = _buffer(buffer["uri"], folder, index)
            if len(data) < buffer["byteLength"]:
                raise UserError(
                    f"its buffer {index} has {len(data)} bytes of the {buffer['byteLength']} it says; {_ADVICE} again"
                )
        moved[index] = (0, size)
        padding = bytes(-len(data) % 4)
        pieces += [data, padding]
        size += len(data) + len(padding)
    for view in document.get("bufferViews", []):
        _move(view, moved)
        extensions = view.get("extensions")
        for name, extension in extensions.items() if isinstance(extensions, dict) else ():
            if "meshopt_compression" in name and isinstance(extension, dict):
                if extension.get("buffer") not in moved:
                    raise UserError("a compressed buffer view names no buffer: the file is damaged")
                _move(extension, moved)
    if buffers:
        document["buffers"] = [{"byteLength": size}, *kept]
    return b"".join(pieces)


def embed_images(document: dict[str, Any], folder: Path, binary: bytes, notes: list[str]) -> bytes:
    """`binary` with the picture files behind it, which `document` then finds there.

    A picture that is not there, or is not a file in the folder, is left as it is named; `notes` says so.
    """
    pieces, size = [binary, bytes(-len(binary) % 4)], len(binary) + -len(binary) % 4
    left = []
    for image in document.get("images", []):
        uri = image.get("uri")
        if not isinstance(uri, str) or uri.startswith("data:"):
            continue
        try:
            data = _file(uri, folder).read_bytes()
        except (UserError, OSError):
            left.append(uri)
            continue
        kind = next((kind for start, kind in SIGNATURES.items() if data.startswith(start)), None)
        if kind is None:
            left.append(uri)
            continue
        views = document.setdefault("bufferViews", [])
        views.append({"buffer": 0, "byteOffset": size, "byteLength": len(data)})
        del image["uri"]
        image.update(bufferView=len(views) - 1, mimeType=kind)
        padding = bytes(-len(data) % 4)
        pieces += [data, padding]
        size += len(data) + len(padding)
    if left:
        notes.append(f"{len(left)} picture(s) stay outside the file, the first is '{left[0][:80]}'")
    if size > len(binary) + 3:
        document.setdefault("buffers", [{}])[0]["byteLength"] = size
        return b"".join(pieces)
    return binary


def external_files(document: dict[str, Any]) -> list[str]:
    """The URIs, other than data, of buffers and pictures."""
    owners = [*document.get("buffers", []), *document.get("images", [])]
    uris = [owner["uri"] for owner in owners if isinstance(owner.get("uri"), str)]
    return [uri for uri in uris if not uri.startswith("data:")]


def _move(view: dict[str, Any], moved: dict[int, tuple[int, int]]) -> None:
    view["buffer"], added = moved[view["buffer"]]
    offset = view.get("byteOffset", 0) + added
    if offset or "byteOffset" in view:
        view["byteOffset"] = offset


def _buffer(uri: str, folder: Path, index: int) -> bytes:
    what = f"its buffer {index}"
    if uri.startswith("data:"):
        head, comma, body = uri[5:].partition(",")
        kind, *options = head.split(";")
        if not comma or kind.lower() not in BUFFER_TYPES or "base64" not in options:
            raise UserError(f"{what} is a data URI of type '{kind[:40]}', not binary data; {_ADVICE}")
        try:
            return base64.b64decode(unquote(body), validate=True)
        except (binascii.Error, ValueError):
            raise UserError(f"{what} is not readable base64: the file is damaged") from None
    path = _file(uri, folder)
    try:
        if not os.path.isfile(path):
            raise UserError(f"{what} is the file '{uri[:80]}', which is not there; put it beside the .gltf")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"{what}, the file '{uri[:80]}', cannot be read ({error}); {_ADVICE}") from None


def _file(uri: str, folder: Path) -> Path:
    """The file that a relative URI names; UserError when it is another kind of URI or leads out of the folder."""
    name = unquote(uri)
    if _SCHEME.match(uri) or name.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", name):
        raise UserError(f"it names '{uri[:80]}', and only files beside it are read; {_ADVICE}")
    try:
        root, path = folder.resolve(), (folder / name).resolve()
    except (OSError, ValueError):
        raise UserError(f"it names '{uri[:80]!r}', which is not a file name; {_ADVICE}") from None
    if "\\" in name or not path.is_relative_to(root):
        raise UserError(f"it names '{uri[:80]}', which is outside its folder; {_ADVICE}")
    return path
