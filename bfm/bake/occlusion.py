"""How much of the sky each vertex sees."""

from __future__ import annotations

import numpy as np

from .raster import depth_image

_DIRECTIONS, _SIZE = 96, 256


def openness(
    positions: np.ndarray, normals: np.ndarray, faces: np.ndarray, bias_m: float = 0.002
) -> np.ndarray:
    """(V,) cosine-weighted share of 96 directions, spread evenly over the sphere, that reach each vertex."""
    k = np.arange(_DIRECTIONS) + 0.5
    height, turn = 1 - 2 * k / _DIRECTIONS, k * np.pi * (3 - np.sqrt(5))  # Fibonacci's lattice
    across = np.sqrt(1 - height**2)
    directions = np.stack([across * np.cos(turn), height, across * np.sin(turn)], axis=1)
    centre = (positions.max(axis=0) + positions.min(axis=0)) / 2
    reach = np.linalg.norm(positions - centre, axis=1).max() * 1.01
    seen, whole = np.zeros(len(positions)), np.zeros(len(positions))
    for direction in directions:
        side = np.cross(direction, [0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        up = np.cross(side, direction)
        flat = (positions - centre) @ np.stack([side, up], axis=1)
        pixels = (flat / reach + 1) / 2 * _SIZE
        depth = -(positions - centre) @ direction
        image = depth_image(pixels[faces], depth[faces], _SIZE)
        cell = np.clip(pixels.astype(int), 0, _SIZE - 1)
        cosine = np.maximum(normals @ direction, 0)
        lit = depth <= image[cell[:, 1], cell[:, 0]] + bias_m
        seen += cosine * lit
        whole += cosine
    return seen / np.maximum(whole, 1e-9)
