"""What parallel rays from the front meet: every surface of a head behind every point of a raster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bfm.bake.raster import candidates
from bfm.model import FaceModel


@dataclass(frozen=True)
class Window:
    """A square raster before the face, metres; the rays come from +z."""

    centre: tuple[float, float]
    side: float
    cells: int

    @property
    def cell_mm2(self) -> float:
        return (self.side / self.cells * 1000) ** 2


@dataclass(frozen=True)
class Hits:
    """Hits sorted by ray, then from front to back."""

    ray: np.ndarray  # (n,) number of the cell
    z: np.ndarray  # (n,) metres
    part: np.ndarray  # (n,) index into `names`
    facing: np.ndarray  # (n,) whether the surface's outside looks at the viewer
    names: tuple[str, ...]

    def of(self, *names: str) -> np.ndarray:
        return np.isin(self.part, [self.names.index(name) for name in names])


def cast(face: FaceModel, vertices: np.ndarray, window: Window, parts: tuple[str, ...]) -> Hits:
    """Hits of (V, 3) vertices' triangles of the named parts."""
    part = np.concatenate([np.full(len(face.parts[name]), k) for k, name in enumerate(parts)])
    faces = face.faces[np.concatenate([face.parts[name] for name in parts])]
    corners = vertices[faces].astype(np.float64)  # (F, 3, 3)
    low = np.subtract(window.centre, window.side / 2)
    flat = (corners[..., :2] - low) / window.side * window.cells
    inside = ((flat.max(axis=1) > 0) & (flat.min(axis=1) < window.cells)).all(axis=1)
    inside &= corners[..., 2].max(axis=1) > 0  # not the back of the head
    corners, flat, part = corners[inside], flat[inside], part[inside]
    a, b, c = flat.transpose(1, 0, 2)
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    triangle, ray, weights = candidates(flat, window.cells)
    z = (weights * corners[triangle, :, 2]).sum(axis=1)
    order = np.lexsort((-z, ray))
    triangle = triangle[order]
    return Hits(ray[order], z[order], part[triangle], turn[triangle] > 0, parts)
