"""The person in the photo and the wall behind: a soft matte, and where it cannot be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.sight import Sight


@dataclass(frozen=True)
class PersonConfig:
    """Lengths in metres on the head."""

    side_px: int = 208  # of the square that is cut: finer is slower, and the edge is made finer afterwards
    near_m: tuple[float, float] = (0.025, 0.006)  # around the head it is probably hair; judged twice
    far_m: float = 0.11  # further away it is not
    inner_m: float = 0.012  # so deep inside the head's outline it is certainly head
    below_m: float = 0.085  # below the chin: as far as the neck moves, and some more
    body_m: tuple[float, float, float] = (
        0.02,
        0.05,
        1.3,
    )  # depth below the chin, half width and slope of shoulders
    chest_m: tuple[float, float] = (
        0.055,
        0.03,
    )  # depth below the chin and half width of what is certainly body
    rounds: tuple[int, int] = (3, 2)
    most: float = 3.2  # times the head's own area: more is a wall of the hair's colour
    edge_m: float = 0.006  # half the width of the soft edge
    finest_px: int = 1000  # of the edge: beyond, hair is softer than the photo
    edge_eps: float = 4e-4  # variance of colour (0..1) below which an edge is noise
    thick_m: float = 0.009  # wider disagreements are not a matter of the edge
    edge_step: float = (
        22.0  # difference of colour (of 255) across a pixel of the small picture that is an edge
    )
    edge_least: float = 0.45  # share of the outline of what stands out from the head that must be one
    brow_m: float = 0.05  # height over the head's middle
    hair_only_m: float = (
        0.011  # beyond the fitted head, below the brow: only what has the hair's colours is person
    )
    scalp_m: float = 0.075  # the head is hair from this height over its middle on
    hair_step: float = 20.0  # difference of colour (of 255) within which something is of the hair's colours
    hair_least: float = 0.5  # share of what stands out from the head that must be
    low_m: float = -0.005  # below the chin: only the neck and hair move
    fade_m: float = 0.025  # and by degrees, where all that is below is drawn along by the neck
    high_m: float = -0.05  # no collar is higher
    doubt_m: tuple[float, float] = (
        0.025,
        0.045,
    )  # around them the matte is not believed, and from where it is again


@dataclass(frozen=True)
class Person:
    """alpha : (H, W) float32, 1 person, 0 wall
    doubt : (H, W) float32, 1 where nobody knows, so that person and wall must move as one
    low : (H, W) float32, 1 below the chin, but for the fitted neck and hair
    """

    alpha: np.ndarray
    doubt: np.ndarray
    low: np.ndarray

    def cut_by_border(self, soft_px: float) -> list[np.ndarray]:
        """0..1 along the left, the right (H,) and the upper (W,) border: where it cuts through the person."""
        import cv2

        found = np.maximum(self.alpha, self.doubt)
        sides = []
        for line in (found[:, :2], found[:, -2:], found[:2].T):
            touched = (line.max(axis=1) > 0.3).astype(np.float32)[:, None]
            wide = cv2.dilate(touched, np.ones((2 * int(soft_px) + 1, 1), np.uint8))
            sides.append(np.clip(cv2.GaussianBlur(wide, (0, 0), max(soft_px / 2, 0.5))[:, 0], 0, 1))
        return sides


def person(
    picture: np.ndarray, motion: HeadMotion, sight: Sight, config: PersonConfig | None = None
) -> Person | None:
    """Head, hair, neck and the shoulders beside it, by GrabCut (Rother et al. 2004); None if it fails.

    It is cut twice, expecting much hair and little. Where that decides, nothing is certain.
    """
    import cv2
    from scipy import ndimage

    config = config or PersonConfig()
    height, width = picture.shape[:2]
    head = sight.moment.xy[motion.share > 0.6]
    low, high = head.min(axis=0), head.max(axis=0)
    per_metre = float(motion.fit.focal_px / -sight.moment.near.mean())
    reach = config.far_m * per_metre * 1.15
    left, top = (int(max(v, 0)) for v in low - reach)
    right, bottom = int(min(high[0] + reach, width)), int(min(high[1] + config.below_m * per_metre, height))
    if right - left < 32 or bottom - top < 32:
        return None
    scale = min(config.side_px / max(right - left, bottom - top), 1.0)
    size = (max(int((right - left) * scale), 8), max(int((bottom - top) * scale), 8))
    small = cv2.resize(picture[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    ys, xs = np.mgrid[: size[1], : size[0]].astype(np.float32)
    points = np.stack([left + (xs + 0.5) / scale - 0.5, top + (ys + 0.5) / scale - 0.5], axis=-1)
    at_brow = np.abs(motion.rest[:, 1] - config.brow_m) < 0.01
    brow = float(sight.moment.xy[at_brow & (motion.rest[:, 2] > 0.08), 1].mean()) - top
    ids = sight.at(points)[0].reshape(size[1], size[0])
    on_head = ids >= 0
    heights = motion.rest[sight.faces[ids], 1].mean(axis=-1)
    scalp = on_head & (heights > config.scalp_m) & ndimage.binary_erosion(on_head)
    metre = per_metre * scale
    neck_px = float(sight.moment.xy[motion.share < 0.3, 0].mean() - left) * scale
    beside, below = np.abs(xs - neck_px) / metre, (ys - (high[1] - top) * scale) / metre
    masks = []
    for near_m, rounds in zip(config.near_m, config.rounds, strict=True):
        labels = _guess(on_head, beside, below, metre, near_m, config)
        if not (labels == cv2.GC_FGD).any() or not (labels == cv2.GC_BGD).any():
            return None
        cv2.setRNGSeed(0)  # its colour clusters start at random
        try:
            cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]  # fmt: skip
        except cv2.error:
            return None
        masks.append(_one_piece((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), on_head, metre, config))
    much, little = masks
    if (much & (below < 0)).sum() > config.most * (on_head & (below < 0)).sum():
        much = little
    if (little & (below < 0)).sum() > config.most * (on_head & (below < 0)).sum():
        return None
    thick = max(int(config.thick_m * metre), 2)
    block = np.ones((thick, thick))
    # hands, scarves and walls of the skin's colour: only hair stands out beside cheeks and neck
    outside = ndimage.distance_transform_edt(~on_head) / metre
    beside_face = (outside > config.hair_only_m) & (below < config.low_m) & (ys > brow * scale)
    like_hair = _like_hair(small, (much | little) & ~on_head, scalp, config)
    aside = ndimage.binary_opening(beside_face & ~like_hair & (much | little), np.ones((3, 3)))
    much, little = (_one_piece(mask & ~aside, on_head, metre, config) & ~aside for mask in (much, little))
    both = much | little
    out = both & (outside > config.thick_m) & (below < 0)
    strange = _strange(small, both, out, like_hair, metre, config)
    both &= ~(strange & beside_face)
    apart = (ndimage.binary_opening(much ^ little, block) | strange) & ~beside_face
    # a dark collar can have the hair's colours, but hair hangs down from higher than any collar
    locks, _ = ndimage.label(ndimage.binary_opening(like_hair & ~strange, np.ones((3, 3))))
    hair = np.isin(locks, np.setdiff1d(locks[below < config.high_m], 0))
    low = (below > config.low_m) & ~on_head & ~ndimage.binary_dilation(hair, np.ones((3, 3)))
    fade = smooth_step(below, config.low_m, config.low_m + config.fade_m)
    # a collar that stands higher hangs together with what is below
    worn, _ = ndimage.label((both & ~on_head & ~hair & (below > config.high_m)) | (low & both))
    worn = np.isin(worn, np.setdiff1d(worn[low], 0))
    low = cv2.GaussianBlur(np.maximum(low * fade, worn).astype(np.float32), (0, 0), 1.0)
    away_m = ndimage.distance_transform_edt(~apart) / metre if apart.any() else np.full(much.shape, 1.0)
    doubt = 1 - smooth_step(away_m, *config.doubt_m)
    alpha = soft_edges(picture[top:bottom, left:right], both.astype(np.float32), per_metre, config.edge_m)
    found = []
    for part in (alpha, doubt.astype(np.float32), low):
        if part is not alpha:
            part = cv2.resize(part, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        whole = np.zeros((height, width), np.float32)
        whole[top:bottom, left:right] = part
        if bottom < height:  # the body goes on, and does not move
            whole[bottom:, left:right] = whole[bottom - 1, left:right]
        found.append(whole)
    return Person(*found)


def _guess(
    on_head: np.ndarray,
    beside_m: np.ndarray,
    below_m: np.ndarray,
    metre: float,
    near_m: float,
    config: PersonConfig,
) -> np.ndarray:
    """(h, w) uint8 for GrabCut: what is certainly and probably person and wall."""
    import cv2
    from scipy import ndimage

    outside, inside = (ndimage.distance_transform_edt(m) / metre for m in (~on_head, on_head))
    depth, half, slope = config.body_m
    labels = np.full(on_head.shape, cv2.GC_PR_BGD, np.uint8)
    labels[(below_m > depth) & (beside_m < half + slope * (below_m - depth))] = cv2.GC_PR_FGD
    labels[(outside < near_m) & ((below_m < 0) | (outside < min(config.near_m)))] = cv2.GC_PR_FGD
    far_m = min(
        config.far_m, 0.75 * float(outside[below_m < 0].max())
    )  # in a tight picture its corners are wall
    labels[(outside > far_m) & (below_m < 0)] = cv2.GC_BGD
    labels[inside > config.inner_m] = cv2.GC_FGD
    labels[(below_m > config.chest_m[0]) & (beside_m < config.chest_m[1])] = cv2.GC_FGD
    return labels


def _like_hair(small: np.ndarray, where: np.ndarray, scalp: np.ndarray, config: PersonConfig) -> np.ndarray:
    """(h, w) bool, those pixels of `where` that have colours of the `scalp`."""
    import cv2
    from scipy.spatial import cKDTree

    blurred = cv2.GaussianBlur(small, (0, 0), 0.8).astype(np.float32)
    hair, like = blurred[scalp], np.zeros(where.shape, bool)
    if len(hair) > 50 and where.any():
        tree = cKDTree(hair[:: max(len(hair) // 1000, 1)])
        like[where] = tree.query(blurred[where], k=5)[0][:, -1] < config.hair_step
    return like


def _strange(
    small: np.ndarray,
    mask: np.ndarray,
    out: np.ndarray,
    like_hair: np.ndarray,
    metre: float,
    config: PersonConfig,
) -> np.ndarray:
    """(h, w) bool, those pieces of `out` that end without an edge, or are not of the scalp's colours."""
    import cv2
    from scipy import ndimage

    pieces, count = ndimage.label(out)
    if not count:
        return out
    blurred = cv2.GaussianBlur(small, (0, 0), 0.8).astype(np.float32)
    steps = [cv2.Sobel(blurred, cv2.CV_32F, *axis, scale=0.25) for axis in ((1, 0), (0, 1))]
    sharp = cv2.dilate(np.hypot(*steps).max(axis=2), np.ones((3, 3))) > config.edge_step
    outline = mask & ~ndimage.binary_erosion(mask, border_value=1)
    index = np.arange(1, count + 1)
    length = np.maximum(ndimage.sum_labels(outline, pieces, index), 1)
    strange = ndimage.sum_labels(outline & sharp, pieces, index) < config.edge_least * length
    strange |= ndimage.mean(like_hair, pieces, index) < config.hair_least
    area = ndimage.sum_labels(out, pieces, index)
    return np.isin(pieces, index[strange & (area > (config.thick_m * metre) ** 2)])


