"""How far the mouth is open in each frame, for the page's curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

INNER_LIPS = (62, 66)  # the middle of the upper and the lower inner lip among iBUG's 68 landmarks, from 0


def opening_mm(track: Track, face: FaceModel | None = None) -> np.ndarray:
    """The (T,) gap between the lips in millimetres, at least 0.

    Of `face`, or unless given of the head of the track's space; without one (`basel`) of a face of average size.
    """
    from sadtalker3d.export.face_shown import UNIT_M

    if face is None:
        if track.space != "open":
            raise UserError("the page of a basel track needs its face; give face=bfm.load('basel', folder)")
        import bfm

        face = bfm.load("open")
    track.require_space(face.space, "this head")
    upper, lower = (face.landmarks68[i] for i in INNER_LIPS)
    per_column = face.expression_basis[:, upper, 1] - face.expression_basis[:, lower, 1]
    order = [track.index(name) for name in face.expression_names]
    gap = 1000 * UNIT_M[face.space] * (track.expression[:, order] @ per_column)
    return np.maximum(gap, 0)
