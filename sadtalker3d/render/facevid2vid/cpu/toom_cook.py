"""Winograd's short convolutions: matrices that trade multiplications for additions."""

from __future__ import annotations

import numpy as np

OUTPUTS = 4  # along one axis of a tile
TAPS = 3
TILE = OUTPUTS + TAPS - 1
POINTS = (
    0.0,
    1.0,
    -1.0,
    0.5,
    -2.0,
)  # and infinity; these round least of the small ones, see Barabasz et al. 2020


def toom_cook() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A (4, 6), G (6, 3) and B (6, 6), float64: correlation(x, w) = A ((G w) * (B x)) for 6 numbers x and 3 w.

    Toom and Cook's evaluation and interpolation at `POINTS`, transposed (Winograd 1980; Lavin and Gray 2016).
    """
    a, g, b = np.zeros((OUTPUTS, TILE)), np.zeros((TILE, TAPS)), np.zeros((TILE, TILE))
    for j, point in enumerate(POINTS):
        others = [other for other in POINTS if other != point]
        a[:, j] = point ** np.arange(OUTPUTS)
        g[j] = point ** np.arange(TAPS) / np.prod([point - other for other in others])
        b[j, :-1] = np.polynomial.polynomial.polyfromroots(others)
    a[-1, -1] = g[-1, -1] = 1
    b[-1] = np.polynomial.polynomial.polyfromroots(POINTS)
    return a, g, b
