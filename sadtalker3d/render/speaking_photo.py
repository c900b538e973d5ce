"""`SpeakingPhoto`: a picture's file, read, fitted and prepared once, and the videos that tracks make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.face.headfit import HeadFit
    from sadtalker3d.face.landmarks import Face
    from sadtalker3d.render.portrait import PhotoPortrait, Refiner
    from sadtalker3d.track import Track


class SpeakingPhoto:
    """The person in a picture, without any checkpoint: the embedded head is laid on their face.

    Parameters
    ----------
    path : a picture with a face, or a video, whose first frame is taken
    points : a file with five clicked points, where the detector does not find the face; see `face.hint`
    longest_px : a larger picture is shrunk to this long side; its own size unless given

    Attributes
    ----------
    picture : (H, W, 3) uint8 RGB
    fit : the head on its face
    notes : sentences for the user about the picture

    Raises
    ------
    UserError : not a picture, no face in it, or one that is turned too far
    """

    def __init__(
        self, path: str | Path, *, points: str | Path | None = None, longest_px: int | None = None
    ) -> None:
        from sadtalker3d.face.fit import fit_portrait3d
        from sadtalker3d.face.portrait import read_portrait

        portrait = read_portrait(path, hint=points)
        picture, face, notes = portrait.picture, portrait.face, portrait.notes
        if longest_px is not None and longest_px < max(picture.shape[:2]):
            picture, face = _shrunk(picture, face, longest_px)
        self.picture = picture
        self.fit: HeadFit = fit_portrait3d(picture, face, self._model, name=str(path))
        self.notes = (*notes, *self.fit.notes)

    @cached_property
    def _model(self) -> FaceModel:
        import bfm

        return bfm.load("open")

    @cached_property
    def head(self) -> FaceModel:
        """The fitted head with the photo as its texture: the same person in 3D."""
        from sadtalker3d.face.texture import textured

        return textured(self.fit, self.picture, self._model)

    @cached_property
    def _moving(self) -> PhotoPortrait:
        from sadtalker3d.render.portrait import PhotoPortrait

        return PhotoPortrait(self.picture, self.fit, model=self._model)

    def frames(
        self,
        track: Track,
        *,
        still: bool = False,
        expression_scale: float = 1.0,
        tell: Callable[[str], object] | None = None,
        refiner: Refiner | None = None,
    ) -> Iterator[np.ndarray]:
        """Yield a picture as large as `picture` for every frame of a track in the `open` space.

        still : the head stays as it is in the photo
        expression_scale : factor of the expression
        tell : called with what the user should know about this track on this photo
        refiner : repairs mouth and lids, see `render/refine.py`

        Raises UserError for a track of another space.
        """
        return self._moving.frames(
            track, still=still, expression_gain=expression_scale, tell=tell, refiner=refiner
        )


def _shrunk(picture: np.ndarray, face: Face, longest_px: int) -> tuple[np.ndarray, Face]:
    import cv2

    height, width = picture.shape[:2]
    scale = longest_px / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    x, y = size[0] / width, size[1] / height
    moved = replace(
        face,
        points=_scaled(face.points, x, y),
        mesh=np.column_stack([_scaled(face.mesh[:, :2], x, y), face.mesh[:, 2] * np.float32(x)]),
        box=_scaled(face.box.reshape(2, 2), x, y).ravel(),
    )
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), moved


def _scaled(points: np.ndarray, x: float, y: float) -> np.ndarray:
    """Pixels of a resized picture, in which the first pixel's middle is (0, 0) again."""
    return ((points + 0.5) * (x, y) - 0.5).astype(np.float32)
