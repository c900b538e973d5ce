"""Soft masks over the cage: lips, ears, inside of the mouth."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from .cage import Cage
from .lips import trace_cage
from .source import Source

# Midline vertices of MakeHuman's mesh whose edge loops bound the red of the lips: outside, and where it meets
# the lining of the mouth.
_VERMILION_OUTER, _VERMILION_INNER = 466, 571
_CONTACT = 474


def lips(cage: Cage, row_of: dict[int, int], positions: np.ndarray) -> np.ndarray:
    """(smooth,) 1 on the red of the lips, 0 elsewhere."""
    beside: dict[int, set[int]] = {}
    for quad in cage.quads:
        for a, b in zip(quad, np.roll(quad, -1), strict=True):
            beside.setdefault(int(a), set()).add(int(b))
            beside.setdefault(int(b), set()).add(int(a))
    bounds: set[int] = set()
    for start in (_VERMILION_OUTER, _VERMILION_INNER):
        left = trace_cage(cage.quads, row_of[start], positions)
        bounds |= set(left) | {int(cage.mirror[v]) for v in left}
    found = {row_of[_CONTACT]}
    queue = list(found)
    for vertex in queue:
        for following in beside[vertex]:
            if following not in found:
                found.add(following)
                if following not in bounds:
                    queue.append(following)
    mask = np.zeros(cage.smooth)
    mask[list(found)] = 1.0
    return mask


def ears(source: Source, cage: Cage) -> np.ndarray:
    """(smooth,) 1 on the ears, from what MakeHuman's ear slider moves most."""
    moved = source.target("ears/l-ear-scale-depth-incr") + source.target("ears/r-ear-scale-depth-incr")
    strength = np.linalg.norm(cage.apply(moved)[: cage.smooth], axis=1)
    mask = np.clip((strength / strength.max() - 0.25) / 0.30, 0, 1)
    # The slider leaves the hollow of the ear in place: whatever the mask encloses is ear too.
    sides = np.concatenate([cage.quads[:, [k, (k + 1) % 4]] for k in range(4)])
    sides = sides[(mask[sides] < 0.5).all(axis=1)]
    graph = sparse.coo_matrix((np.ones(len(sides)), sides.T), shape=(cage.smooth, cage.smooth))
    _, label = csgraph.connected_components(graph, directed=False)
    outside = label[np.isin(cage.source_index, [_CONTACT])]
    on_skin = np.zeros(cage.smooth, bool)
    on_skin[cage.quads[cage.quad_part == 0]] = True
    mask[on_skin & (mask < 0.5) & (label != outside)] = 1.0
    return mask
