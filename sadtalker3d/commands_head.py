"""`head`: the head alone, or a person's likeness of it, as a GLB to build on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import check_outputs
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import Track


def head(
    out: str | Path,
    *,
    portrait: str | Path | None = None,
    points: str | Path | None = None,
    force: bool = False,
    show: Mode = "none",
) -> Path:
    """The head at rest with its 64 shapes as a GLB.

    portrait : a picture of the person whose shape and colours it takes; the mean head unless given
    points : a file with five clicked points, where the face is not found; see `sadtalker3d.face.hint`

    Raises UserError for a picture without a face, another ending, or a file that exists already (unless `force`).
    """
    from sadtalker3d.export import gltf
    from sadtalker3d.talker import Talker

    out = Path(out)
    if out.suffix.lower() != ".glb":
        raise UserError(f"{out}: a head is written as .glb; choose such a name")
    check_outputs([out], force=force, inputs=[Path(portrait)] if portrait is not None else [])
    with progress("head", show, unit="head") as report:
        face = Talker(portrait, points=points).face
        at_rest = Track(np.zeros((1, 64)), np.zeros((1, 3)), np.zeros((1, 3)))
        gltf.write(at_rest, out, face=face)
        report(1, 1)
    return out
