"""Nine-term spherical-harmonics lighting (Ramamoorthi & Hanrahan 2001) with Deep3DFaceRecon's constants."""

from __future__ import annotations

import numpy as np

_A = (np.pi, 2 * np.pi / np.sqrt(3.0), 2 * np.pi / np.sqrt(8.0))
_C = (1 / np.sqrt(4 * np.pi), np.sqrt(3.0) / np.sqrt(4 * np.pi), 3 * np.sqrt(5.0) / np.sqrt(12 * np.pi))
AMBIENT = 0.8
"""Added to the first coefficient of each channel: light that is there when all 27 are 0."""


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray, point_faces: np.ndarray) -> np.ndarray:
    """Unit normals as the reconstruction was trained with: unit face normals summed, not weighted by area.

    Args:
        vertices: (B, V, 3). triangles: (F, 3), 0-based. point_faces: (V, 8) faces round each vertex, F for none.
    """
    a, b, c = (vertices[..., triangles[:, k], :] for k in range(3))
    face = _unit(np.cross(a - b, b - c))
    nothing = np.zeros((*face.shape[:-2], 1, 3), face.dtype)
    return _unit(np.concatenate([face, nothing], axis=-2)[..., point_faces, :].sum(axis=-2))


def harmonics(normals: np.ndarray) -> np.ndarray:
    """(..., 3) unit normals -> (..., 9) the weighted basis."""
    x, y, z = np.moveaxis(normals, -1, 0)
    a0c0, a1c1, a2c2 = (a * c for a, c in zip(_A, _C, strict=True))
    terms = [
        np.full_like(x, a0c0),
        -a1c1 * y,
        a1c1 * z,
        -a1c1 * x,
        a2c2 * x * y,
        -a2c2 * y * z,
        0.5 * a2c2 / np.sqrt(3.0) * (3 * z**2 - 1),
        -a2c2 * x * z,
        0.5 * a2c2 * (x**2 - y**2),
    ]
    return np.stack(terms, axis=-1).astype(normals.dtype)


def shade(albedo: np.ndarray, normals: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """Colour of lit vertices.

    Args:
        albedo: (B, V, 3). normals: (B, V, 3) in the world. gamma: (B, 27), nine numbers for red, then green, blue.
    """
    light = np.asarray(gamma).reshape(-1, 3, 9).copy()
    light[:, :, 0] += AMBIENT
    return albedo * (harmonics(normals) @ np.swapaxes(light, 1, 2)).astype(albedo.dtype)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
