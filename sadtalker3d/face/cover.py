"""Compiled loops: which triangle covers each pixel of a picture or a texture, and values between its corners.

A pixel's middle is a whole number. Values run linearly over the picture, not in perspective: triangles are small.
"""

from __future__ import annotations

import numpy as np

from sadtalker3d.compiled import compiled


@compiled
def cover(xy, near, faces, ids, depth):  # type: ignore[no-untyped-def]
    """Draw triangles, either way round, the nearest in front.

    Parameters
    ----------
    xy : (V, 2) float32 pixels
    near : (V,) float32, larger is nearer
    faces : (F, 3) int32
    ids : (H, W) int32, changed in place: the triangle at each pixel
    depth : (H, W) float32, changed in place: `near` of what is there
    """
    height, width = ids.shape
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        x0, y0, x1, y1, x2, y2 = xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1], xy[k, 0], xy[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        x_low, x_high = max(0, int(np.ceil(min(x0, x1, x2)))), min(width - 1, int(np.floor(max(x0, x1, x2))))
        y_low, y_high = max(0, int(np.ceil(min(y0, y1, y2)))), min(height - 1, int(np.floor(max(y0, y1, y2))))
        for y in range(y_low, y_high + 1):
            for x in range(x_low, x_high + 1):
                b = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
                c = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
                a = 1 - b - c
                # a hair's breadth outside counts, so that no pixel falls between two triangles
                if a < -1e-4 or b < -1e-4 or c < -1e-4:
                    continue
                z = a * near[i] + b * near[j] + c * near[k]
                if z > depth[y, x]:
                    depth[y, x] = z
                    ids[y, x] = f


@compiled
def between(xy, faces, ids, values, out):  # type: ignore[no-untyped-def]
    """(H, W, n) `out`, written, of (V, n) values at the corners; untouched where `ids` is negative."""
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            if ids[y, x] < 0:
                continue
            i, j, k = faces[ids[y, x], 0], faces[ids[y, x], 1], faces[ids[y, x], 2]
            x0, y0 = xy[i, 0], xy[i, 1]
            x1, y1, x2, y2 = xy[j, 0] - x0, xy[j, 1] - y0, xy[k, 0] - x0, xy[k, 1] - y0
            area = x1 * y2 - x2 * y1
            b = ((x - x0) * y2 - x2 * (y - y0)) / area
            c = (x1 * (y - y0) - (x - x0) * y1) / area
            for n in range(values.shape[1]):
                out[y, x, n] = (1 - b - c) * values[i, n] + b * values[j, n] + c * values[k, n]


def covered(
    xy: np.ndarray, near: np.ndarray, faces: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (H, W) int32, -1 for none, and nearness (H, W) float32 of a picture; see `cover`."""
    ids, depth = np.full(shape, -1, np.int32), np.full(shape, -np.inf, np.float32)
    cover(xy.astype(np.float32), near.astype(np.float32), faces.astype(np.int32), ids, depth)
    return ids, depth
