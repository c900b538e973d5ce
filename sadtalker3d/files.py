"""Writing files so that nothing is left half-written and nothing is overwritten unasked."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sadtalker3d.errors import ExistsError, UserError


@dataclass(frozen=True)
class Made:
    """The file that a command made, and one line for each thing the user should know."""

    file: Path
    notes: tuple[str, ...] = ()


DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def check_outputs(paths: Sequence[Path], *, force: bool, inputs: Sequence[Path] = ()) -> None:
    """UserError when one of the outputs cannot be or must not be written; asked before long work begins.

    force : files that exist may be overwritten, but never one of `inputs`
    """
    for path in paths:
        try:
            for given in inputs:
                if os.path.exists(path) and os.path.exists(given) and os.path.samefile(path, given):
                    raise UserError(f"{path}: is what is being read; choose another name for the output")
            refuse_existing([path], force)
            if path.is_dir():
                raise UserError(f"{path}: is a folder; give the name of a file")
            _check_folder(path)
        except OSError as error:
            raise cannot_write(path, error) from error


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """UserError when one of the outputs is there already, unless `force`."""
    for path in paths:
        try:
            there = path.exists()
        except OSError as error:  # a name that is too long
            raise cannot_write(path, error) from error
        if there and not force:
            raise ExistsError(f"{path}: exists already; choose another name or add --force")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes `path`'s place only when the block ends well.

    Folders that are missing are made, and go again with a block that fails.
    Raises UserError when the folder is missing and cannot be made, read-only, or full.
    """
    path = Path(path)
    partial: Path | None = None
    made: list[Path] = []
    done = False
    try:
        made = [folder for folder in path.parents if not folder.exists()]  # innermost first
        path.parent.mkdir(parents=True, exist_ok=True)
        # the ending is kept because writers choose the format by it
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:80]}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        partial = Path(name)
        yield partial
        umask = os.umask(0)
        os.umask(umask)
        partial.chmod(0o666 & ~umask)  # mkstemp makes files only their owner can read
        partial.replace(path)
        done = True
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
        for folder in [] if done else made:
            with suppress(OSError):  # something else lies in it by now
                folder.rmdir()


def check_room(path: Path, size_bytes: int) -> None:
    """UserError when so much more does not fit on the disk that `path` is to be on."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    if size_bytes > free:
        raise UserError(
            f"{path}: needs {size_bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; choose another disk, or trim the "
            "track"
        )


def _check_folder(path: Path) -> None:
    """OSError or UserError when `path` cannot be made in its folder, or that folder where it is missing."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise UserError(f"{path}: cannot be written because {folder} is a file; choose another folder")
    if not os.access(folder, os.W_OK):
        raise UserError(f"{path}: cannot be written because {folder} is read-only; choose another folder")


def cannot_write(path: Path, error: OSError) -> UserError:
    """What to raise in an `OSError`'s place."""
    full = error.errno in DISK_FULL
    advice = "free some space or choose another folder" if full else "choose another name or folder"
    return UserError(f"{path}: cannot be written ({error.strerror or error}); {advice}")
