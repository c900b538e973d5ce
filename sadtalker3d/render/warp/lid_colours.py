"""What a closed upper lid looks like in a photo of open eyes: the skin below the eye, turned upwards.

Of the lid itself an open eye shows a thin strip between lashes and crease. The skin below the eye is as thin and fine,
is in nearly the same light and is there to see, so its grain and colour are laid on the lid, and meet the photo's own
colours smoothly above the crease.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.render.warp.colours import sampled
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from bfm.model import FaceModel


EYE_M = 0.022  # above and below the lower lid's edge: what belongs to an eye


@dataclass(frozen=True)
class LidConfig:
    """From where below the eye the upper lid's colours come, in metres on the mean head."""

    below_m: float = 0.0050  # the lower lid's edge: nearer are lashes
    share: float = 0.55  # of a height above the upper lid's edge, that its place lies further down
    reach_m: float = 0.004  # so far the colours above the crease tint the lid
    across_m: float = 0.006  # so wide a strip of skin below the eye tells what is usual there ...
    unlike: float = 0.26  # ... and what is further from it is none: lashes, a red corner, glasses
    dim: float = 0.97  # the brow's shadow


def lid_colours(
    picture: np.ndarray,
    xy: np.ndarray,
    model: FaceModel,
    zones: Zones,
    skin: np.ndarray,
    seen: np.ndarray,
    links: Any,
    config: LidConfig | None = None,
) -> np.ndarray:
    """(V, 3) `skin`, changed on the upper lids of an (H, W, 3) uint8 picture.

    xy : (V, 2) where the vertices are in it. skin : (V, 3) colours by vertex, smooth where the photo has none.
    seen : (V,) bool. links : (V, V) sparse, the skin's neighbours, welded
    """
    from scipy import sparse
    from scipy.interpolate import LinearNDInterpolator
    from scipy.sparse.linalg import splu

    config = config or LidConfig()
    skin = skin.copy()
    mean = model.mean
    on_skin = links.indptr[1:] > links.indptr[:-1]
    for side, sign in (("left", 1), ("right", -1)):
        upper, lower = _edge(model, f"eyelid_upper_{side}"), _edge(model, f"eyelid_lower_{side}")
        near = on_skin & (mean[:, 0] * sign > 0) & (np.abs(mean[:, 1] - lower[:, 1].mean()) < EYE_M)
        lid = np.flatnonzero(near & zones.above_eye & ~zones.clean & (zones.lid_distance_m < zones.crease_m))
        under = np.flatnonzero(near & seen & zones.clean & ~zones.above_eye)
        if len(lid) < 8 or len(under) < 8:
            continue
        x = mean[lid, 0]
        height = np.maximum(mean[lid, 1] - np.interp(x, *upper.T), 0)
        down = np.interp(x, *lower.T) - config.below_m - config.share * height
        at = LinearNDInterpolator(mean[under, :2], xy[under])(np.stack([x, down], axis=1))
        found = np.isfinite(at).all(axis=1)
        if found.mean() < 0.5:
            continue
        grain = skin[lid].copy()
        grain[found] = sampled(picture, at[found].astype(np.float32))
        near_by = np.exp(-(((x[:, None] - mean[under, 0]) / config.across_m) ** 2))
        usual = near_by @ skin[under] / near_by.sum(axis=1, keepdims=True)
        low, high = (1 - config.unlike) * usual, (1 + config.unlike) * usual
        grain = np.clip(np.where(found[:, None], grain, usual), low, high)
        # what is added to the grain dies out by exp(-distance / reach) from the lid's upper rim
        spacing = np.sqrt(np.prod(np.ptp(mean[lid, :2], axis=0)) / len(lid))
        inside = links[lid][:, lid]
        degree = np.asarray(links[lid].sum(axis=1)).ravel()
        rim = np.flatnonzero(near & zones.above_eye & zones.clean & seen)
        around = links[lid][:, rim]
        weight = np.asarray(around.sum(axis=1))
        edge = np.clip(around @ skin[rim], weight * low, weight * high) - weight * grain
        decay = sparse.diags(np.maximum(degree, 1) * (1 + (spacing / config.reach_m) ** 2)) - inside
        added = splu(decay.tocsc().astype(np.float64)).solve(edge.astype(np.float64))
        skin[lid] = np.clip(config.dim * (grain + added), 0, 255)
    return skin


def _edge(model: FaceModel, name: str) -> np.ndarray:
    """(n, 2) x and y along a lid's edge on the mean head, by x."""
    edge = model.mean[model.points[name], :2]
    return edge[np.argsort(edge[:, 0])]
