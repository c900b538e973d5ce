"""The mesh as a graph: values averaged over neighbours, or handed on from known vertices to unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel


def skin_links(model: FaceModel) -> Any:
    """(V, V) sparse 1 between neighbours on the skin, welded along the texture's seams."""
    return neighbours(model.weld[model.faces[model.parts["skin"]]], len(model.mean))


def neighbours(faces: np.ndarray, count: int) -> Any:
    """(count, count) sparse matrix with 1 between neighbours in (F, 3) triangles."""
    from scipy import sparse

    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    links = sparse.csr_matrix((np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), (count, count))
    return links


def average(links: Any, values: np.ndarray) -> np.ndarray:
    total = np.maximum(links @ np.ones(len(values), np.float32), 1)
    return (links @ values) / (total if values.ndim == 1 else total[:, None])


def spread(values: np.ndarray, known: np.ndarray, links: Any, rounds: int) -> np.ndarray:
    """(V, k) values of the known vertices, handed on to their unknown neighbours ring by ring."""
    values, known = values.astype(np.float32).copy(), known.copy()
    for _ in range(rounds):
        weight = links @ known.astype(np.float32)
        new = ~known & (weight > 0)
        total = links @ (values * known[:, None])
        values[new] = total[new] / weight[new, None]
        known = known | new
    return values
