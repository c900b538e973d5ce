"""Compiled loops that put the head over the sheet: per pixel, where in the photo, how much of it, and what instead."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.warp.raster import U, compiled

ATTRIBUTES = 8  # source x, source y, keep, over, gain, red, green, blue
FAR_PX = 3.0  # samples of one pixel whose places in the photo lie further apart show two surfaces


@compiled
def between(picture, x, y):  # type: ignore[no-untyped-def]
    """Four float32 values of the (rows, columns, 4) uint8 picture at one place, bilinearly."""
    rows, columns = picture.shape[0], picture.shape[1]
    x = min(max(x, np.float32(0)), np.float32(columns - 1))
    y = min(max(y, np.float32(0)), np.float32(rows - 1))
    x0, y0 = U(int(x)), U(int(y))
    x1, y1 = U(min(int(x) + 1, columns - 1)), U(min(int(y) + 1, rows - 1))
    p, q = x - np.float32(int(x)), y - np.float32(int(y))
    a, b, c, d = (1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q
    return (
        a * picture[y0, x0, 0] + b * picture[y0, x1, 0] + c * picture[y1, x0, 0] + d * picture[y1, x1, 0],
        a * picture[y0, x0, 1] + b * picture[y0, x1, 1] + c * picture[y1, x0, 1] + d * picture[y1, x1, 1],
        a * picture[y0, x0, 2] + b * picture[y0, x1, 2] + c * picture[y1, x0, 2] + d * picture[y1, x1, 2],
        a * picture[y0, x0, 3] + b * picture[y0, x1, 3] + c * picture[y1, x0, 3] + d * picture[y1, x1, 3],
    )


@compiled
def cover(
    cut, plate, ids, xy, faces, attributes, left, top, samples, source, offset_x, offset_y, share, fill
):  # type: ignore[no-untyped-def]
    """Lay the head over the sheet.

    Where the samples of a pixel lie far apart in the photo, as at the edge of a cheek, the place between them is
    neither: the first place is left to the caller, the others' colours are added here.

    Parameters
    ----------
    cut, plate : (rows, columns, 4) and (rows, columns, 3) uint8, see `layers`
    ids : (h * samples, w * samples) int32 from `nearest_triangles` of the rectangle at left, top
    attributes : (n, 8) float32 per vertex
    source : (H, W, 2) float32 of the sheet, changed: where each pixel is in the photo
    offset_x, offset_y : of the rectangle within the sheet
    share : (h, w) float32, written: the photo's share of each pixel, times its gain
    fill : (h, w, 3) float32, written: what is added to it, 0..255
    """
    height, width = share.shape
    step, half = np.float32(1.0 / samples), np.float32(0.5)
    n = np.float32(samples * samples)
    for py in range(height):
        for px in range(width):
            gx, gy = (
                source[U(py + offset_y), U(px + offset_x), 0],
                source[U(py + offset_y), U(px + offset_x), 1],
            )
            sum_x = sum_y = weight = gained = np.float32(0)
            far_x = far_y = far = far_gained = np.float32(0)
            red = green = blue = np.float32(0)
            for s in range(samples * samples):
                sy, sx = py * samples + s // samples, px * samples + s % samples
                dx = step * (np.float32(sx - px * samples) + half) - half
                dy = step * (np.float32(sy - py * samples) + half) - half
                f = ids[U(sy), U(sx)]
                u, v, part, bright = gx + dx, gy + dy, np.float32(1), np.float32(1)
                if f >= 0:
                    i, j, k = U(faces[f, 0]), U(faces[f, 1]), U(faces[f, 2])
                    x0, y0 = xy[i, 0], xy[i, 1]
                    x1, y1, x2, y2 = xy[j, 0] - x0, xy[j, 1] - y0, xy[k, 0] - x0, xy[k, 1] - y0
                    x, y = np.float32(left + px) + dx - x0, np.float32(top + py) + dy - y0
                    inverse = np.float32(1) / (x1 * y2 - x2 * y1)
                    b, c = (x * y2 - x2 * y) * inverse, (x1 * y - x * y1) * inverse
                    a = np.float32(1) - b - c
                    own_x = a * attributes[i, 0] + b * attributes[j, 0] + c * attributes[k, 0]
                    own_y = a * attributes[i, 1] + b * attributes[j, 1] + c * attributes[k, 1]
                    keep = a * attributes[i, 2] + b * attributes[j, 2] + c * attributes[k, 2]
                    over = a * attributes[i, 3] + b * attributes[j, 3] + c * attributes[k, 3]
                    gain = a * attributes[i, 4] + b * attributes[j, 4] + c * attributes[k, 4]
                    own = over * (np.float32(1) - keep)
                    red += own * (a * attributes[i, 5] + b * attributes[j, 5] + c * attributes[k, 5])
                    green += own * (a * attributes[i, 6] + b * attributes[j, 6] + c * attributes[k, 6])
                    blue += own * (a * attributes[i, 7] + b * attributes[j, 7] + c * attributes[k, 7])
                    part = np.float32(1) - own
                    # within the feather the sheet's place and the head's are mixed
                    mix = over * keep / max(part, np.float32(1e-6))
                    if gx < np.float32(-1):  # no sheet to mix with
                        mix = np.float32(1) if mix > half else np.float32(0)
                    u, v = u + mix * (own_x - u), v + mix * (own_y - v)
                    bright = np.float32(1) + over * (gain - np.float32(1))
                if weight > 0 and abs(u - sum_x / weight) + abs(v - sum_y / weight) > np.float32(FAR_PX):
                    far_x += part * u
                    far_y += part * v
                    far += part
                    far_gained += part * bright
                else:
                    sum_x += part * u
                    sum_y += part * v
                    weight += part
                    gained += part * bright
            if far > np.float32(1e-4):
                r, g, b, alpha = between(cut, far_x / far, far_y / far)
                y, x = U(min(max(py + top, 0), cut.shape[0] - 1)), U(min(max(px + left, 0), cut.shape[1] - 1))
                through = np.float32(1) - alpha / np.float32(255)
                red += far_gained * (r + through * plate[y, x, 0])
                green += far_gained * (g + through * plate[y, x, 1])
                blue += far_gained * (b + through * plate[y, x, 2])
            if weight > np.float32(1e-4):
                source[U(py + offset_y), U(px + offset_x), 0] = sum_x / weight
                source[U(py + offset_y), U(px + offset_x), 1] = sum_y / weight
            share[U(py), U(px)] = gained / n
            fill[U(py), U(px), 0] = red / n
            fill[U(py), U(px), 1] = green / n
            fill[U(py), U(px), 2] = blue / n


@compiled
def blend(frame, share, fill):  # type: ignore[no-untyped-def]
    """(h, w, 3) uint8 `frame`, changed: share * frame + fill, rounded."""
    for y in range(share.shape[0]):
        for x in range(share.shape[1]):
            kept = share[U(y), U(x)]
            for c in range(3):
                value = kept * frame[U(y), U(x), U(c)] + fill[U(y), U(x), U(c)] + np.float32(0.5)
                frame[U(y), U(x), U(c)] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))


@compiled
def stretched(xy, source, faces, limits):  # type: ignore[no-untyped-def]
    """(F,) float32 1 where a triangle is drawn at the photo's own fineness, 0 where it is stretched too much.

    limits : the areas' ratio from which it counts, and at which nothing is kept
    """
    kept = np.ones(faces.shape[0], np.float32)
    low, high = limits
    for f in range(faces.shape[0]):
        i, j, k = U(faces[f, 0]), U(faces[f, 1]), U(faces[f, 2])
        now = (xy[j, 0] - xy[i, 0]) * (xy[k, 1] - xy[i, 1]) - (xy[k, 0] - xy[i, 0]) * (xy[j, 1] - xy[i, 1])
        was = (source[j, 0] - source[i, 0]) * (source[k, 1] - source[i, 1]) - (
            source[k, 0] - source[i, 0]
        ) * (source[j, 1] - source[i, 1])
        if now >= 0:
            continue
        ratio = now / min(was, np.float32(-1e-6)) if was < 0 else np.float32(high)
        share = min(max((np.float32(high) - ratio) / np.float32(high - low), np.float32(0)), np.float32(1))
        kept[U(f)] = share * share * (3 - 2 * share)
    return kept
