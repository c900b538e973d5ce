"""Colours for what the photo does not show: hidden skin, the white of the eyes, teeth, tongue and the mouth's dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bfm.lighting import harmonics
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.sight import Sight

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class MouthConfig:
    """The inside of the mouth, relative to the face's own brightness."""

    teeth_to_skin: float = 1.18  # in sRGB, against the cheeks
    teeth_most: float = 222.0
    teeth_least: float = 120.0  # in a face of very dark skin teeth are brighter than the cheeks allow
    tint: float = 0.35  # of the skin's tint is the light's own
    lower_teeth: float = 0.86  # they lie further back in the lips' shadow


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
    painted = _albedo(model)[eyes]
    seen = sight.seen[eyes] & (sight.facing[eyes] > 0.3)
    if seen.sum() < 8:
        return painted * 0.8
    photo = sampled(picture, sight.moment.xy[eyes])
    white = seen & (painted.min(axis=1) > 0.6 * painted.max())
    chosen = white if white.sum() >= 8 else seen
    gain = np.percentile(photo[chosen], 70, axis=0) / np.maximum(np.median(painted[chosen], axis=0), 1)
    return np.clip(painted * gain, 0, 255)


def mouth_colours(
    picture: np.ndarray,
    motion: HeadMotion,
    model: FaceModel,
    sight: Sight,
    inside: np.ndarray,
    skin: np.ndarray,
    shown: np.ndarray,
    config: MouthConfig | None = None,
) -> np.ndarray:
    """(n, 3) colours of the vertices `inside` the mouth in the photo's light, without the mouth's own shadow.

    `skin` (V, 3) are the skin's colours; `shown` (k, 2) pixels between parted lips of the photo, whose teeth decide.
    """
    config = config or MouthConfig()
    linear = (_albedo(model) / 255) ** 2.2
    normals = model.normals(motion.rest)
    light = harmonics(normals @ motion.turn.T) @ np.asarray(motion.fit.light, np.float32)
    shade = np.maximum(light.mean(axis=1), 1e-3)
    middle = np.median(shade[sight.seen & (sight.facing > 0.5)])
    shade = np.clip(shade / middle, 0.55, 1.25)
    cheeks = sight.seen & (sight.facing > 0.6) & (np.abs(model.mean[:, 1]) < 0.03) & (skin.max(axis=1) > 0)
    tone = np.median(skin[cheeks], axis=0) if cheeks.any() else np.full(3, 150.0)

    colour = linear * shade[:, None]
    teeth = np.unique(model.faces[model.parts["teeth"]])
    front = teeth[behind_lips(motion, model)[teeth] < 0.018]
    bright = float(np.clip(tone.mean() * config.teeth_to_skin, config.teeth_least, config.teeth_most))
    target = bright * (tone / tone.mean()) ** config.tint
    if len(shown):
        photo = sampled(picture, shown)
        photo = photo[np.argsort(photo.sum(axis=1))[-len(photo) // 3 :]].mean(axis=0)
        if photo.mean() > 0.7 * tone.mean():  # else the photo's mouth is open without showing teeth
            target = photo
    lit = colour * (target / 255) ** 2.2 / colour[front].mean(axis=0)
    lower = teeth[_lower(model, teeth)]
    lit[lower] *= config.lower_teeth**2.2
    return (255 * np.clip(lit[inside], 0, 1) ** (1 / 2.2)).astype(np.float32)


def behind_lips(motion: HeadMotion, model: FaceModel) -> np.ndarray:
    """(V,) metres behind the most forward place where the lips meet."""
    return motion.rest[model.points["inner_lip_upper"], 2].max() - motion.rest[:, 2]


def _lower(model: FaceModel, teeth: np.ndarray) -> np.ndarray:
    """Which of the teeth's vertices the jaw moves."""
    jaw = model.expression_basis[model.expression_names.index("jawOpen")][teeth]
    return np.abs(jaw).max(axis=1) > 1e-4


def _albedo(model: FaceModel) -> np.ndarray:
    """(V, 3) float32 0..255 the texture's colour at each vertex."""
    height, width = model.texture.shape[:2]
    x = np.clip((model.uv[:, 0] * width).astype(int), 0, width - 1)
    y = np.clip((model.uv[:, 1] * height).astype(int), 0, height - 1)
    return model.texture[y, x, :3].astype(np.float32)
