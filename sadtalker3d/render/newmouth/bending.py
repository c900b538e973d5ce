"""Where the pixels around the lower face come from: its own motion, dying out beyond its outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.render.newmouth.skin_colours import SkinColours
from sadtalker3d.render.warp.raster import nearest_triangles, places_on_triangles


@dataclass(frozen=True)
class BendConfig:
    """Lengths on the head."""

    knot_m: float = 0.0022
    reach_m: float = 0.022  # how far beyond the outline skin and collar give way ...
    by_motion: float = 1.4  # ... or as many times the longest motion there, so that nothing folds


@dataclass(frozen=True)
class Rectangle:
    """Of whole pixels: from left, top to right, bottom, which are not part of it."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, xy: np.ndarray, margin_px: float, size_px: tuple[int, int]) -> Rectangle:
        """The pixels around (n, 2) places that a picture of (width, height) has."""
        low = np.maximum(np.floor(xy.min(axis=0) - margin_px).astype(int), 0)
        high = np.minimum(np.ceil(xy.max(axis=0) + margin_px).astype(int) + 1, size_px)
        return cls(int(low[0]), int(low[1]), int(high[0]), int(high[1]))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return max(self.bottom - self.top, 0), max(self.right - self.left, 0)


def bent(
    picture: np.ndarray, skin: SkinColours, xy: np.ndarray, near: np.ndarray, flow: np.ndarray, faces: np.ndarray,
    px_per_m: float, config: BendConfig | None = None,
) -> np.ndarray:  # fmt: skip
    """(h, w, 2) float32: from where in the (h, w, 3) picture each of its pixels comes.

    skin : what else than the face gives way
    xy, near : (n, 2) and (n,) float32 of the face's vertices now; flow : (n, 2) from there to where they were
    faces : (F, 3) int32 of its skin
    """
    import cv2
    from scipy import ndimage

    config = config or BendConfig()
    height, width = picture.shape[:2]
    spacing = max(config.knot_m * px_per_m, 2.0)
    rows, columns = int(np.ceil((height - 1) / spacing)) + 1, int(np.ceil((width - 1) / spacing)) + 1
    at = (xy / np.float32(spacing)).astype(np.float32)
    ids = np.full((rows, columns), -1, np.int32)
    nearest_triangles(at, near, faces, 0, 0, 0, 1, ids, np.full(ids.shape, -np.inf, np.float32))
    ys, xs = np.mgrid[:rows, :columns].astype(np.float32)
    weights = np.zeros((rows * columns, 3), np.float32)
    places_on_triangles(np.stack([xs, ys], axis=-1).reshape(-1, 2), ids.ravel(), at, faces, weights)
    inside = ids >= 0
    knots = np.zeros((rows, columns, 2), np.float32)
    knots[inside] = np.einsum("pkc,pk->pc", flow[faces[ids[inside]]], weights[inside.ravel()])
    away, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    filled = knots[nearest[0], nearest[1]]
    smooth = cv2.GaussianBlur(filled, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
    longest = float(np.abs(flow).max()) / px_per_m
    reach = max(config.reach_m, config.by_motion * longest) * px_per_m / spacing
    felt = np.exp(-((away / reach) ** 2)).astype(np.float32)[..., None]
    small = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    like = cv2.GaussianBlur(skin.like(small), (0, 0), 1.2)[..., None]
    knots = np.where(inside[..., None], filled, smooth * felt * like)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    bend = cv2.remap(knots, xs / np.float32(spacing), ys / np.float32(spacing), cv2.INTER_LINEAR)
    return bend + np.stack([xs, ys], axis=-1)
