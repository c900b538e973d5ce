"""`SpeakingPhoto`: a picture's file, read, fitted and prepared once, and the videos that tracks make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.face.headfit import HeadFit
    from sadtalker3d.render.portrait import PhotoPortrait
    from sadtalker3d.track import Track


class SpeakingPhoto:
    """The person in a picture, without any checkpoint: the embedded head is laid on their face.

    Parameters
    ----------
    path : a picture with a face, or a video, whose first frame is taken
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

    def __init__(self, path: str | Path, *, longest_px: int | None = None) -> None:
        from sadtalker3d.face.fit import fit_portrait3d
        from sadtalker3d.face.landmarks import Landmarks, largest_face
        from sadtalker3d.face.portrait import read_portrait

        landmarks = Landmarks()
        portrait = read_portrait(path, landmarks)
        picture, face, notes = portrait.picture, portrait.face, portrait.notes
        if longest_px is not None and longest_px < max(picture.shape[:2]):
            picture = _shrunk(picture, longest_px)
            face, notes = largest_face(picture, str(path), landmarks)
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
    ) -> Iterator[np.ndarray]:
        """Yield a picture as large as `picture` for every frame of a track in the `open` space.

        still : the head stays as it is in the photo
        expression_scale : factor of the expression
        tell : called with what the user should know about this track on this photo

        Raises UserError for a track of another space.
        """
        return self._moving.frames(track, still=still, expression_gain=expression_scale, tell=tell)


def _shrunk(picture: np.ndarray, longest_px: int) -> np.ndarray:
    import cv2

    height, width = picture.shape[:2]
    scale = longest_px / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
