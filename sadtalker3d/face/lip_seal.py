"""Lips brought together: the head's own meet at rest, but a photo's offsets may hold them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel

WIDTH_M = 0.006  # how far from the line where the lips meet the skin follows
FEW = 3  # points of that line by which a vertex goes


def lip_seal(model: FaceModel, rest: np.ndarray) -> np.ndarray:
    """(V, 3) float32 displacements that close the lips of (V, 3) vertices at rest, each lip half the way."""
    from scipy.spatial import cKDTree

    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    apart = rest[upper] - rest[lower]  # (n, 3), pairs that meet
    drop = -model.expression_basis[model.expression_names.index("jawOpen"), :, 1]
    below = drop > (drop[lower].mean() + drop[upper].mean()) / 2
    soft = np.unique(np.concatenate([model.faces[model.parts[part]] for part in ("skin", "mouth")]))
    seal = np.zeros_like(model.mean)
    for line, rows, way in ((upper, soft[~below[soft]], -0.5), (lower, soft[below[soft]], 0.5)):
        distance, index = cKDTree(model.mean[line]).query(model.mean[rows], k=FEW)
        share = 1 / (distance + 1e-5) ** 2
        pull = np.einsum("vk,vkc->vc", share / share.sum(axis=1, keepdims=True), apart[index])
        seal[rows] = way * pull * np.exp(-((distance[:, :1] / WIDTH_M) ** 2))
    return seal
