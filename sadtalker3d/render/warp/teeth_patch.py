"""The photo's own teeth: what it shows between parted lips becomes a patch that moves with the skull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class PatchConfig:
    """Where the patch is."""

    least_gap_m: float = 0.0012  # lips nearer than this show no teeth
    behind_m: float = 0.003  # the inner lips; deeper, and the model's own teeth would come through
    rows: int = 5  # from lip to lip


@dataclass(frozen=True)
class Patch:
    """Points of head space that belong to the skull, and the triangles between them.

    points : (k, 3) float32. faces : (F, 3) int32 over the k
    """

    points: np.ndarray
    faces: np.ndarray


def teeth_patch(motion: HeadMotion, model: FaceModel, config: PatchConfig | None = None) -> Patch:
    """The patch between the lips of the photo; without points where they are closed."""
    config = config or PatchConfig()
    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    upper = upper[np.argsort(model.mean[upper, 0])]
    upper = upper[np.concatenate([[True], np.diff(model.mean[upper, 0]) > 1e-4])]
    lower = lower[np.abs(model.mean[upper][:, None, 0] - model.mean[lower][None, :, 0]).argmin(axis=1)]
    top, bottom = motion.rest[upper], motion.rest[lower]
    gap = top[:, 1] - bottom[:, 1]
    if gap.max() < config.least_gap_m:
        return Patch(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    bottom = np.where((gap > 0)[:, None], bottom, top)
    down = np.linspace(0, 1, config.rows, dtype=np.float32)[:, None, None]
    still = np.zeros(3)
    edges = motion.see(np.stack([top, bottom]), np.ones((2, len(top)), np.float32), still, still)
    xy = edges.xy[0] + down * (edges.xy[1] - edges.xy[0])  # (rows, n, 2)
    near = np.minimum(edges.near[0], edges.near[1]) - np.float32(config.behind_m)
    points = motion.to_head(xy, np.broadcast_to(near, xy.shape[:2]))
    n = len(top)
    corner = (np.arange(config.rows - 1)[:, None] * n + np.arange(n - 1)).ravel()
    # columns run along +x, to the picture's right; seen from outside the triangles run counter-clockwise
    faces = np.concatenate(
        [np.stack([corner, corner + n, corner + n + 1], 1), np.stack([corner, corner + n + 1, corner + 1], 1)]
    )
    return Patch(points.reshape(-1, 3), faces.astype(np.int32))
