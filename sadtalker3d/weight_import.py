"""From the files that SadTalker's authors published to the store of networks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d import weight_store, weights
from sadtalker3d.checkpoint_files import ENDINGS, NotWeightsError, read_checkpoint
from sadtalker3d.checkpoints import Recognised, recognise
from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Imported:
    """What became of some files: what was written, and one line for each thing the user should know."""

    written: tuple[Path, ...]
    notes: tuple[str, ...]


def import_files(paths: Sequence[str | Path], *, size: int | None = None, force: bool = False) -> Imported:
    """Recognise the networks in files, or in folders of them, and store them; nothing unless all are sound.

    A network that is stored already stays, and a note says so. In a folder, files of other kinds are
    noted and left out.

    size : 256 or 512, for a file of a generator whose name and hash do not tell
    force : replace what is stored already

    Raises UserError for a file that is missing, damaged, incomplete, or of another model.
    """
    if size is not None and size not in weight_store.SIZES:
        raise UserError(f"--size {size}: SadTalker has generators for 256 and 512 pixels; choose one")
    sources, notes = _read(paths, size)
    written: list[Path] = []
    for source in sources:
        written += _store(source, force, written, notes)
    return Imported(tuple(written), tuple(notes))


@dataclass(frozen=True)
class _Source:
    found: Recognised
    size: int | None
    sha256: str


def _read(paths: Sequence[str | Path], size: int | None) -> tuple[list[_Source], list[str]]:
    sources: list[_Source] = []
    notes: list[str] = []
    for given in map(Path, paths):
        listed = _listed(given) if given.is_dir() else [given]
        before = len(sources)
        for path in listed:
            try:
                found = recognise(read_checkpoint(path))
            except NotWeightsError as error:
                if not given.is_dir():
                    raise
                notes.append(f"{error}; left out")
                continue
            for network, tensors in found.networks.items():
                weight_store.require_finite(tensors, f"{path}, {network}")
            sha256 = file_hash(path)
            sources.append(_Source(found, _picture_size(found, sha256, size), sha256))
            if found.ignored:
                parts = ", ".join(f"{name} ({count})" for name, count in found.ignored.items())
                notes.append(f"{path}: also holds tensors that are not needed: {parts}")
        if len(sources) == before:
            raise UserError(f"{given}: holds no file of SadTalker's networks; name its checkpoints folder")
    return sources, notes


def _listed(folder: Path) -> list[Path]:
    """The files of weights in a folder, the newer format first: what is imported first stays."""
    files = [path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in ENDINGS]
    return sorted(files, key=lambda path: (ENDINGS.index(path.suffix.lower()), path.name))


def _picture_size(found: Recognised, sha256: str, size: int | None) -> int | None:
    """The size of the pictures the file's generator is for; None where the file holds no such network."""
    sized = [network for network in found.networks if network in weights.SIZED_NETWORKS]
    if not sized:
        return None
    for row in weights.OFFICIAL_FILES:
        if row.size is not None and (row.sha256 == sha256 or row.file == found.path.name):
            return row.size
    named = [known for known in weight_store.SIZES if str(known) in found.path.name]
    if len(named) == 1:
        return named[0]
    if size is None:
        raise UserError(
            f"{found.path}: nothing tells whether its {sized[0]} is for pictures of 256 or 512 pixels; "
            "say --size 256 or --size 512"
        )
    return size


def _store(source: _Source, force: bool, earlier: list[Path], notes: list[str]) -> list[Path]:
    """Write the networks of one file that are not there, or not from a file `earlier` in the same call."""
    path = source.found.path
    with weight_store.storing(path.name, source.sha256) as write:
        written = []
        for network, tensors in source.found.networks.items():
            there = weight_store.stored_path(network, source.size)
            if there in earlier:
                notes.append(f"{path}: its {network} is left out, as another of these files holds it too")
            elif there.exists() and not force:
                notes.append(f"{there}: is there already and stays; --force replaces it")
            else:
                written.append(write(network, source.size, _as_stored(tensors)))
        return written


def _as_stored(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """float32 values of their own; batch counters stay whole numbers."""
    import torch

    return {
        key: (value if key.endswith("num_batches_tracked") else value.to(torch.float32)).contiguous()
        for key, value in tensors.items()
    }


def file_hash(path: Path) -> str:
    """sha256 of a file, in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
