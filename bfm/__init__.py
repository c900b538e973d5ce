"""Morphable models: the embedded `open` head and the user's own Basel files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sadtalker3d.errors import UserError

from .model import FaceModel, Material

__all__ = ["FaceModel", "Material", "load"]


def load(space: str = "open", folder: str | Path | None = None) -> FaceModel:
    """The morphable model of a space: "open" is embedded, "basel" is read from the user's `folder`.

    Raises:
        UserError: an unknown space, or Basel files that are missing or damaged.
    """
    if space == "open":
        return _open()
    if space == "basel":
        from . import basel

        if folder is None:
            raise UserError(
                f"the Basel face model needs its folder: bfm.load('basel', folder). {basel.WHERE}"
            )
        return basel.load(Path(folder))
    raise UserError(f"unknown morphable model '{space}': use 'open' or 'basel'")


@cache
def _open() -> FaceModel:
    from . import open as embedded

    return embedded.load()
