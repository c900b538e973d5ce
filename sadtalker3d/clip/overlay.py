"""The head of a fitted track where the film shows it: in the film's own pixels, from the track's `meta` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.headfit import HeadFit, Residual, pinhole
from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track

NEEDED = ("identity", "focal_px", "size_px", "shots")
BLOCK = 64  # frames whose 468 points are placed at once


def head_at(track: Track, frame: int) -> HeadFit:
    """The head as it lies over one frame; `face.headfit` tells where its vertices are in the picture.

    Raises UserError: a track that `fit` did not make.
    """
    fitted, size_px, centre = _camera(track)
    misfit_mm = float(fitted.get("misfit_mm", 0.0))
    return HeadFit(
        identity=np.array(fitted["identity"], np.float32), expression=track.expression[frame],
        rotation_rad=track.rotation[frame].astype(np.float64), translation_m=places_m(track)[frame],
        focal_px=float(fitted["focal_px"]), centre_px=centre, size_px=size_px, light=np.zeros((9, 3), np.float32),
        offsets_m=np.zeros((1, 3), np.float32), residual=Residual(misfit_mm, misfit_mm, misfit_mm, 0.0),
    )  # fmt: skip


def places_m(track: Track) -> np.ndarray:
    """(T, 3) where the head's origin is in camera space: the track's translation is relative to each shot's own."""
    shots = _fitted(track)["shots"]
    at_s = np.arange(len(track)) / track.fps
    # a shot's first frame is stored in milliseconds
    shot = np.searchsorted([one["from_s"] - 0.002 for one in shots], at_s, side="right") - 1
    rests = np.array([one["rest_m"] for one in shots], np.float64)
    return track.translation + rests[np.clip(shot, 0, None)]


def points_px(track: Track, model: FaceModel) -> np.ndarray:
    """(T, 468, 2) pixels of the places on the head that the detector's points belong to."""
    fitted, _, centre = _camera(track)
    identity, shift, places = np.array(fitted["identity"], np.float32), places_m(track), mesh_points()
    turn = to_matrices(track.rotation.astype(np.float64)).transpose(0, 2, 1)
    rest = places.of(model.neutral(identity).astype(np.float64))
    columns = places.of(model.expression_basis.astype(np.float64))
    seen = np.empty((len(track), len(rest), 2))
    for first in range(0, len(track), BLOCK):
        part = slice(first, first + BLOCK)
        shapes = rest + np.tensordot(track.expression[part].astype(np.float64), columns, axes=1)
        seen[part] = pinhole(shapes @ turn[part] + shift[part, None], float(fitted["focal_px"]), centre)
    return seen


def _camera(track: Track) -> tuple[dict[str, Any], tuple[int, int], np.ndarray]:
    fitted = _fitted(track)
    width, height = (int(side) for side in fitted["size_px"])
    return fitted, (width, height), (np.array([width, height]) - 1) / 2


def _fitted(track: Track) -> dict[str, Any]:
    fitted = track.meta.get("fit")
    if not isinstance(fitted, dict) or any(name not in fitted for name in NEEDED):
        raise UserError("the track does not say where its head is in a film; make it with `sadtalker3d fit`")
    return fitted
