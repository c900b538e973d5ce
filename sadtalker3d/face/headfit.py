"""A portrait's head: what a fit of the embedded head to a picture is, and where its vertices lie in the picture.

Camera space: the camera is at the origin and looks along -z, x to the picture's right, y up, metres. So a head before
the camera has a translation with negative z, and with rotation 0 it looks straight into the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class Residual:
    """How far the landmarks lie from the linear head, in millimetres at the face's distance."""

    mean_mm: float  # before `offsets_m`
    worst_mm: float
    after_mm: float  # the mean with `offsets_m`
    correction_mm: float  # the largest of `offsets_m`


@dataclass(frozen=True)
class HeadFit:
    """The embedded head laid on the face of one picture.

    identity : (80,) float32, standard deviations
    expression : (64,) float32 of the picture, 0..1; gaze, tongue and the 12 speech shapes are 0
    rotation_rad : (3,) float64 pitch, yaw, roll, p' = Rz Ry Rx p; of the head relative to the camera
    translation_m : (3,) float64, the head's origin in camera space
    focal_px : of the pinhole, in the picture's pixels
    centre_px : (2,) float64, where the optical axis meets the picture; pixels' middles are whole numbers
    size_px : (width, height) of the picture
    light : (9, 3) float32: linear RGB light on the skin = harmonics(normals in camera space) @ light
    offsets_m : (V, 3) float32, in head space: what lays the surface on the landmarks beyond the linear model
    residual : how well it fits
    notes : sentences the user should read
    """

    identity: np.ndarray
    expression: np.ndarray
    rotation_rad: np.ndarray
    translation_m: np.ndarray
    focal_px: float
    centre_px: np.ndarray
    size_px: tuple[int, int]
    light: np.ndarray
    offsets_m: np.ndarray
    residual: Residual
    notes: tuple[str, ...] = ()


def vertices(
    fit: HeadFit,
    model: FaceModel,
    expression: np.ndarray | None = None,
    rotation_rad: np.ndarray | None = None,
    translation_m: np.ndarray | None = None,
) -> np.ndarray:
    """The person's vertices in camera space, (V, 3) float32 metres.

    What is not given is the picture's own: (64,) expression, (3,) rotation, (3,) translation.
    """
    shape = at_rest(fit, model, fit.expression if expression is None else expression)
    turn = to_matrices(np.asarray(fit.rotation_rad if rotation_rad is None else rotation_rad)[None])[0]
    shift = fit.translation_m if translation_m is None else np.asarray(translation_m)
    return (shape @ turn.T + shift).astype(np.float32)


def at_rest(fit: HeadFit, model: FaceModel, expression: np.ndarray | None = None) -> np.ndarray:
    """The person's vertices in head space with (64,) or (T, 64) weights -> (V, 3) or (T, V, 3)."""
    return model.vertices(fit.identity, expression) + fit.offsets_m


def project(points: np.ndarray, fit: HeadFit) -> np.ndarray:
    """(..., 3) points in camera space -> (..., 2) pixels of the picture, x to the right, y down."""
    return pinhole(points, fit.focal_px, fit.centre_px)


def pinhole(points: np.ndarray, focal_px: float, centre_px: np.ndarray) -> np.ndarray:
    """(..., 3) points in camera space -> (..., 2) pixels."""
    return centre_px + focal_px * points[..., :2] * [1, -1] / -points[..., 2:]
