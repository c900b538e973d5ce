"""Which triangle covers which pixel: a plain rasteriser, the same on every machine."""

from __future__ import annotations

import numpy as np


def candidates(corners: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels whose centre a triangle covers.

    Args:
        corners: (F, 3, 2) in pixels. size: the picture is size x size.

    Returns:
        triangle (n,), pixel (n,) as row * size + column, barycentric weights (n, 3).
    """
    low = np.clip(np.floor(corners.min(axis=1) - 0.5).astype(int), 0, size - 1)
    high = np.clip(np.ceil(corners.max(axis=1) - 0.5).astype(int), 0, size - 1)
    extent = high - low + 1
    counts = extent[:, 0] * extent[:, 1]
    triangle = np.repeat(np.arange(len(corners)), counts)
    turn = np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = extent[triangle, 0]
    column, row = low[triangle, 0] + turn % width, low[triangle, 1] + turn // width
    a, b, c = (corners[triangle, k] for k in range(3))
    point = np.stack([column + 0.5, row + 0.5], axis=1)
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    weights = np.stack([_cross(c - b, point - b), _cross(a - c, point - c), _cross(b - a, point - a)], axis=1)
    weights /= area[:, None]
    inside = (weights >= -1e-6).all(axis=1)
    return triangle[inside], (row * size + column)[inside], weights[inside]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def depth_image(corners: np.ndarray, depth: np.ndarray, size: int) -> np.ndarray:
    """Nearest depth (F, 3 corner depths, small is near) at every pixel, infinity where nothing is."""
    triangle, pixel, weights = candidates(corners, size)
    image = np.full(size * size, np.inf)
    np.minimum.at(image, pixel, (weights * depth[triangle]).sum(axis=1))
    return image.reshape(size, size)
