"""The photo's own teeth: what it shows between parted lips becomes a patch that moves with the skull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.colours import sampled
from sadtalker3d.render.warp.motion import HeadMotion

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class PatchConfig:
    """Where the patch is."""

    least_gap: float = (
        0.06  # of the mouth's width: lips nearer than this may be closed, see `face/fit_problem.py`
    )
    least_bright: float = 0.7  # of the cheeks: what is darker between the lips is no tooth ...
    most_colour: float = 0.95  # ... nor what is more colourful than the cheeks: lips and tongue
    behind_m: float = 0.003  # the inner lips; deeper, and the model's own teeth would come through
    rows: int = 5  # from lip to lip


@dataclass(frozen=True)
class Patch:
    """Points of head space that belong to the skull, and the triangles between them.

    points : (k, 3) float32. xy : (k, 2) float32 where they lie in the photo. faces : (F, 3) int32 over the k
    teeth_rgb : (3,) the brightest third of it; None without points
    """

    points: np.ndarray
    xy: np.ndarray
    faces: np.ndarray
    teeth_rgb: np.ndarray | None


NOTHING = Patch(
    np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32), np.zeros((0, 3), np.int32), teeth_rgb=None
)


def teeth_patch(
    picture: np.ndarray,
    motion: HeadMotion,
    model: FaceModel,
    tone: np.ndarray,
    config: PatchConfig | None = None,
) -> Patch:
    """The patch between the lips of an (H, W, 3) uint8 photo; without points where they are closed or show no teeth.

    `tone` (3,) is the cheeks' colour.
    """
    config = config or PatchConfig()
    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    upper = upper[np.argsort(model.mean[upper, 0])]
    upper = upper[np.concatenate([[True], np.diff(model.mean[upper, 0]) > 1e-4])]
    lower = lower[np.abs(model.mean[upper][:, None, 0] - model.mean[lower][None, :, 0]).argmin(axis=1)]
    top, bottom = motion.rest[upper], motion.rest[lower]
    gap = top[:, 1] - bottom[:, 1]
    if gap.max() < config.least_gap * np.ptp(top[:, 0]):
        return NOTHING
    bottom = np.where((gap > 0)[:, None], bottom, top)
    down = np.linspace(0, 1, config.rows, dtype=np.float32)[:, None, None]
    still = np.zeros(3)
    edges = motion.see(np.stack([top, bottom]), np.ones((2, len(top)), np.float32), still, still)
    xy = edges.xy[0] + down * (edges.xy[1] - edges.xy[0])  # (rows, n, 2)
    near = np.minimum(edges.near[0], edges.near[1]) - np.float32(config.behind_m)
    rgb = sampled(picture, xy[1:-1].reshape(-1, 2).astype(np.float32))
    rgb = rgb[np.argsort(rgb.sum(axis=1))[-len(rgb) // 3 :]].mean(axis=0)
    if rgb.mean() < config.least_bright * tone.mean() or _colourful(rgb) > config.most_colour * _colourful(
        tone
    ):
        return NOTHING
    points = motion.to_head(xy, np.broadcast_to(near, xy.shape[:2]))
    n = len(top)
    corner = (np.arange(config.rows - 1)[:, None] * n + np.arange(n - 1)).ravel()
    # columns run along +x, to the picture's right; seen from outside the triangles run counter-clockwise
    faces = np.concatenate(
        [np.stack([corner, corner + n, corner + n + 1], 1), np.stack([corner, corner + n + 1, corner + 1], 1)]
    )
    points = points.reshape(-1, 3)
    # the photo is looked up exactly where the points are seen, which the neck's share in motion leaves alone
    seen = motion.see(points, motion.head_share(points), still, still).xy
    return Patch(points, seen, faces.astype(np.int32), rgb)


def _colourful(rgb: np.ndarray) -> float:
    return float((rgb.max() - rgb.min()) / max(rgb.max(), 1.0))
