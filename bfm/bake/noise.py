"""Value noise on a lattice in space, the same on every machine."""

from __future__ import annotations

import numpy as np


def noise(points: np.ndarray, cell: float, seed: int) -> np.ndarray:
    """(..., 3) points -> (...) smooth noise in [-1, 1] with features about `cell` long."""
    scaled = np.asarray(points, np.float64) / cell
    base = np.floor(scaled).astype(np.int64)
    part = scaled - base
    part = part * part * (3 - 2 * part)
    total = np.zeros(scaled.shape[:-1])
    for corner in range(8):
        step = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
        weight = np.where(step, part, 1 - part).prod(axis=-1)
        total += weight * _hash(base + step, seed)
    return total


def layered(points: np.ndarray, cell: float, seed: int, layers: int = 3) -> np.ndarray:
    """Noise plus ever finer noise of half the strength, in about [-1, 1]."""
    parts = [noise(points, cell / 2**k, seed + k) / 2**k for k in range(layers)]
    return np.sum(parts, axis=0) / (2 - 2.0 ** (1 - layers))


def _hash(cells: np.ndarray, seed: int) -> np.ndarray:
    mixed = (
        cells[..., 0] * 374761393 + cells[..., 1] * 668265263 + cells[..., 2] * 2147483647 + seed * 1274126177
    )
    mixed = (mixed ^ (mixed >> 13)) * 1274126177
    mixed = mixed ^ (mixed >> 16)
    return (mixed & 0xFFFF) / 32767.5 - 1
