"""Texture coordinates along and across MakeHuman's lash strips, so that hairs can be painted root to tip."""

from __future__ import annotations

import numpy as np

from .source import Source


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
