"""Files of weights from outside: which tensors are in them, read without running anything they bring along."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

ENDINGS = (".safetensors", ".pth", ".tar", ".pt", ".ckpt")
"""What is looked at in a folder. Inside a file its first bytes count, not its name."""

MAX_HEADER_BYTES = 16_000_000  # SadTalker's has 0.16 MB for 1,305 tensors; 100 times that is no header
MAX_DEPTH = 8  # of dictionaries in dictionaries: SadTalker's optimisers have 4; a file may contain itself
LEGACY_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # of torch.save before 1.6
CUT_SHORT = "is cut short or damaged; download or copy it again"


class NotWeightsError(UserError):
    """A file that is whole, as far as one can tell, but holds nothing that may be read as weights."""


@dataclass(frozen=True)
class CheckpointFile:
    """The tensors of one file, by their full keys ("model.audio_encoder.0.weight"); none is copied yet."""

    path: Path
    tensors: dict[str, Tensor]


def read_checkpoint(path: str | Path) -> CheckpointFile:
    """The tensors of a safetensors file, or of a torch file (new zip or older stream), memory-mapped if possible.

    Raises
    ------
    NotWeightsError : text, an empty file, or a pickle that wants to run code (weights_only refuses it)
    UserError : missing, cut short, or sizes that the file cannot hold
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(len(LEGACY_MAGIC))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a file of weights") from None
    if size == 0:
        raise NotWeightsError(f"{path}: is empty; download or copy it again")
    if head.startswith(b"PK\x03\x04"):
        _check_zip(path, size)
        return CheckpointFile(path, _torch_tensors(path, mmap=True))
    if head == LEGACY_MAGIC:
        return CheckpointFile(path, _torch_tensors(path, mmap=False))
    if head.startswith(b"\x80") and path.suffix.lower() != ".safetensors":
        raise NotWeightsError(
            f"{path}: is a Python pickle, not weights that torch saved; it is not read, as it could run code"
        )
    return CheckpointFile(path, _safetensors(path, size))


def _safetensors(path: Path, size: int) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    _check_header(path, size)
    try:
        with safe_open(path, framework="pt") as file:
            keys = file.keys()  # it is no dictionary
            return {key: file.get_tensor(key) for key in keys}
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: {CUT_SHORT} ({str(error).splitlines()[0]})") from None


def _check_header(path: Path, size: int) -> None:
    """That the header is one, fits into the file, and that its offsets end where the file ends."""
    nothing = f"{path}: is neither safetensors nor a file that torch saved; give a file of weights"
    with path.open("rb") as file:
        start = file.read(9)
        if len(start) < 9 or start[8:] != b"{":
            raise NotWeightsError(nothing)
        (length,) = struct.unpack("<Q", start[:8])
        if length > min(MAX_HEADER_BYTES, size - 8):
            raise UserError(
                f"{path}: {CUT_SHORT} (its header claims {length:,} bytes, the file has {size:,})"
            )
        file.seek(8)
        text = file.read(length)
    try:
        header = json.loads(text)
        ends = [row["data_offsets"][1] for key, row in header.items() if key != "__metadata__"]
        end = 8 + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise UserError(f"{path}: {CUT_SHORT} (its header cannot be read)") from None
    if end != size:
        raise UserError(f"{path}: {CUT_SHORT} (its header speaks of {end:,} bytes, the file has {size:,})")


def _check_zip(path: Path, size: int) -> None:
    """That the archive is whole, and not larger unpacked than packed: torch packs nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UserError(f"{path}: {CUT_SHORT}") from None
    names = [entry.filename.rsplit("/", 1)[-1] for entry in entries]
    if "data.pkl" not in names or "constants.pkl" in names:  # the second is a program, TorchScript
        raise NotWeightsError(f"{path}: is an archive, not weights that torch saved; unpack it first")
    if sum(entry.file_size for entry in entries) > size:
        raise UserError(f"{path}: {CUT_SHORT} (its parts claim more bytes than the file has)")


def _torch_tensors(path: Path, mmap: bool) -> dict[str, Tensor]:
    import torch

    try:
        if path.suffix == ".safetensors":  # torch believes this ending, and would not read its own format
            with path.open("rb") as file:
                content = torch.load(file, map_location="cpu", weights_only=True)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        wanted = next((w for w in ("GLOBAL ", "global ") if w in str(error)), None)
        what = f" ({str(error).split(wanted)[1].split()[0]})" if wanted else ""
        raise NotWeightsError(
            f"{path}: holds more than weights{what}; it is not read, as that could run code"
        ) from None
    # a damaged stream can fail anywhere in torch's reader: as missing bytes, keys, memory or types
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"{path}: {CUT_SHORT} ({reason[0][:120]})") from None
    return dict(_flat(content, "", MAX_DEPTH))


def _flat(content: Any, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    import torch

    if not isinstance(content, dict) or depth == 0:
        return
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, torch.Tensor):
            if value.layout == torch.strided and value.device.type == "cpu":  # sparse or without values: none
                yield name, value.detach()
        else:
            yield from _flat(value, f"{name}.", depth - 1)
