"""What is behind the head, filled once: patches of the wall beside it continue its lines and its texture.

After Criminisi, Perez and Toyama, "Region filling and object removal by exemplar-based image inpainting" (2004), on a
small picture and near the outline only, since no allowed motion uncovers more. What is remembered is from where each
place was taken, so that the full picture is filled with its own grain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sadtalker3d.compiled import compiled

U = np.uintp


@dataclass(frozen=True)
class PlateConfig:
    """Lengths in metres on the head."""

    per_metre: float = 520.0  # pixels of the small picture: a line a centimetre wide has five
    reach_m: float = 0.075  # how deep the outline is filled
    search_m: float = 0.05  # how far away patches are looked for
    half_px: int = 3  # of a patch
    most_shift: float = 14.0  # of 255, by which a patch's brightness follows what it continues
    nearer: float = (
        1.5  # a patch further away must be better by this (of 255) in each pixel for the whole search
    )


def plate(
    picture: np.ndarray, hole: np.ndarray, per_metre: float, config: PlateConfig | None = None
) -> np.ndarray:
    """The (H, W, 3) uint8 picture with its (H, W) bool hole filled from around it; `per_metre` pixels."""
    import cv2
    from scipy import ndimage

    config = config or PlateConfig()
    filled = picture.copy()
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows) or hole.all():
        return filled
    around = int((config.search_m + 0.02) * per_metre)
    height, width = hole.shape
    top, bottom = max(rows[0] - around, 0), min(rows[-1] + 1 + around, height)
    left, right = max(columns[0] - around, 0), min(columns[-1] + 1 + around, width)
    part, gap = picture[top:bottom, left:right], hole[top:bottom, left:right]
    scale = min(config.per_metre / per_metre, 1.0)
    size = (max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    empty = cv2.resize(gap.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    empty = ndimage.binary_dilation(
        empty, np.ones((3, 3))
    )  # its neighbours' places are used too, see `_taken`
    if empty.all():
        return filled
    metre = per_metre * scale
    depth = ndimage.distance_transform_edt(empty) / metre
    band = empty & (depth <= config.reach_m)
    smooth = membrane(small, empty)
    start = np.where(empty[..., None], smooth, small).astype(np.float32)
    k = config.half_px
    source = ndimage.binary_erosion(~empty, np.ones((2 * k + 1,) * 2))
    away, change = np.zeros((*empty.shape, 2), np.int32), np.zeros_like(start)
    search = max(int(config.search_m * metre), 2 * k)
    penalty = np.float32(3 * config.nearer**2 / search**2)
    found = continue_patches(
        start, ~empty, band, source, away, change, k, search, penalty, np.float32(config.most_shift)
    )
    colours = _taken(part, away, change, found | ~empty, smooth)
    filled[top:bottom, left:right] = np.where(gap[..., None], colours, part)
    return filled


def membrane(picture: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32, smooth where (h, w) `empty` from what is around: halved, and doubled again."""
    import cv2

    weight = (~empty).astype(np.float32)
    levels: list[tuple[Any, Any]] = [(picture * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 2:
        values, weight = levels[-1]
        size, area = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2), cv2.INTER_AREA
        levels.append(
            (cv2.resize(values, size, interpolation=area), cv2.resize(weight, size, interpolation=area))
        )
    values, weight = levels[-1]
    filled: Any = np.empty(values.shape, np.float32)
    filled[:] = values.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
    for values, weight in reversed(levels):
        filled = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        filled = cv2.GaussianBlur(filled, (0, 0), 1.0)
        own = values / np.maximum(weight, 1e-6)[..., None]
        filled = np.where(weight[..., None] > 0.3, own, filled).astype(np.float32)
    return np.where(empty[..., None], cv2.GaussianBlur(filled, (0, 0), 2.0), picture).astype(np.float32)


def _taken(
    part: np.ndarray, away: np.ndarray, change: np.ndarray, found: np.ndarray, smooth: np.ndarray
) -> np.ndarray:
    """The full picture's pixels from the places that the small one's were taken from, mixed between its pixels."""
    import cv2

    height, width = part.shape[:2]
    rows, columns = found.shape
    x = (np.arange(width, dtype=np.float32) + 0.5) * columns / width - 0.5
    y = (np.arange(height, dtype=np.float32) + 0.5) * rows / height - 0.5
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    p, q = (x - x0)[None, :], (y - y0)[:, None]
    wide = np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR))
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    total: Any = np.asarray(cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR))
    for dy in (0, 1):
        for dx in (0, 1):
            at = np.ix_(np.clip(y0 + dy, 0, rows - 1), np.clip(x0 + dx, 0, columns - 1))
            weight = (p if dx else 1 - p) * (q if dy else 1 - q)
            shift = away[at].astype(np.float32) * (np.float32(width / columns), np.float32(height / rows))
            x_from, y_from = xs + shift[..., 0], ys + shift[..., 1]
            taken = cv2.remap(part, x_from, y_from, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            total += weight[..., None] * np.where(found[at][..., None], taken, wide)
    return np.clip(np.rint(total), 0, 255).astype(np.uint8)


@compiled
def continue_patches(picture, known, band, source, away, change, k, search, penalty, most_shift):  # type: ignore[no-untyped-def]
    """Fill `band`, where lines run into it first.

    Parameters
    ----------
    picture : (h, w, 3) float32, changed: filled
    known : (h, w) bool, not changed
    band : (h, w) bool, what is to be filled
    source : (h, w) bool, middles of patches that lie in what is known
    away : (h, w, 2) int32, changed: from how far right and below each filled pixel was taken
    change : (h, w, 3) float32, changed: what was added to its colour, `most_shift` at most
    k : half a patch. search : half the window that is searched. penalty : for a pixel's squared distance, per pixel

    Returns (h, w) bool, what has been filled.
    """
    height, width = known.shape
    sure = known.astype(np.float32)
    done = known.copy()
    found = np.zeros_like(known)
    todo = 0
    for y in range(height):
        for x in range(width):
            todo += band[y, x]
    worth = np.full(known.shape, np.float32(-1))
    stale = np.ones_like(known)
    while todo > 0:
        best_y, best_x, best = -1, -1, np.float32(-1)
        for y in range(height):
            for x in range(width):
                if not band[y, x] or done[y, x]:
                    continue
                if stale[y, x]:
                    stale[y, x] = False
                    worth[y, x] = _priority(picture, done, sure, y, x, k)
                if worth[y, x] > best:
                    best_y, best_x, best = y, x, worth[y, x]
        if best < 0:
            break
        y, x = best_y, best_x
        least, from_y, from_x = np.float32(np.inf), -1, -1
        for sy in range(max(y - search, 0), min(y + search + 1, height)):
            for sx in range(max(x - search, 0), min(x + search + 1, width)):
                if not source[sy, sx]:
                    continue
                off = np.float32(0)
                count = 0
                for dy in range(-k, k + 1):
                    ty = y + dy
                    if ty < 0 or ty >= height:
                        continue
                    for dx in range(-k, k + 1):
                        tx = x + dx
                        if tx < 0 or tx >= width or not done[ty, tx]:
                            continue
                        count += 1
                        for c in range(3):
                            difference = picture[ty, tx, c] - picture[sy + dy, sx + dx, c]
                            off += difference * difference
                    if off > least:
                        break
                off += count * penalty * ((sy - y) * (sy - y) + (sx - x) * (sx - x))
                if off < least:
                    least, from_y, from_x = off, sy, sx
        shift = np.zeros(3, np.float32)
        if from_y >= 0:
            for dy in range(max(-k, -y), min(k + 1, height - y)):
                for dx in range(max(-k, -x), min(k + 1, width - x)):
                    if done[y + dy, x + dx]:
                        for c in range(3):
                            shift[c] += picture[y + dy, x + dx, c] - picture[from_y + dy, from_x + dx, c]
            count = 0
            for dy in range(max(-k, -y), min(k + 1, height - y)):
                for dx in range(max(-k, -x), min(k + 1, width - x)):
                    count += done[y + dy, x + dx]
            for c in range(3):
                shift[c] = min(max(shift[c] / np.float32(count), -most_shift), most_shift)
        for dy in range(-k, k + 1):
            for dx in range(-k, k + 1):
                ty, tx = y + dy, x + dx
                if ty < 0 or ty >= height or tx < 0 or tx >= width or done[ty, tx]:
                    continue
                if from_y < 0:
                    if dy != 0 or dx != 0:
                        continue
                else:
                    away[ty, tx, 0], away[ty, tx, 1] = from_x - x, from_y - y
                    for c in range(3):
                        picture[ty, tx, c] = picture[from_y + dy, from_x + dx, c] + shift[c]
                        change[ty, tx, c] = shift[c]
                    found[ty, tx] = True
                done[ty, tx] = True
                sure[ty, tx] = best * np.float32(0.9)
                todo -= band[ty, tx]
        for ty in range(max(y - 2 * k - 1, 0), min(y + 2 * k + 2, height)):
            for tx in range(max(x - 2 * k - 1, 0), min(x + 2 * k + 2, width)):
                stale[ty, tx] = True
    return found


@compiled
def _priority(picture, done, sure, y, x, k):  # type: ignore[no-untyped-def]
    """How soon a pixel's turn is: much is known around it, and an edge runs into it; -1 without done neighbours."""
    height, width = done.shape
    beside = False
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if 0 <= y + dy < height and 0 <= x + dx < width and done[y + dy, x + dx]:
                beside = True
    if not beside:
        return np.float32(-1)
    total, strongest, normal_x, normal_y = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    edge_x, edge_y = np.float32(0), np.float32(0)
    for dy in range(-k, k + 1):
        for dx in range(-k, k + 1):
            ty, tx = y + dy, x + dx
            if ty < 0 or ty >= height or tx < 0 or tx >= width or not done[ty, tx]:
                continue
            total += sure[ty, tx]
            normal_x += np.float32(dx)
            normal_y += np.float32(dy)
            if tx + 1 < width and ty + 1 < height and done[ty, tx + 1] and done[ty + 1, tx]:
                gx, gy = np.float32(0), np.float32(0)
                for c in range(3):
                    gx += picture[ty, tx + 1, c] - picture[ty, tx, c]
                    gy += picture[ty + 1, tx, c] - picture[ty, tx, c]
                strength = gx * gx + gy * gy
                if strength > strongest:
                    strongest, edge_x, edge_y = strength, -gy, gx
    length = np.sqrt(normal_x * normal_x + normal_y * normal_y) + np.float32(1e-3)
    runs_in = np.abs(edge_x * normal_x + edge_y * normal_y) / length / np.float32(3 * 255)
    return total / np.float32((2 * k + 1) * (2 * k + 1)) * (np.float32(0.02) + runs_in)
