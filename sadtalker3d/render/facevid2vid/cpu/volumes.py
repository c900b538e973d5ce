"""Compiled loops over volumes of features: what may have moved where, and features fetched from where they were."""

from __future__ import annotations

import numpy as np

from sadtalker3d.compiled import compiled


@compiled
def _between(position, length):  # type: ignore[no-untyped-def]
    """Lower cell of a position between cells, and the weights of it and of the next; outside they weigh nothing."""
    lower = int(np.floor(position))
    after = np.float32(position - lower)
    before = np.float32(1) - after
    if lower < 0 or lower >= length:
        before = np.float32(0)
    if lower + 1 < 0 or lower + 1 >= length:
        after = np.float32(0)
    return min(max(lower, 0), length - 1), min(max(lower + 1, 0), length - 1), before, after


@compiled
def _axis(length, shift):  # type: ignore[no-untyped-def]
    """`_between` for all cells of an axis that is moved as a whole: `grid_sample` without aligned corners."""
    cells, weights = np.empty((length, 2), np.int64), np.empty((length, 2), np.float32)
    for i in range(length):
        place = 2 * i / (length - 1) - 1 + shift  # -1 and 1 at the outermost cells
        position = ((place + 1) * length - 1) / 2
        cells[i, 0], cells[i, 1], weights[i, 0], weights[i, 1] = _between(position, length)
    return cells, weights


@compiled
def candidates(features, bumps, shifts, depth, out):  # type: ignore[no-untyped-def]
    """A slice of the hourglass's input: for each candidate motion its heat map and the features moved by it.

    features : (D, H, W, F); bumps : (K, 2, D + H + W) factors along x, y, z of the Gaussians at the frame's and at
    the portrait's keypoint; shifts : (K + 1, 3), x y z; out : (D, H + 2, W + 2, (K + 1) (F + 1)), slice `depth` is
    written
    """
    deep, high, wide, count = features.shape
    for k in range(len(shifts)):
        z_cells, z_weights = _axis(deep, shifts[k, 2])
        y_cells, y_weights = _axis(high, shifts[k, 1])
        x_cells, x_weights = _axis(wide, shifts[k, 0])
        base = k * (count + 1)
        for y in range(high):
            for x in range(wide):
                heat = np.float32(0)
                if k:
                    for side in range(2):
                        bump = bumps[k - 1, side]
                        product = bump[x] * bump[wide + y] * bump[wide + high + depth]
                        heat += product if side == 0 else -product
                out[depth, y + 1, x + 1, base] = heat
                for f in range(count):
                    total = np.float32(0)
                    for a in range(2):
                        for b in range(2):
                            weight = z_weights[depth, a] * y_weights[y, b]
                            line = features[z_cells[depth, a], y_cells[y, b]]
                            total += weight * (
                                x_weights[x, 0] * line[x_cells[x, 0], f]
                                + x_weights[x, 1] * line[x_cells[x, 1], f]
                            )
                    out[depth, y + 1, x + 1, base + 1 + f] = total


@compiled
def fetched(volume, deformation, row, rows, out):  # type: ignore[no-untyped-def]
    """Rows of the volume as the frame has it, its slices side by side as channels.

    volume : (D, H, W, C); deformation : (D, H, W, 3) places x y z in -1..1; out : (1, H + 2, W + 2, D C)
    """
    deep, high, wide, channels = volume.shape
    for y in range(row, row + rows):
        for x in range(wide):
            for z in range(deep):
                place = deformation[z, y, x]
                x0, x1, u0, u1 = _between(((place[0] + 1) * wide - 1) / 2, wide)
                y0, y1, v0, v1 = _between(((place[1] + 1) * high - 1) / 2, high)
                z0, z1, w0, w1 = _between(((place[2] + 1) * deep - 1) / 2, deep)
                a, b, c, d = volume[z0, y0, x0], volume[z0, y0, x1], volume[z0, y1, x0], volume[z0, y1, x1]
                e, f, g, h = volume[z1, y0, x0], volume[z1, y0, x1], volume[z1, y1, x0], volume[z1, y1, x1]
                for k in range(channels):
                    near = v0 * (u0 * a[k] + u1 * b[k]) + v1 * (u0 * c[k] + u1 * d[k])
                    far = v0 * (u0 * e[k] + u1 * f[k]) + v1 * (u0 * g[k] + u1 * h[k])
                    out[0, y + 1, x + 1, z * channels + k] = w0 * near + w1 * far
