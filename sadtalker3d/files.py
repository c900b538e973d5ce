"""Writing files so that nothing is left half-written and nothing is overwritten unasked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sadtalker3d.errors import UserError


def refuse_existing(paths: list[Path], force: bool) -> None:
    """UserError when one of the outputs is there already, unless `force`."""
    for path in paths:
        if path.exists() and not force:
            raise UserError(f"{path}: exists already; choose another name or add --force")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes `path`'s place only when the block ends well.

    Raises UserError when the folder is missing and cannot be made, read-only, or full.
    """
    path = Path(path)
    partial: Path | None = None
    try:
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
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); choose another folder or free some space"
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
