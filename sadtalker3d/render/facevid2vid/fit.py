"""A picture of a person -> what the official networks need of it: the face cut out, and its coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.render.choices import Preprocess
from sadtalker3d.render.facevid2vid.windows import source_columns
from sadtalker3d.render.pasteback import Box

FULL = ("full", "extfull")
MAX_STRETCH = (
    8.0  # of what is squeezed to a square; a narrower strip shows no face, and its video cannot be coded
)


@dataclass(frozen=True)
class FittedPortrait:
    """A picture, and the face in it as the networks take it.

    Attributes
    ----------
    picture : (H, W, 3) uint8 RGB, the whole
    box : what of `picture` the networks see
    face : (S, S, 3) uint8, the same squeezed to a square
    source : (70,) or (73,) float32, the coefficients of the face
    preprocess : how it was cut
    notes : sentences for the user
    """

    picture: np.ndarray
    box: Box
    face: np.ndarray
    source: np.ndarray
    preprocess: Preprocess
    notes: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """It takes the mapping network that knows the crop, and is set back into the picture."""
        return self.preprocess in FULL


def fit_portrait(
    path: str | Path,
    *,
    size: int,
    preprocess: Preprocess = "crop",
    source: np.ndarray | None = None,
    points: str | Path | None = None,
) -> FittedPortrait:
    """Find the face, cut it out, and measure its coefficients unless they are given.

    Raises UserError: not a picture, no face in it, or the regressor is not in the store.
    """
    from sadtalker3d.face.align import align
    from sadtalker3d.face.coefficients import motion_coefficients, regress
    from sadtalker3d.face.crop import crop_face
    from sadtalker3d.face.portrait import read_portrait
    from sadtalker3d.render.facevid2vid import load

    if source is not None:
        source = source_columns(source, full=preprocess in FULL)
    portrait = read_portrait(path, hint=points)
    crop = crop_face(portrait.picture, portrait.face.points, size, preprocess)
    x0, y0, x1, y1 = crop.box
    width, height = x1 - x0, y1 - y0
    if max(height / width, width / height) > MAX_STRETCH:
        raise UserError(
            f"{path}: a strip of {width} x {height} pixels is no portrait; give a picture with room on all sides"
        )
    if source is None:
        aligned = align(crop.picture, crop.points)
        source = motion_coefficients(regress(load.load_regressor(), aligned), aligned.trans_params)
    return FittedPortrait(portrait.picture, crop.box, crop.picture, source, preprocess, tuple(portrait.notes))
