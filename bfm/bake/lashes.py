"""Eyelashes: texture coordinates from root to tip, and where they lie when the lids come down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import maximum_filter

from ..subdivide import Subdivision
from .raster import depth_image
from .source import Source

if TYPE_CHECKING:
    from .cage import Cage


def coordinates(source: Source) -> dict[int, np.ndarray]:
    """Source vertex of a lash -> (u along the lid from the nose outward, v from root to tip), in [0, 1].

    The upper strips fill the square's upper half, the lower ones its lower half; both eyes share them.
    """
    found: dict[int, np.ndarray] = {}
    for side in "lr":
        eye = source.vertices[np.unique(source.groups[f"helper-{side}-eye"].faces)].mean(axis=0)
        for strip, top in (("2", 0.02), ("1", 0.52)):
            quads = source.groups[f"helper-{side}-eyelashes-{strip}"].faces
            rows, columns = _grid(quads, source.vertices, eye)
            for vertex in rows:
                u, v = columns[vertex] / max(columns.values()), rows[vertex] / max(rows.values())
                found[vertex] = np.array([u, top + 0.46 * v])
    return found


def _grid(quads: np.ndarray, vertices: np.ndarray, eye: np.ndarray) -> tuple[dict[int, int], dict[int, int]]:
    """Row (0 at the root) and column (0 at the nose) of every vertex of a strip of quads."""
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    beside: dict[int, set[int]] = {}
    uses: dict[tuple[int, int], int] = {}
    for a, b in sides.tolist():
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
        uses[min(a, b), max(a, b)] = uses.get((min(a, b), max(a, b)), 0) + 1
    border = [edge for edge, count in uses.items() if count == 1]
    around: dict[int, list[int]] = {}
    for a, b in border:
        around.setdefault(a, []).append(b)
        around.setdefault(b, []).append(a)
    corners = [v for v in beside if len(beside[v]) == 2]
    paths = []
    for corner in corners:
        for second in around[corner]:
            path = [corner, second]
            while path[-1] not in corners:
                path.append(next(n for n in around[path[-1]] if n != path[-2]))
            if path[0] < path[-1]:
                paths.append(path)
    paths.sort(key=len)
    short, long = paths[:2], paths[2:]
    root = min(long, key=lambda p: np.linalg.norm(vertices[p] - eye, axis=1).mean())
    inner = min(short, key=lambda p: np.abs(vertices[p, 0]).mean())
    return _steps(root, beside), _steps(inner, beside)


def _steps(start: list[int], beside: dict[int, set[int]]) -> dict[int, int]:
    distance = dict.fromkeys(start, 0)
    queue = list(start)
    for vertex in queue:
        for following in sorted(beside[vertex]):
            if following not in distance:
                distance[following] = distance[vertex] + 1
                queue.append(following)
    return distance


# Shapes that carry lashes over the skin, and how far before it they then lie at root and tip (source units).
_LOWERING = ("eyeBlink", "eyeLookDown", "eyeSquint", "cheekSquint")
_AT_ROOT, _AT_TIP, _HIDDEN = 0.003, 0.030, 0.15  # lashes start at this share of the strip, inside the lid
_DROOP = 0.035  # at the tips of the upper lashes of a shut eye
_WINDOW, _CELLS, _MOST = 0.6, 240, 0.12


def laid_on_skin(
    shapes: dict[str, np.ndarray], source: Source, cage: Cage, mesh: Subdivision, mean: np.ndarray
) -> dict[str, np.ndarray]:
    """The shapes with lashes lifted off the lids and cheeks that they would sink into.

    Args:
        shapes: (N, 3) cage displacements by name. mean: (N, 3) the mean head's cage.
    """
    from .identity import mirrored_cage  # the cage imports this module

    strips = coordinates(source)
    lash = np.unique(cage.quads[cage.quad_part == 2])
    lash = lash[mean[lash, 0] > 0]
    square = np.array([strips[int(v)] for v in cage.source_index[lash]])
    lower = square[:, 1] >= 0.5
    reach = (square[:, 1] - np.where(lower, 0.52, 0.02)) / 0.46
    grown = reach >= _HIDDEN
    wanted = _AT_ROOT + (_AT_TIP - _AT_ROOT) * (reach - _HIDDEN) / (1 - _HIDDEN)
    skin = mesh.faces[np.repeat(cage.quad_part == 0, 4)]
    skin = np.concatenate([skin[:, [0, 1, 2]], skin[:, [0, 2, 3]]])
    corner = mean[lash, :2].mean(axis=0) - _WINDOW / 2
    laid = dict(shapes)
    for name in _LOWERING:
        left = shapes[f"{name}Left"].copy()
        if name == "eyeBlink":  # the upper lashes point down, the lower ones keep below the line
            left[lash[~lower], 1] -= _DROOP * reach[~lower]
            roots = (mean + left)[lash]
            left[lash[lower], 1] += _below(roots, square, lower)
        posed = mean + left
        places = mesh.smooth(posed[: cage.smooth])
        flat = (places[:, :2] - corner) / _WINDOW * _CELLS
        near = ((flat[skin] > 0) & (flat[skin] < _CELLS)).all(axis=(1, 2)) & (places[skin, 2] > 0.5).all(
            axis=1
        )
        front = -depth_image(flat[skin[near]], -places[skin[near], 2], _CELLS)
        front = maximum_filter(front, size=5)  # half a millimetre around
        column, row = np.clip((posed[lash, :2] - corner) / _WINDOW * _CELLS, 0, _CELLS - 1).astype(int).T
        left[lash, 2] += grown * np.clip(front[row, column] + wanted - posed[lash, 2], 0, _MOST)
        laid[f"{name}Left"], laid[f"{name}Right"] = left, mirrored_cage(left, cage)
    return laid


def _below(posed: np.ndarray, square: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """How far each lower lash has to go down (<= 0), whole hairs at once, to grow below the upper ones' roots."""
    edge = posed[~lower & (square[:, 1] < 0.03)]
    edge = edge[np.argsort(edge[:, 0])]
    roots = lower & (square[:, 1] < 0.53)
    order = np.argsort(square[roots, 0])
    gap = np.interp(posed[roots, 0], edge[:, 0], edge[:, 1]) - posed[roots, 1]
    return np.interp(square[lower, 0], square[roots, 0][order], np.minimum(gap, 0)[order])
