"""Colours for what the photo does not show: hidden skin and the white of the eyes. The mouth has `mouth_colours.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.sight import Sight

if TYPE_CHECKING:
    from bfm.model import FaceModel


def sampled(picture: np.ndarray, xy: np.ndarray, blur_px: float = 0.0) -> np.ndarray:
    """(n, 3) float32 colours of a picture at (n, 2) pixels, of the picture blurred."""
    import cv2

    low, high = np.floor(xy.min(axis=0)).astype(int) - 8, np.ceil(xy.max(axis=0)).astype(int) + 9
    low = np.clip(low, 0, np.array(picture.shape[1::-1]) - 2)
    high = np.clip(high, low + 2, picture.shape[1::-1])
    part = picture[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    if blur_px > 0.3:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), blur_px), np.float32)
    at = (xy - low).astype(np.float32)
    rows = np.array_split(at, max(len(at) // 30000, 1))  # OpenCV's pictures have fewer than 32767 rows
    taken = [
        cv2.remap(part, r[:, :1], r[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
        for r in rows
    ]
    return np.concatenate(taken)


def skin_colours(
    picture: np.ndarray, xy: np.ndarray, seen: np.ndarray, links: Any, blur_px: float
) -> np.ndarray:
    """(V, 3) the photo's colours at seen vertices; hidden ones have the smoothest colours between them."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    colour = sampled(picture, xy, blur_px)
    hidden = np.flatnonzero(~seen & (links.indptr[1:] > links.indptr[:-1]))
    degree = np.asarray(links.sum(axis=1)).ravel()[hidden]
    laplace = sparse.diags(degree + 1e-6) - links[hidden][:, hidden]
    known = np.flatnonzero(seen)
    around = links[hidden][:, known] @ colour[known] + 1e-6 * colour[known].mean(axis=0)
    colour[hidden] = splu(laplace.tocsc().astype(np.float64)).solve(around.astype(np.float64))
    return colour


def eye_colours(
    picture: np.ndarray, motion: HeadMotion, model: FaceModel, sight: Sight, eyes: np.ndarray
) -> np.ndarray:
    """(n, 3) colours of the eyeballs' vertices: the model's, brought to the photo's tint."""
    painted = albedo(model)[eyes]
    seen = sight.seen[eyes] & (sight.facing[eyes] > 0.3)
    if seen.sum() < 8:
        return painted * 0.8
    photo = sampled(picture, sight.moment.xy[eyes])
    white = seen & (painted.min(axis=1) > 0.6 * painted.max())
    chosen = white if white.sum() >= 8 else seen
    gain = np.percentile(photo[chosen], 70, axis=0) / np.maximum(np.median(painted[chosen], axis=0), 1)
    return np.clip(painted * gain, 0, 255)


def albedo(model: FaceModel) -> np.ndarray:
    """(V, 3) float32 0..255 the texture's colour at each vertex."""
    height, width = model.texture.shape[:2]
    x = np.clip((model.uv[:, 0] * width).astype(int), 0, width - 1)
    y = np.clip((model.uv[:, 1] * height).astype(int), 0, height - 1)
    return model.texture[y, x, :3].astype(np.float32)
