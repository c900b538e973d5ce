"""Hair, hats and ears around the fitted head: they move with all of it, and what is behind them does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.sight import Sight


@dataclass(frozen=True)
class HairConfig:
    """Lengths in metres on the head."""

    side_px: int = 256  # of the square that is cut: finer is slower and no better
    near_m: float = 0.025  # around the head it is probably hair
    far_m: float = 0.11  # further away it is not
    inner_m: float = 0.012  # so deep inside the head's outline it is certainly head
    rounds: int = 3
    most: float = 2.2  # times the head's own area: more is a wall of the hair's colour


def hair_mask(
    picture: np.ndarray, motion: HeadMotion, sight: Sight, config: HairConfig | None = None
) -> np.ndarray | None:
    """(H, W) bool, the head and its hair down to the chin, by GrabCut (Rother et al. 2004); None if it fails."""
    import cv2
    from scipy import ndimage

    config = config or HairConfig()
    height, width = picture.shape[:2]
    head = sight.moment.xy[motion.share > 0.6]
    low, high = head.min(axis=0), head.max(axis=0)
    per_metre = float(motion.fit.focal_px / -sight.moment.near.mean())
    reach = config.far_m * per_metre * 1.15
    left, top = (int(max(v, 0)) for v in low - reach)
    right, bottom = int(min(high[0] + reach, width)), int(min(high[1], height))
    if right - left < 32 or bottom - top < 32:
        return None
    scale = min(config.side_px / max(right - left, bottom - top), 1.0)
    size = (max(int((right - left) * scale), 8), max(int((bottom - top) * scale), 8))
    small = cv2.resize(picture[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    ys, xs = np.mgrid[: size[1], : size[0]].astype(np.float32)
    points = np.stack([left + (xs + 0.5) / scale - 0.5, top + (ys + 0.5) / scale - 0.5], axis=-1)
    on_head = (sight.at(points)[0] >= 0).reshape(size[1], size[0])
    metre = per_metre * scale
    outside, inside = (ndimage.distance_transform_edt(m) / metre for m in (~on_head, on_head))
    labels = np.full(on_head.shape, cv2.GC_PR_BGD, np.uint8)
    labels[outside < config.near_m] = cv2.GC_PR_FGD
    labels[inside > config.inner_m] = cv2.GC_FGD
    labels[outside > config.far_m] = cv2.GC_BGD
    if not (labels == cv2.GC_FGD).any() or not (labels <= cv2.GC_BGD).any():
        return None
    cv2.setRNGSeed(0)  # its colour clusters start at random
    try:
        cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), config.rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]  # fmt: skip
    except cv2.error:
        return None
    sure = inside > config.inner_m
    parts, _ = ndimage.label(
        ndimage.binary_opening((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)) | sure
    )
    mask = ndimage.binary_fill_holes(parts == np.bincount(parts[sure]).argmax())
    if mask.sum() > config.most * on_head.sum():
        return None
    whole = np.zeros((height, width), bool)
    part = cv2.resize(mask.astype(np.float32), (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    whole[top:bottom, left:right] = part > 0.5
    return whole
