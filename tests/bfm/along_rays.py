"""What parallel rays from the front meet: every surface of a head behind every point of a raster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bfm.model import FaceModel
from sadtalker3d.compiled import compiled

EDGE = -1e-6  # a ray along an edge meets both triangles
LEAST_AREA = 1e-12  # of a cell; a triangle seen from its side is not met


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
    drawn = np.flatnonzero(np.abs(turn) > LEAST_AREA)
    met = np.zeros(window.cells**2, np.int64)
    _met(flat, drawn, met)
    last = np.cumsum(met)
    ray, z, triangle = np.repeat(np.arange(len(met)), met), np.empty(last[-1]), np.empty(last[-1], np.int64)
    _meet(flat, corners[..., 2], drawn, last - met, last - met, z, triangle)
    return Hits(ray, z, part[triangle], turn[triangle] > 0, parts)


@compiled
def _covers(flat, f, x, y):  # type: ignore[no-untyped-def]
    """Barycentric weights in triangle f of the ray through the middle of a cell; negative ones where it passes by."""
    x0, y0 = flat[f, 0, 0], flat[f, 0, 1]
    x1, y1, x2, y2 = flat[f, 1, 0] - x0, flat[f, 1, 1] - y0, flat[f, 2, 0] - x0, flat[f, 2, 1] - y0
    px, py = x + 0.5 - x0, y + 0.5 - y0
    area = x1 * y2 - x2 * y1
    b, c = (px * y2 - x2 * py) / area, (x1 * py - px * y1) / area
    return 1 - b - c, b, c


@compiled
def _cells(flat, f, axis, cells):  # type: ignore[no-untyped-def]
    """The first cell and the one after the last whose middle triangle f can cover, along an axis."""
    low = min(flat[f, 0, axis], flat[f, 1, axis], flat[f, 2, axis])
    high = max(flat[f, 0, axis], flat[f, 1, axis], flat[f, 2, axis])
    return max(0, int(np.floor(low - 0.5))), min(cells, int(np.ceil(high - 0.5)) + 1)


@compiled
def _met(flat, drawn, met):  # type: ignore[no-untyped-def]
    """How many triangles each ray meets, written into `met` (cells * cells,)."""
    cells = int(np.sqrt(len(met)))
    for f in drawn:
        left, right = _cells(flat, f, 0, cells)
        top, bottom = _cells(flat, f, 1, cells)
        for y in range(top, bottom):
            for x in range(left, right):
                a, b, c = _covers(flat, f, x, y)
                if min(a, b, c) >= EDGE:
                    met[y * cells + x] += 1


@compiled
def _meet(flat, depth, drawn, first, after, z, triangle):  # type: ignore[no-untyped-def]
    """Where: z and triangle of each ray's hits from `first` (cells * cells,) on, front to back; `after` is changed."""
    cells = int(np.sqrt(len(first)))
    for f in drawn:
        left, right = _cells(flat, f, 0, cells)
        top, bottom = _cells(flat, f, 1, cells)
        for y in range(top, bottom):
            for x in range(left, right):
                a, b, c = _covers(flat, f, x, y)
                if min(a, b, c) < EDGE:
                    continue
                ray = y * cells + x
                here = a * depth[f, 0] + b * depth[f, 1] + c * depth[f, 2]
                place = after[ray]
                while place > first[ray] and z[place - 1] < here:
                    z[place], triangle[place] = z[place - 1], triangle[place - 1]
                    place -= 1
                z[place], triangle[place] = here, f
                after[ray] += 1
