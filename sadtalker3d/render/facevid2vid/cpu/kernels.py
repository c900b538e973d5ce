"""Compiled loops of the Winograd convolutions: into tiles, out of tiles, and what is done on the way out.

Maps are (D, H + 2, W + 2, C) float32 with a border of zeros; pictures have D = 1. Tiles are (36, ..., C).

The compiler makes vectors of an innermost loop over channels only under these conditions, each worth a factor of
two to three: indices are unsigned (a signed one may count from the end, as in Python), whole arrays are C-contiguous,
rows are copied to and from small arrays of this thread (else it would have to prove that they do not overlap), and
the length of the loop is not a constant (else it is unrolled first).
"""

from __future__ import annotations

import numba
import numpy as np

from sadtalker3d.compiled import FAST, compiled
from sadtalker3d.render.facevid2vid.cpu.toom_cook import OUTPUTS, TILE

BLOCK = 64  # channels whose tile fits the first-level cache: 36 * 64 * 4 bytes
ZERO, QUARTER, HALF, THREE_HALVES = np.float32(0), np.float32(0.25), np.float32(0.5), np.float32(1.5)
EIGHTH, TWO, FOUR, EIGHT = np.float32(0.125), np.float32(2), np.float32(4), np.float32(8)

U = np.uintp

inlined = numba.njit(nogil=True, fastmath=FAST, inline="always")


@inlined
def _forward(v0, v1, v2, v3, v4, v5):  # type: ignore[no-untyped-def]
    """B v of `toom_cook`, with what its rows have in common computed once."""
    odd, even = THREE_HALVES * v2 - v1 + v3, THREE_HALVES * v3 - v2 + v4
    near, far = v3 - v1, v4 - v2
    first = v0 + THREE_HALVES * near - TWO * v2 + v4
    last = v1 + THREE_HALVES * far - TWO * v3 + v5
    return first, even + odd, even - odd, far + TWO * near, far - HALF * near, last


@inlined
def _backward(v0, v1, v2, v3, v4, v5):  # type: ignore[no-untyped-def]
    """A v of `toom_cook`."""
    plus, minus = v1 + v2, v1 - v2
    return (
        v0 + plus + v3 + v4,
        minus + HALF * v3 - TWO * v4,
        plus + QUARTER * v3 + FOUR * v4,
        minus + EIGHTH * v3 - EIGHT * v4 + v5,
    )


