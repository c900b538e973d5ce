"""Collars and shirts: they stay while the neck moves behind them, with skin where they hide it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.person import Person, soft_edges
from sadtalker3d.render.warp.plate import membrane
from sadtalker3d.render.warp.sight import Sight


@dataclass(frozen=True)
class ClothConfig:
    """Lengths in metres on the head, heights below its lowest point that moves with all of it."""

    per_metre: float = 600.0  # pixels of the small picture that is cut
    half_m: float = 0.16  # its half width
    deep_m: float = 0.13  # how far down it goes
    certain_m: float = 0.05  # below: cloth, if the person wears any there
    likely_m: float = 0.022
    highest_m: float = -0.03  # no collar is higher
    beside_m: float = 0.09  # half width of what is certain
    least: float = 0.85  # of the body below `certain_m` that must be cloth: else half of a shirt would move
    edge_step: float = (
        20.0  # difference of colour (of 255) across a pixel of the small picture that is an edge
    )
    edge_least: float = 0.6  # share of the border to the skin that must be one: a bare chest has none
    rounds: int = 3
    edge_m: float = 0.004
    shade_m: float = 0.004  # so near the cloth skin has its shadow, and the photo's blur
    like_m: float = 0.008  # and beyond it, so far the skin is what the cloth hides more of
    feather_m: float = 0.003  # of the border between that and the photo's own
    head_share: float = 0.93  # what moves with the head so much comes before the cloth
    unlike: float = 3.0  # standard deviations of the face's colours that the cloth's must be away from them


@dataclass(frozen=True)
class Cloth:
    """alpha : (H, W) float32, 1 cloth
    under : (H, W, 3) uint8 the photo with skin where the cloth hides the neck
    before : (H, W) uint8, 255 where what the photo shows comes before the cloth when it moves there
    """

    alpha: np.ndarray
    under: np.ndarray
    before: np.ndarray


def cloth(
    picture: np.ndarray,
    found: Person | None,
    motion: HeadMotion,
    sight: Sight,
    config: ClothConfig | None = None,
) -> Cloth | None:
    """The person's clothes at the neck, by GrabCut; None where they cannot be told from it."""
    import cv2
    from scipy import ndimage

    config = config or ClothConfig()
    if found is None:
        return None
    height, width = picture.shape[:2]
    per_metre = float(motion.fit.focal_px / -sight.moment.near.mean())
    head = sight.moment.xy[motion.share > 0.6]
    neck_px, chin_px = float(sight.moment.xy[motion.share < 0.3, 0].mean()), float(head[:, 1].max())
    left, right = (int(np.clip(neck_px + side * config.half_m * per_metre, 0, width)) for side in (-1, 1))
    top, bottom = (
        int(np.clip(v, 0, height)) for v in (head[:, 1].min(), chin_px + config.deep_m * per_metre)
    )
    if right - left < 32 or bottom - top < 32:
        return None
    scale = min(config.per_metre / per_metre, 1.0)
    size = (max(int((right - left) * scale), 8), max(int((bottom - top) * scale), 8))
    part = picture[top:bottom, left:right]
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    body = cv2.resize(found.alpha[top:bottom, left:right], size, interpolation=cv2.INTER_AREA) > 0.7
    ys, xs = np.mgrid[: size[1], : size[0]].astype(np.float32)
    points = np.stack([left + (xs + 0.5) / scale - 0.5, top + (ys + 0.5) / scale - 0.5], axis=-1)
    ids = sight.at(points)[0].reshape(size[1], size[0])
    on_head, metre = ids >= 0, per_metre * scale
    below = (ys - (chin_px - top) * scale) / metre
    beside = np.abs(xs - (neck_px - left) * scale) / metre
    share = np.where(on_head, motion.share[sight.faces[ids]].min(axis=-1), 0)

    certain = body & (below > config.certain_m) & (beside < config.beside_m)
    if certain.sum() < 30:
        return None
    labels = np.full(body.shape, cv2.GC_PR_BGD, np.uint8)
    labels[(below > config.likely_m) & (on_head | (below > config.certain_m))] = cv2.GC_PR_FGD
    labels[below < config.highest_m] = cv2.GC_BGD
    labels[certain] = cv2.GC_FGD
    # the wall's colours are neither skin nor cloth
    nearest = ndimage.distance_transform_edt(~body, return_distances=False, return_indices=True)
    flat = np.ascontiguousarray(small[nearest[0], nearest[1]])
    cv2.setRNGSeed(0)
    try:
        cv2.grabCut(flat, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), config.rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]  # fmt: skip
    except cv2.error:
        return None
    mask = body & ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))
    pieces, _ = ndimage.label(ndimage.binary_opening(mask, np.ones((3, 3))))
    mask = np.isin(pieces, np.setdiff1d(pieces[certain], 0))
    mask = ndimage.binary_fill_holes(mask)
    deep = body & (below > config.certain_m)
    edge = ndimage.binary_dilation(mask) & on_head & body & ~mask
    if (mask & deep).sum() < config.least * deep.sum() or edge.sum() < 5:
        return None
    blurred = cv2.GaussianBlur(small, (0, 0), 0.8).astype(np.float32)
    steps = [cv2.Sobel(blurred, cv2.CV_32F, *axis, scale=0.25) for axis in ((1, 0), (0, 1))]
    sharp = cv2.dilate(np.hypot(*steps).max(axis=2), np.ones((5, 5))) > config.edge_step
    if (edge & sharp).sum() < config.edge_least * edge.sum():
        return None

    near = mask & (below < config.certain_m)
    face = on_head & (share > 0.99) & (below < -0.03)
    if not near.any() or not face.any() or _unlikeness(blurred[near], blurred[face]) < config.unlike:
        return None

    alpha = soft_edges(part, ndimage.binary_dilation(mask).astype(np.float32), per_metre, config.edge_m)
    away_m = ndimage.distance_transform_edt(~mask) / metre
    beside_cloth = (away_m > config.shade_m) & (away_m < config.shade_m + config.like_m)
    skin = membrane(small.astype(np.float32), ~(on_head & body & beside_cloth))
    # the fitted neck widens towards the shoulders: what hides it is wider than the one in the photo
    columns = xs[edge]
    neck = on_head & (xs >= columns.min()) & (xs <= columns.max())
    wide_size = (right - left, bottom - top)
    hidden = cv2.resize(neck.astype(np.float32), wide_size, interpolation=cv2.INTER_LINEAR)
    inside = cv2.distanceTransform((alpha > 0).astype(np.uint8), cv2.DIST_L2, 3)
    hidden = (hidden * np.clip(inside / max(config.feather_m * per_metre, 2.0), 0, 1))[..., None]
    skin = np.asarray(cv2.resize(skin, wide_size, interpolation=cv2.INTER_LINEAR), np.float32)
    under = picture.copy()
    under[top:bottom, left:right] = np.rint(part + hidden * (skin - part)).astype(np.uint8)

    whole, before = np.zeros((height, width), np.float32), np.zeros((height, width), np.uint8)
    whole[top:bottom, left:right] = alpha
    if bottom < height:
        whole[bottom:, left:right] = alpha[-1]
    first = np.where(on_head, share > config.head_share, below < 0).astype(np.float32)
    first = cv2.GaussianBlur(first, (0, 0), 1.0).astype(np.float32)
    first = np.asarray(cv2.resize(first, wide_size, interpolation=cv2.INTER_LINEAR), np.float32)
    before[top:bottom, left:right] = np.rint(255 * np.where(alpha > 0, 0, first))
    before[:top], before[top:bottom, :left], before[top:bottom, right:] = 255, 255, 255
    return Cloth(whole, under, before)


def _unlikeness(colours: np.ndarray, face: np.ndarray) -> float:
    """How far the middle of (n, 3) colours is from a face's, in standard deviations; tint counts most."""
    rows = []
    for values in (colours, face):
        light = values.mean(axis=1, keepdims=True)
        rows.append(np.concatenate([np.log(light + 8) * 0.5, values / (light + 8)], axis=1))
    middle = np.median(rows[1], axis=0)
    away = np.abs(rows[1] - middle)
    near = rows[1][(away < 3 * np.median(away, axis=0) + 1e-3).all(axis=1)]
    variety = np.cov(near.T) + np.diag([0.06**2, 0.02**2, 0.02**2, 0.02**2])
    off = np.median(rows[0], axis=0) - middle
    return float(np.sqrt(off @ np.linalg.solve(variety, off)))
