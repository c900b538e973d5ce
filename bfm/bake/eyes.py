"""Eyeballs: a sphere with the cornea's bulge, mapped round the pupil."""

from __future__ import annotations

import numpy as np

from .part import Piece, grid_faces, reflected
from .source import Source

_RINGS, _AROUND = 22, 32
IRIS_ANGLE = 0.46  # radians from the eye's axis to the rim of the iris: 5.9 mm on a 13 mm eye
UV_ANGLE = 1.25  # the polar angle at the rim of the texture square


def eyeballs(source: Source) -> list[Piece]:
    """Left and right eye, placed on MakeHuman's helper eyes."""
    members = np.unique(source.groups["helper-l-eye"].faces)
    points = source.vertices[members]
    low, high = points.min(axis=0), points.max(axis=0)
    radius = (high[1] - low[1]) / 2
    centre = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2] + radius])
    # Rings crowd round the iris, where the shape and the eye of the beholder are.
    polar = np.concatenate([np.linspace(0, 0.62, 11), np.linspace(0.62, np.pi, _RINGS - 10)[1:]])
    turn = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    bulge = 0.085 * np.clip(1 - (polar / (IRIS_ANGLE * 1.12)) ** 2, 0, None) ** 1.2
    length = radius * (0.99 + bulge)
    x = length[:, None] * np.sin(polar)[:, None] * np.cos(turn)
    y = length[:, None] * np.sin(polar)[:, None] * np.sin(turn)
    z = (length * np.cos(polar))[:, None] + 0 * x
    positions = np.stack([x, y, z], axis=-1).reshape(-1, 3) + centre
    faces = grid_faces(_RINGS, _AROUND, closed=True)
    size = np.minimum(polar / UV_ANGLE, 1.0)[:, None] / 2
    uv = np.stack([0.5 + size * np.cos(turn), 0.5 - size * np.sin(turn)], axis=-1).reshape(-1, 2)
    a, b, c = positions[faces[_AROUND * 3]]
    if np.dot(np.cross(b - a, c - a), (a + b + c) / 3 - centre) < 0:
        faces = faces[:, ::-1]
    faces = faces[_area(positions, faces) > 1e-12]  # the poles' slivers
    left = Piece("eyes", positions, faces, uv, 2)
    return [left, reflected(left, 3)]


def _area(positions: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = positions[faces].transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1)
