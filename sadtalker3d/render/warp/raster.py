"""Compiled loops: triangles into pixels, with the nearest in front.

The loops follow the rules of `facevid2vid/cpu/kernels.py`. Pictures' pixels have their middles at whole numbers, y
runs down, so a triangle seen from outside (counter-clockwise with y up) has a negative signed area.
Attributes run linearly over the picture, not in perspective: then a head that has not moved gives each pixel its own
place in the photo exactly.
"""

from __future__ import annotations

import numpy as np

from sadtalker3d.compiled import compiled

U = np.uintp
NONE = -1  # no triangle in this sample


@compiled
def nearest_triangles(xy, near, faces, first, left, top, samples, ids, depth):  # type: ignore[no-untyped-def]
    """Which triangle each sample of a rectangle shows.

    Parameters
    ----------
    xy : (V, 2) float32 pixels
    near : (V,) float32, larger is nearer
    faces : (F, 3) int32; only triangles seen from their front are drawn
    first : added to the triangles' numbers in `ids`
    left, top : the rectangle's first pixel
    samples : along a side of each pixel
    ids : (height * samples, width * samples) int32, changed in place
    depth : the same shape, float32, changed in place: `near` of what is there
    """
    height, width = ids.shape
    step = np.float32(1.0 / samples)
    x_origin = np.float32(left - 0.5 + 0.5 * step)
    y_origin = np.float32(top - 0.5 + 0.5 * step)
    scale = np.float32(samples)
    for f in range(faces.shape[0]):
        i, j, k = U(faces[f, 0]), U(faces[f, 1]), U(faces[f, 2])
        x0, y0 = (xy[i, 0] - x_origin) * scale, (xy[i, 1] - y_origin) * scale
        x1, y1 = (xy[j, 0] - x_origin) * scale, (xy[j, 1] - y_origin) * scale
        x2, y2 = (xy[k, 0] - x_origin) * scale, (xy[k, 1] - y_origin) * scale
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if not area < np.float32(-1e-9):
            continue
        x_low = max(0, int(np.ceil(min(x0, x1, x2))))
        x_high = min(width - 1, int(np.floor(max(x0, x1, x2))))
        y_low = max(0, int(np.ceil(min(y0, y1, y2))))
        y_high = min(height - 1, int(np.floor(max(y0, y1, y2))))
        inverse = np.float32(1.0) / area
        z0, z1, z2 = near[i], near[j], near[k]
        for y in range(y_low, y_high + 1):
            for x in range(x_low, x_high + 1):
                b = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) * inverse
                c = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) * inverse
                a = np.float32(1.0) - b - c
                # a hair's breadth outside counts, so that no sample falls between two triangles
                if a < np.float32(-1e-5) or b < np.float32(-1e-5) or c < np.float32(-1e-5):
                    continue
                z = a * z0 + b * z1 + c * z2
                if z > depth[U(y), U(x)]:
                    depth[U(y), U(x)] = z
                    ids[U(y), U(x)] = f + first


@compiled
def places_on_triangles(points, ids, xy, faces, weights):  # type: ignore[no-untyped-def]
    """Barycentric `weights` (n, 3), written, of (n, 2) points on the triangles `ids` (n,), -1 for none."""
    for p in range(points.shape[0]):
        if ids[p] < 0:
            continue
        i, j, k = faces[ids[p], 0], faces[ids[p], 1], faces[ids[p], 2]
        x0, y0 = xy[i, 0], xy[i, 1]
        x1, y1, x2, y2 = xy[j, 0] - x0, xy[j, 1] - y0, xy[k, 0] - x0, xy[k, 1] - y0
        x, y = points[p, 0] - x0, points[p, 1] - y0
        area = x1 * y2 - x2 * y1
        weights[p, 1] = (x * y2 - x2 * y) / area
        weights[p, 2] = (x1 * y - x * y1) / area
        weights[p, 0] = 1 - weights[p, 1] - weights[p, 2]


@compiled
def draw_grid(xy, near, left, top, first, spacing, moved, source, depth):  # type: ignore[no-untyped-def]
    """Draw a regular grid whose knots have moved, nearest in front.

    Parameters
    ----------
    xy : (rows, columns, 2) float32, where the knots are now
    near : (rows, columns) float32
    left, top : the rectangle's first pixel
    first, spacing : the first knot's place in the photo (2,), and how far apart knots were
    moved : (rows - 1, columns - 1) bool; cells that have not moved are not drawn
    source : (height, width, 2) float32, changed: where in the photo each pixel of the rectangle at left, top is
    depth : (height, width) float32, changed
    """
    height, width = depth.shape
    for row in range(moved.shape[0]):
        for column in range(moved.shape[1]):
            if not moved[row, column]:
                continue
            for half in range(2):
                # cut along the shorter way, clockwise in the picture
                r0, c0 = row, column
                r1, c1 = row + half, column + 1
                r2, c2 = row + 1, column + 1 - half
                if half == 0:
                    r2, c2 = row + 1, column + 1
                else:
                    r1, c1 = row + 1, column + 1
                    r2, c2 = row + 1, column
                x0, y0 = xy[r0, c0, 0] - left, xy[r0, c0, 1] - top
                x1, y1 = xy[r1, c1, 0] - left, xy[r1, c1, 1] - top
                x2, y2 = xy[r2, c2, 0] - left, xy[r2, c2, 1] - top
                area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                if not area > np.float32(1e-6):
                    continue
                inverse = np.float32(1.0) / area
                x_low, x_high = max(0, int(np.ceil(min(x0, x1, x2)))), min(width - 1, int(max(x0, x1, x2)))
                y_low, y_high = max(0, int(np.ceil(min(y0, y1, y2)))), min(height - 1, int(max(y0, y1, y2)))
                z0, z1, z2 = near[r0, c0], near[r1, c1], near[r2, c2]
                for y in range(y_low, y_high + 1):
                    for x in range(x_low, x_high + 1):
                        b = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) * inverse
                        c = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) * inverse
                        a = np.float32(1.0) - b - c
                        if a < np.float32(-1e-5) or b < np.float32(-1e-5) or c < np.float32(-1e-5):
                            continue
                        z = a * z0 + b * z1 + c * z2
                        if z > depth[U(y), U(x)]:
                            depth[U(y), U(x)] = z
                            source[U(y), U(x), 0] = first[0] + spacing * (a * c0 + b * c1 + c * c2)
                            source[U(y), U(x), 1] = first[1] + spacing * (a * r0 + b * r1 + c * r2)
