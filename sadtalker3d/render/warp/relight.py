"""Shading that follows turns and folds: how much brighter the skin gets in the photo's light, modestly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bfm.lighting import harmonics
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.raster import U, compiled
from sadtalker3d.render.warp.surface import Surface
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class RelightConfig:
    """How far the estimated light is believed."""

    share: float = 0.6  # exponent on the ratio of lights: the estimate knows no cast shadows
    most: float = 1.25  # brighter or darker than this the estimate is wrong rather than the light strong


class Relight:
    """The surface's vertices in the photo's light; without an estimate of it (all zeros) nothing changes."""

    def __init__(
        self, motion: HeadMotion, model: FaceModel, surface: Surface, config: RelightConfig | None = None
    ) -> None:
        self._config = config or RelightConfig()
        self._light = np.asarray(motion.fit.light, np.float32).mean(axis=1)
        self._turn = motion.turn
        # normals are smooth across the texture's seams
        weld = np.concatenate([model.weld[surface.ids], len(model.mean) + np.arange(len(surface.patch))])
        _, self._weld = np.unique(weld, return_inverse=True)
        self._faces = np.ascontiguousarray(self._weld[surface.faces], np.int32)
        self._first = np.zeros(self._weld.max() + 1, np.int64)
        self._first[self._weld] = np.arange(len(weld))
        skin = np.isin(surface.ids, np.unique(model.faces[model.parts["skin"]]))
        self._skin = np.pad(skin, (0, len(surface.patch)))
        rest = np.concatenate([motion.rest[surface.ids], surface.patch])
        self._rest = self._shade(rest, np.eye(3, dtype=np.float32)) if self._light.any() else None

    def gain(self, points: np.ndarray, rotation_rad: np.ndarray) -> np.ndarray:
        """(n,) float32 factors on sRGB colours of (n, 3) points of head space, the head turned by (3,) radians."""
        if self._rest is None:
            return np.ones(len(points), np.float32)
        turn = to_matrices(np.asarray(rotation_rad, np.float64)[None])[0].astype(np.float32)
        ratio = self._shade(points, turn) / self._rest
        most = self._config.most
        gain = np.clip(ratio ** (self._config.share / 2.2), 1 / most, most)
        return np.where(self._skin, gain[self._weld], 1).astype(np.float32)

    def _shade(self, points: np.ndarray, turn: np.ndarray) -> np.ndarray:
        normals = vertex_normals(np.ascontiguousarray(points[self._first], np.float32), self._faces)
        shade = harmonics(normals @ (self._turn @ turn).T) @ self._light
        return np.maximum(shade, 0.15 * np.abs(self._light[0]))


@compiled
def vertex_normals(points, faces):  # type: ignore[no-untyped-def]
    """(n, 3) unit normals of (n, 3) float32 points, area-weighted; zero where no triangle is."""
    normals = np.zeros_like(points)
    for f in range(faces.shape[0]):
        i, j, k = U(faces[f, 0]), U(faces[f, 1]), U(faces[f, 2])
        ux, uy, uz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
        vx, vy, vz = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1], points[k, 2] - points[i, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for v in (i, j, k):
            normals[v, 0] += x
            normals[v, 1] += y
            normals[v, 2] += z
    for v in range(points.shape[0]):
        length = np.sqrt(normals[U(v), 0] ** 2 + normals[U(v), 1] ** 2 + normals[U(v), 2] ** 2)
        if length > 0:
            for c in range(3):
                normals[U(v), U(c)] /= length
    return normals
