"""Colours for what the photo does not show: hidden skin, the white of the eyes, teeth, tongue and the mouth's dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bfm.lighting import harmonics
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.sight import Sight

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class MouthConfig:
    """The inside of the mouth, relative to the face's own brightness."""

    teeth_to_skin: float = 1.25  # in sRGB, against the cheeks
    teeth_most: float = 222.0
    teeth_least: float = 120.0  # in a face of very dark skin teeth are brighter than the cheeks allow
    lower_teeth: float = 0.86  # they lie further back in the lips' shadow
    fades_m: float = 0.026  # light dies out so fast behind the lips


def sampled(picture: np.ndarray, xy: np.ndarray, blur_px: float = 0.0) -> np.ndarray:
    """(n, 3) float32 colours of a picture at (n, 2) pixels, of the picture blurred."""
    import cv2

    low, high = np.floor(xy.min(axis=0)).astype(int) - 8, np.ceil(xy.max(axis=0)).astype(int) + 9
    low = np.clip(low, 0, np.array(picture.shape[1::-1]) - 2)
    high = np.clip(high, low + 2, picture.shape[1::-1])
    part = picture[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    if blur_px > 0.3:
        part = cv2.GaussianBlur(part, (0, 0), blur_px)
    at = (xy - low).astype(np.float32)
    rows = np.array_split(at, max(len(at) // 30000, 1))  # OpenCV's pictures have fewer than 32767 rows
    taken = [cv2.remap(part, r[:, None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for r in rows]  # fmt: skip
    return np.concatenate([t.reshape(-1, 3) for t in taken])


def skin_colours(picture: np.ndarray, xy: np.ndarray, seen: np.ndarray, links: object) -> np.ndarray:
    """(V, 3) the photo's colours at seen vertices, handed on to hidden ones and smoothed there."""
    across = float(np.ptp(xy[:, 0]))
    colour = sampled(picture, xy, 0.006 * across)
    known = seen.copy()
    for _ in range(24):
        weight = links @ known.astype(np.float32)  # type: ignore[operator]
        new = ~known & (weight > 0)
        total = links @ (colour * known[:, None])  # type: ignore[operator]
        colour[new] = total[new] / weight[new, None]
        known |= new
    degree = np.maximum(links @ np.ones(len(xy), np.float32), 1)  # type: ignore[operator]
    for _ in range(30):
        smooth = (links @ colour) / degree[:, None]  # type: ignore[operator]
        colour = np.where((~seen & known)[:, None], smooth, colour)
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
    config: MouthConfig | None = None,
) -> np.ndarray:
    """(n, 3) colours of the vertices inside the mouth in the photo's light, darker further back."""
    config = config or MouthConfig()
    linear = (_albedo(model) / 255) ** 2.2
    normals = model.normals(motion.rest)
    light = harmonics(normals @ motion._turn.T) @ np.asarray(motion.fit.light, np.float32)
    shade = np.maximum(light.mean(axis=1), 0.05)
    middle = np.median(shade[sight.seen & (sight.facing > 0.5)])
    shade = np.clip(shade / middle, 0.55, 1.25)
    cheeks = sight.seen & (sight.facing > 0.6) & (np.abs(model.mean[:, 1]) < 0.03) & (skin.max(axis=1) > 0)
    tone = np.median(skin[cheeks], axis=0) if cheeks.any() else np.full(3, 150.0)

    lips = motion.rest[model.points["inner_lip_upper"]]
    behind = np.maximum(lips[:, 2].max() - 0.010 - motion.rest[:, 2], 0)
    colour = linear * (shade * np.exp(-behind / config.fades_m))[:, None]
    teeth = np.unique(model.faces[model.parts["teeth"]])
    front = teeth[behind[teeth] < 0.008]
    luma = float(np.clip(tone.mean() * config.teeth_to_skin, config.teeth_least, config.teeth_most))
    now = colour[front].mean(axis=0)
    gain = (luma / 255) ** 2.2 / now.mean()
    lit = gain * colour
    lower = teeth[_lower(model, teeth)]
    lit[lower] *= config.lower_teeth**2.2
    return (255 * np.clip(lit[inside], 0, 1) ** (1 / 2.2)).astype(np.float32)


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
