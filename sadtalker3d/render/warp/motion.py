"""Where every point of a portrait's head is in a frame: expression, then the head's turn, then the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.headfit import HeadFit, at_rest
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class NeckConfig:
    """How the neck gives way: the head's share in the head's motion runs from 0 to 1 between two heights.

    Heights are measured along the neck, which leans forward: y + lean * z, relative to the chin.
    """

    lean: float = 0.3
    still_m: float = -0.067  # below: the body, which stays
    moving_m: float = -0.004  # above: the head, chin included


@dataclass(frozen=True)
class Moment:
    """The camera-space view of one frame's points.

    xy : (..., 2) float32 pixels of the picture
    near : (...,) float32 metres, minus the distance along the optical axis: larger is nearer
    """

    xy: np.ndarray
    near: np.ndarray


class HeadMotion:
    """The fitted head, ready to be moved relative to how it is in the photo."""

    def __init__(self, fit: HeadFit, model: FaceModel, neck: NeckConfig | None = None) -> None:
        self.fit, self._neck = fit, neck or NeckConfig()
        self.rest = at_rest(fit, model, fit.expression).astype(np.float32)
        self._basis = np.ascontiguousarray(model.expression_basis.reshape(64, -1), np.float32)
        self.turn = to_matrices(np.asarray(fit.rotation_rad, np.float64)[None])[0].astype(np.float32)
        chin = self.rest[model.points["chin"][0]]
        self._chin_height = float(chin[1] + self._neck.lean * chin[2])
        self.share = self.head_share(self.rest)

    def head_share(self, points: np.ndarray) -> np.ndarray:
        """(...,) how much of the head's motion (..., 3) points in head space take part in, by their height."""
        neck = self._neck
        height = points[..., 1] + neck.lean * points[..., 2] - self._chin_height
        return smooth_step(height, neck.still_m, neck.moving_m).astype(np.float32)

    def displacement(self, expression: np.ndarray) -> np.ndarray:
        """(V, 3) float32 metres in head space from the photo's expression to (64,) weights."""
        change = np.asarray(expression, np.float32) - self.fit.expression
        used = np.flatnonzero(change)
        if not len(used):
            return np.zeros_like(self.rest)
        return (change[used] @ self._basis[used]).reshape(-1, 3)

    def see(
        self, points: np.ndarray, share: np.ndarray, rotation_rad: np.ndarray, translation_m: np.ndarray
    ) -> Moment:
        """(..., 3) points in head space, turned and moved by (3,) each relative to the photo's pose."""
        turn = to_matrices(np.asarray(rotation_rad, np.float64)[None])[0].astype(np.float32)
        # only the change is weighted, so that nothing at all changes without motion
        change = points @ (turn - np.eye(3, dtype=np.float32)).T + np.asarray(translation_m, np.float32)
        seen = (points + share[..., None] * change) @ self.turn.T + self.fit.translation_m.astype(np.float32)
        near = np.ascontiguousarray(seen[..., 2])
        scale = np.float32(self.fit.focal_px) / -near
        centre = self.fit.centre_px
        xy = np.empty((*near.shape, 2), np.float32)
        xy[..., 0] = np.float32(centre[0]) + scale * seen[..., 0]
        xy[..., 1] = np.float32(centre[1]) - scale * seen[..., 1]
        return Moment(xy, near)

    def to_head(self, xy: np.ndarray, near: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the photo at depths (...,) -> (..., 3) float32 points in head space."""
        away = -near / self.fit.focal_px
        x = (xy[..., 0] - self.fit.centre_px[0]) * away
        y = (self.fit.centre_px[1] - xy[..., 1]) * away
        return ((np.stack([x, y, near], axis=-1) - self.fit.translation_m) @ self.turn).astype(np.float32)


def smooth_step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return share * share * (3 - 2 * share)