@compiled
def into_tiles(x, first, channels, enlarged, phased, row, rows, tiles, before):  # type: ignore[no-untyped-def]
    """Rows `row` to `row + rows` of tiles of the map `x`, from channel `first` on, transformed.

    enlarged : the map is read as if it were so many times as high and wide, by repetition
    phased : 0, or the channels of one phase: a cell of the map then holds 3 x 3 phases one after the other, and
        its first row of pixels has the first, its last row the third, those between the second; so for columns
    tiles : (36, D + 2 before, rows * tiles in a row, channels), written from slice `before` on
    """
    across = ((x.shape[2] - 2) * enlarged) // OUTPUTS
    part, done = np.empty((TILE, TILE, BLOCK), np.float32), np.empty((TILE, TILE, BLOCK), np.float32)
    line = np.empty((TILE, BLOCK), np.float32)
    ys, xs = np.empty(TILE, np.int64), np.empty(TILE, np.int64)
    to_y, to_x = np.zeros(TILE, np.int64), np.zeros(TILE, np.int64)
    for d in range(x.shape[0]):
        for q in range(rows * across):
            top, left = (row + q // across) * OUTPUTS, (q % across) * OUTPUTS
            for a in range(TILE):
                ys[a], xs[a] = (top + a + enlarged - 1) // enlarged, (left + a + enlarged - 1) // enlarged
                if phased:
                    to_y[a] = 3 * phased * _phase(top + a - 1, enlarged)
                    to_x[a] = phased * _phase(left + a - 1, enlarged)
            for start in range(0, channels, BLOCK):
                n = U(min(BLOCK, channels - start))
                for b in range(TILE):
                    z = U(xs[b])
                    for a in range(TILE):
                        y, k = U(ys[a]), U(first + start + to_x[b] + to_y[a])
                        for c in range(n):
                            line[a, c] = x[U(d), y, z, k + c]
                    for c in range(n):
                        (
                            part[0, b, c], part[1, b, c], part[2, b, c],
                            part[3, b, c], part[4, b, c], part[5, b, c],
                        ) = _forward(
                            line[0, c], line[1, c], line[2, c], line[3, c], line[4, c], line[5, c]
                        )  # fmt: skip
                for a in range(TILE):
                    for c in range(n):
                        (
                            done[a, 0, c], done[a, 1, c], done[a, 2, c], done[a, 3, c], done[a, 4, c], done[a, 5, c],
                        ) = _forward(
                            part[a, 0, c], part[a, 1, c], part[a, 2, c], part[a, 3, c], part[a, 4, c], part[a, 5, c]
                        )  # fmt: skip
                k = U(start)
                for a in range(TILE):
                    for b in range(TILE):
                        for c in range(n):
                            tiles[U(a * TILE + b), U(before + d), U(q), k + c] = done[a, b, c]


@compiled
def _phase(pixel, enlarged):  # type: ignore[no-untyped-def]
    """0 for the first of a cell's pixels, 2 for the last, 1 between."""
    place = pixel % enlarged
    return 0 if place == 0 else (2 if place == enlarged - 1 else 1)


@compiled
def _untransformed(tiles, d, q, start, n, lines, part, done):  # type: ignore[no-untyped-def]
    """One tile's 4 x 4 outputs of channels `start` to `start + n`, into `done` (4, 4, BLOCK)."""
    n, k = U(n), U(start)
    for j in range(TILE * TILE):
        for c in range(n):
            lines[j, c] = tiles[U(j), U(d), U(q), k + c]
    for b in range(TILE):
        for c in range(n):
            part[0, b, c], part[1, b, c], part[2, b, c], part[3, b, c] = _backward(
                lines[b, c],
                lines[6 + b, c],
                lines[12 + b, c],
                lines[18 + b, c],
                lines[24 + b, c],
                lines[30 + b, c],
            )
    for a in range(OUTPUTS):
        for c in range(n):
            done[a, 0, c], done[a, 1, c], done[a, 2, c], done[a, 3, c] = _backward(
                part[a, 0, c], part[a, 1, c], part[a, 2, c], part[a, 3, c], part[a, 4, c], part[a, 5, c]
            )


@compiled
def out_of_tiles(tiles, skipped, bias, leak, added, pooled, row, rows, out, first):  # type: ignore[no-untyped-def]
    """Convolved tiles to rows of the map `out`, from its channel `first` on.

    skipped : channels of the tiles that are left out; `bias` has the others
    leak : slope of the activation below zero; 1 for none
    added : onto what the map holds
    pooled : the means of 2 x 2 after the activation; the map has half the height and width
    """
    channels = tiles.shape[3] - skipped
    across = tiles.shape[2] // rows
    lines = np.zeros((TILE * TILE, BLOCK), np.float32)
    part = np.empty((OUTPUTS, TILE, BLOCK), np.float32)
    done = np.empty((OUTPUTS, OUTPUTS, BLOCK), np.float32)
    for d in range(tiles.shape[1]):
        for q in range(rows * across):
            top, left = (row + q // across) * OUTPUTS, (q % across) * OUTPUTS
            for start in range(0, channels, BLOCK):
                n = min(BLOCK, channels - start)
                _untransformed(tiles, d, q, skipped + start, n, lines, part, done)
                m, k, k_out = U(n), U(start), U(first + start)
                for a in range(OUTPUTS):
                    for b in range(OUTPUTS):
                        for c in range(m):
                            value = done[a, b, c] + bias[k + c]
                            done[a, b, c] = max(value, ZERO) + leak * min(value, ZERO)
                if pooled:
                    for a in range(OUTPUTS // 2):
                        for b in range(OUTPUTS // 2):
                            y, z = U(top // 2 + a + 1), U(left // 2 + b + 1)
                            for c in range(m):
                                out[U(d), y, z, k_out + c] = QUARTER * (
                                    done[2 * a, 2 * b, c] + done[2 * a + 1, 2 * b, c]
                                    + done[2 * a, 2 * b + 1, c] + done[2 * a + 1, 2 * b + 1, c]
                                )  # fmt: skip
                    continue
                for a in range(OUTPUTS):
                    for b in range(OUTPUTS):
                        y, z = U(top + a + 1), U(left + b + 1)
                        if added:
                            for c in range(m):
                                out[U(d), y, z, k_out + c] += done[a, b, c]
                        else:
                            for c in range(m):
                                out[U(d), y, z, k_out + c] = done[a, b, c]


@compiled
def spade_out_of_tiles(tiles, shifted, bias, x, mean, scale, enlarged, leak, row, rows, out, border):  # type: ignore[no-untyped-def]
    """Tiles of scales and shifts, applied to the normalised map `x`, to rows of `out`; none of them is stored.

    tiles : (36, 1, q, C for the scales, and if `shifted` C for the shifts); `bias` has 1 added to the scales
    x : (1, H, W, C) with its border, read `enlarged` times as large
    mean, scale : (C,) of the instance norm
    leak : slope of the activation below zero; 1 for none
    out : (h, w, C) from the strip's first row on when `border` is 0; the whole map with its border when it is 1
    """
    channels = len(mean)
    across = tiles.shape[2] // rows
    lines = np.zeros((TILE * TILE, BLOCK), np.float32)
    part = np.empty((OUTPUTS, TILE, BLOCK), np.float32)
    gamma = np.empty((OUTPUTS, OUTPUTS, BLOCK), np.float32)
    beta = np.zeros((OUTPUTS, OUTPUTS, BLOCK), np.float32)
    line = np.empty(BLOCK, np.float32)
    constants = np.zeros((4, BLOCK), np.float32)  # of the norm: scale, shift; biases of the scales and shifts
    for q in range(rows * across):
        top, left = (row + q // across) * OUTPUTS, (q % across) * OUTPUTS
        for start in range(0, channels, BLOCK):
            n = min(BLOCK, channels - start)
            _untransformed(tiles, 0, q, start, n, lines, part, gamma)
            if shifted:
                _untransformed(tiles, 0, q, channels + start, n, lines, part, beta)
            m, k = U(n), U(start)
            for c in range(m):
                constants[0, c] = scale[k + c]
                constants[1, c] = -mean[k + c] * scale[k + c]
                constants[2, c] = bias[k + c]
                if shifted:
                    constants[3, c] = bias[U(channels) + k + c]
            for a in range(OUTPUTS):
                for b in range(OUTPUTS):
                    y, z = U((top + a) // enlarged + 1), U((left + b) // enlarged + 1)
                    for c in range(m):
                        line[c] = x[U(0), y, z, k + c]
                    for c in range(m):
                        value = line[c] * constants[0, c] + constants[1, c]
                        value = value * (gamma[a, b, c] + constants[2, c]) + beta[a, b, c] + constants[3, c]
                        line[c] = max(value, ZERO) + leak * min(value, ZERO)
                    y, z = U(top + a + 1 if border else top + a - row * OUTPUTS), U(left + b + border)
                    for c in range(m):
                        out[y, z, k + c] = line[c]


@compiled
def channel_sums(x, row, rows):  # type: ignore[no-untyped-def]
    """Sum and sum of squares of each channel over rows of a map (1, H + 2, W + 2, C): (2, C) float64."""
    channels = U(x.shape[3])
    sums = np.zeros((2, x.shape[3]))
    line, square = np.zeros(x.shape[3], np.float32), np.zeros(x.shape[3], np.float32)
    for y in range(row + 1, row + rows + 1):
        line[:] = 0
        square[:] = 0
        for z in range(1, x.shape[2] - 1):
            for c in range(channels):
                value = x[U(0), U(y), U(z), c]
                line[c] += value
                square[c] += value * value
        for c in range(channels):
            sums[0, c] += line[c]
            sums[1, c] += square[c]
    return sums