def _one_piece(mask: np.ndarray, on_head: np.ndarray, metre: float, config: PersonConfig) -> np.ndarray:
    """What hangs together with the middle of the head, without holes."""
    from scipy import ndimage

    sure = ndimage.distance_transform_edt(on_head) / metre > config.inner_m
    parts, _ = ndimage.label(ndimage.binary_opening(mask) | sure)
    return ndimage.binary_fill_holes(parts == np.bincount(parts[sure]).argmax())


def soft_edges(
    part: np.ndarray, mask: np.ndarray, per_metre: float, edge_m: float, config: PersonConfig | None = None
) -> np.ndarray:
    """A mask of a picture's part with soft edges along the picture's own, by a guided filter (He et al. 2010)."""
    import cv2

    config = config or PersonConfig()
    scale = min(config.finest_px / max(part.shape[:2]), 1.0)
    size = (max(int(part.shape[1] * scale), 8), max(int(part.shape[0] * scale), 8))
    guide = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rough = cv2.GaussianBlur(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), (0, 0), 1.0)
    edge = max(round(edge_m * per_metre * scale), 2)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1,) * 2)
    inner, outer = cv2.erode(rough, disc), cv2.dilate(rough, disc)
    band = ((inner <= 0.5) & (outer >= 0.5)).astype(np.uint8)
    fine = guided(guide, rough, edge, config.edge_eps, cv2.dilate(band, np.ones((2 * edge + 1,) * 2)) > 0)
    fine = np.where(inner > 0.5, 1, np.where(outer < 0.5, 0, smooth_step(fine, 0.08, 0.92))).astype(
        np.float32
    )
    return np.asarray(cv2.resize(fine, part.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def guided(
    guide: np.ndarray, values: np.ndarray, radius: int, eps: float, where: np.ndarray | None = None
) -> np.ndarray:
    """(h, w) values that are, around each pixel, linear in the (h, w, 3) guide's colours.

    They are right a `radius` within (h, w) bool `where`; without it, everywhere.
    """
    import cv2

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.boxFilter(rows, -1, (2 * radius + 1,) * 2))

    middle, level = mean(guide), mean(values)
    spread = np.empty((*values.shape, 3, 3), np.float32)
    with_values = np.empty_like(guide)
    for i in range(3):
        with_values[..., i] = mean(guide[..., i] * values) - middle[..., i] * level
        for j in range(i, 3):
            spread[..., i, j] = spread[..., j, i] = (
                mean(guide[..., i] * guide[..., j]) - middle[..., i] * middle[..., j]
            )
    spread += eps * np.eye(3, dtype=np.float32)
    where = np.ones(values.shape, bool) if where is None else where
    slope = np.zeros_like(guide)
    slope[where] = np.linalg.solve(spread[where], with_values[where][..., None])[..., 0]
    offset = level - (slope * middle).sum(axis=2)
    return np.asarray((mean(slope) * guide).sum(axis=2) + mean(offset))
