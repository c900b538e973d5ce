"""What of the head the photo shows: which triangles are in front, and which head point lies at a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion, Moment
from sadtalker3d.render.warp.raster import nearest_triangles, places_on_triangles

if TYPE_CHECKING:
    from bfm.model import FaceModel

SOLID = ("skin", "hair", "mouth", "teeth", "gums", "tongue", "eyes")
FINE_PX = 900  # the head's height when looking which triangles are seen: a quarter of a millimetre a pixel


@dataclass(frozen=True)
class Sight:
    """The head as the photo shows it.

    moment : of all V vertices in the photo
    seen : (V,) bool, whether a triangle around the vertex is in front anywhere
    facing : (V,) float32, cosine between the surface and the way to the camera
    faces : (F, 3) int32, the solid triangles
    """

    moment: Moment
    seen: np.ndarray
    facing: np.ndarray
    faces: np.ndarray

    @classmethod
    def of(cls, motion: HeadMotion, model: FaceModel) -> Sight:
        """Look at the fitted head from the photo's camera."""
        moment = motion.see(motion.rest, motion.share, np.zeros(3), np.zeros(3))
        faces = np.concatenate([model.faces[model.parts[name]] for name in SOLID if name in model.parts])
        faces = np.ascontiguousarray(faces, np.int32)
        low, high = moment.xy.min(axis=0), moment.xy.max(axis=0)
        fine = np.float32(FINE_PX / (high[1] - low[1]))
        size = np.ceil((high - low) * fine).astype(int) + 1
        ids = np.full((size[1], size[0]), -1, np.int32)
        depth = np.full(ids.shape, -np.inf, np.float32)
        nearest_triangles((moment.xy - low) * fine, moment.near, faces, 0, 0, 0, 1, ids, depth)
        seen = np.zeros(len(motion.rest), bool)
        seen[faces[np.unique(ids[ids >= 0])]] = True
        seen = np.bincount(model.weld, seen, len(seen))[model.weld] > 0
        camera = -(np.asarray(motion.fit.translation_m) @ motion.turn)  # where it is in head space
        toward = camera - motion.rest
        toward /= np.linalg.norm(toward, axis=1, keepdims=True)
        facing = np.einsum("vi,vi->v", model.normals(motion.rest), toward)
        return cls(moment, seen, facing.astype(np.float32), faces)

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The solid triangle at each of (rows, columns, 2) regularly spaced pixels.

        Returns the triangles (n,), -1 for none, barycentric weights (n, 3) and depths (n,), n = rows * columns.
        """
        spacing = points[0, 1, 0] - points[0, 0, 0]
        ids = np.full(points.shape[:2], -1, np.int32)
        depth = np.full(ids.shape, -np.inf, np.float32)
        xy = ((self.moment.xy - points[0, 0]) / spacing).astype(np.float32)
        nearest_triangles(xy, self.moment.near, self.faces, 0, 0, 0, 1, ids, depth)
        flat = points.reshape(-1, 2).astype(np.float32)
        weights = np.zeros((len(flat), 3), np.float32)
        places_on_triangles(flat, ids.ravel(), self.moment.xy, self.faces, weights)
        return ids.ravel(), weights, depth.ravel()
