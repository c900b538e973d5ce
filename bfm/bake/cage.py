"""The control cage: head and neck cut from MakeHuman's body, tongue and lashes from its helpers.

Every cage row is a fixed linear combination of source vertices plus a fixed offset, so that any MakeHuman target
carries over to the cage with one sparse product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from . import lashes
from .source import Source

# The neck is cut by a plane lower in front than behind, as a sculptor's bust is (source units, 10 cm).
_CUT_HEIGHT, _CUT_SLOPE = 5.80, 0.15
_RIM = (
    (0.012, 0.03),
    (0.05, 0.045),
    (0.45, 0.03),
    (0.985, 0.01),
)  # (inward share, drop in source units) of the rim's rings
HANDLES = ("upper teeth", "lower teeth", "left eye", "right eye")
_HANDLE_GROUPS = ("helper-upper-teeth", "helper-lower-teeth", "helper-l-eye", "helper-r-eye")


@dataclass(frozen=True)
class Cage:
    """Rows 0..smooth-1 are subdivided; then come 4 affine handles for each of HANDLES."""

    rows: sparse.csr_matrix  # (N, 19158) of source vertices
    offset: np.ndarray  # (N, 3) source units
    smooth: int  # number of rows with quads
    quads: np.ndarray  # (F, 4)
    quad_part: np.ndarray  # (F,) index into PARTS
    quad_uv: np.ndarray  # (F, 4) index into uv
    uv: np.ndarray  # (n, 2) source layout, v up
    mirror: np.ndarray  # (N,) mirror image of each row; handles mirror as pairs of groups
    source_index: np.ndarray  # (smooth,) source vertex of each row, -1 where made by the cut

    def apply(self, values: np.ndarray) -> np.ndarray:
        """(19158, 3) source displacements -> (N, 3) cage displacements."""
        return np.asarray(self.rows @ values)

    def positions(self, vertices: np.ndarray) -> np.ndarray:
        return self.apply(vertices) + self.offset


PARTS = ("skin", "tongue", "lashes", "rim")


def height(vertices: np.ndarray) -> np.ndarray:
    """Height above the cutting plane."""
    return vertices[:, 1] - (_CUT_HEIGHT - _CUT_SLOPE * vertices[:, 2])


def build(source: Source) -> Cage:
    """Cut, close and index the cage."""
    base, mirror = source.vertices, source.mirror
    body = source.groups["body"]
    above = (height(base) > 0) & (np.abs(base[:, 0]) < 1.6)
    kept = above[body.faces].any(axis=1)
    skin_quads, skin_uv = body.faces[kept], body.uv_faces[kept]

    # Each corner below the plane slides along its edges up to the plane.
    weights: dict[int, dict[int, float]] = {}
    heights = height(base)
    below = np.unique(skin_quads[~above[skin_quads]])
    sides = np.stack([skin_quads, np.roll(skin_quads, -1, 1)], 2).reshape(-1, 2)
    sides = np.concatenate([sides, sides[:, ::-1]])
    diagonals = np.concatenate([skin_quads[:, [0, 2]], skin_quads[:, [1, 3]]])
    diagonals = np.concatenate([diagonals, diagonals[:, ::-1]])
    for vertex in below:
        for table in (sides, diagonals):
            ends = np.unique(table[(table[:, 0] == vertex) & above[table[:, 1]], 1])
            if len(ends):
                break
        share = -heights[vertex] / (heights[ends] - heights[vertex]) / len(ends)
        weights[int(vertex)] = {int(e): float(s) for e, s in zip(ends, share, strict=True)}
        weights[int(vertex)][int(vertex)] = 1.0 - float(share.sum())

    groups = [(0, skin_quads, skin_uv)]
    uv, lash_uv = source.uv.copy(), lashes.coordinates(source)
    tongue = source.groups["helper-tongue"]
    groups.append((1, tongue.faces, tongue.uv_faces))
    for side in "lr":
        for strip in "12":
            lash = source.groups[f"helper-{side}-eyelashes-{strip}"]
            groups.append((2, lash.faces, lash.uv_faces))
            uv[lash.uv_faces] = [
                [[lash_uv[v][0], 1 - lash_uv[v][1]] for v in quad] for quad in lash.faces.tolist()
            ]
    quads = np.concatenate([g[1] for g in groups])
    quad_uv = np.concatenate([g[2] for g in groups])
    part = np.concatenate([np.full(len(g[1]), g[0]) for g in groups])
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    row_of = np.full(len(base), -1)
    row_of[used] = np.arange(len(used))
    entries: list[tuple[int, int, float]] = []
    for row, vertex in enumerate(used):
        for index, weight in weights.get(int(vertex), {int(vertex): 1.0}).items():
            entries.append((row, index, weight))
    offsets = [np.zeros((len(used), 3))]
    source_index = used.copy()
    source_index[np.isin(used, below)] = -1
    row_mirror = row_of[mirror[used]]

    # The rim rolls under and inward, so that the cut looks closed from everywhere but straight below.
    border = _border_loop(quads[part == 0], base[used])
    centre_weights = np.full(len(border), 1.0 / len(border))
    previous = border
    count = len(used)
    quads, quad_uv, part = [quads], [quad_uv], [part]
    by_row: dict[int, list[tuple[int, float]]] = {}
    for row, index, weight in entries:
        by_row.setdefault(row, []).append((index, weight))
    position_in_loop = {int(r): k for k, r in enumerate(border)}
    loop_mirror = np.array([position_in_loop[int(row_mirror[r])] for r in border])
    uv_rim = len(uv) + np.arange(len(border) * (len(_RIM) + 1)).reshape(len(_RIM) + 1, -1)
    turn = np.linspace(0, 1, len(border), endpoint=False)
    extra_uv = [np.stack([turn, np.full(len(border), 0.0)], 1)]
    for ring, (inward, drop) in enumerate(_RIM):
        rows = count + np.arange(len(border))
        for k, row in enumerate(border):
            for index, weight in by_row[int(row)]:
                entries.append((int(rows[k]), index, weight * (1 - inward)))
            for other, share in zip(border, centre_weights, strict=True):
                for index, weight in by_row[int(other)]:
                    entries.append((int(rows[k]), index, weight * share * inward))
        offsets.append(np.broadcast_to([0.0, -drop, 0.0], (len(border), 3)))
        following = np.roll(np.arange(len(border)), -1)
        quads.append(np.stack([previous, rows, rows[following], previous[following]], 1))
        quad_uv.append(
            np.stack(
                [uv_rim[ring], uv_rim[ring + 1], uv_rim[ring + 1][following], uv_rim[ring][following]], 1
            )
        )
        part.append(np.full(len(border), 3))
        extra_uv.append(np.stack([turn, np.full(len(border), (ring + 1) / len(_RIM))], 1))
        source_index = np.concatenate([source_index, np.full(len(border), -1)])
        row_mirror = np.concatenate([row_mirror, rows[loop_mirror]])
        previous = rows
        count += len(border)

    # Affine handles: the origin and the three unit steps of the best affine map of each helper's motion.
    start = count
    for group in _HANDLE_GROUPS:
        members = np.unique(source.groups[group].faces)
        homogeneous = np.concatenate([base[members], np.ones((len(members), 1))], axis=1)
        fit = np.linalg.pinv(homogeneous)  # (4, n): source displacement -> affine map of displacement
        for k in range(4):
            entries.extend((count + k, int(m), float(w)) for m, w in zip(members, fit[k], strict=True))
        count += 4
    offsets.append(np.zeros((16, 3)))
    handle = start + np.arange(16).reshape(4, 4)
    row_mirror = np.concatenate([row_mirror, handle[[0, 1, 3, 2]].ravel()])
    table = np.array(entries)
    rows = sparse.csr_matrix(
        (table[:, 2], (table[:, 0].astype(int), table[:, 1].astype(int))), shape=(count, len(base))
    )
    return Cage(
        rows,
        np.concatenate(offsets),
        start,
        np.concatenate(quads),
        np.concatenate(part),
        np.concatenate(quad_uv),
        np.concatenate([uv, *extra_uv]),
        row_mirror,
        source_index,
    )


def _border_loop(quads: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """The one open border of the skin as a loop of rows, in the quads' direction."""
    sides = np.stack([quads, np.roll(quads, -1, 1)], 2).reshape(-1, 2)
    forward = {(int(a), int(b)) for a, b in sides}
    following = {a: b for a, b in forward if (b, a) not in forward}
    start = min(following, key=lambda i: (abs(vertices[i, 0]), vertices[i, 2]))
    loop = [start]
    while following[loop[-1]] != start:
        loop.append(following[loop[-1]])
    if len(loop) != len(following):
        raise ValueError(f"the cut leaves {len(following)} border vertices but one loop has {len(loop)}")
    return np.array(loop)
