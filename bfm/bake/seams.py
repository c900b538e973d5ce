"""The head's triangles by material, their vertices split along the seams of the texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..subdivide import Subdivision
from . import atlas, hairline
from . import cage as cages
from .part import Piece

MATERIALS = {
    "skin": {"roughness": 0.55},
    "hair": {"roughness": 0.85},
    "rim": {"roughness": 0.8, "double_sided": True},
    "mouth": {"roughness": 0.95},
    "teeth": {"roughness": 0.4},
    "gums": {"roughness": 0.7, "double_sided": True},
    "tongue": {"roughness": 0.65},
    "eyes": {"roughness": 0.08},
    "lashes": {"roughness": 0.9, "alpha_mode": "BLEND", "double_sided": True},
}
PART_ORDER = tuple(MATERIALS)


@dataclass(frozen=True)
class Split:
    """The triangles, split along texture seams."""

    faces: np.ndarray  # (F, 3)
    uv: np.ndarray  # (V, 2) in the atlas, v down
    place: np.ndarray  # (V,)
    part_faces: dict[str, int]  # number of triangles of each part, in order

    def part_of_faces(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.part_faces)), list(self.part_faces.values()))


def split(
    cage: cages.Cage,
    mesh: Subdivision,
    pieces: list[Piece],
    place_of: np.ndarray,
    bald: np.ndarray,
    ears: np.ndarray,
) -> Split:
    """Join refined quads and rigid pieces, one vertex for each pair of place and texture coordinate."""
    uv_mesh = Subdivision.of(*_compact(cage.quad_uv))
    uv = uv_mesh.linear(atlas.place_cage(cage))
    quad_part = np.repeat(np.array([PART_ORDER.index(n) for n in cages.PARTS])[cage.quad_part], 4)
    middle = bald[mesh.faces].mean(axis=1) * 1000
    inside = atlas.within(uv[uv_mesh.faces].mean(axis=1), "mouth")
    quad_part[inside & (quad_part == PART_ORDER.index("skin"))] = PART_ORDER.index("mouth")
    hairy = hairline.grown(middle, ears[mesh.faces].mean(axis=1))
    quad_part[hairy & (quad_part == PART_ORDER.index("skin"))] = PART_ORDER.index("hair")
    places, coordinates, parts = [], [], []
    for corners in ([0, 1, 2], [0, 2, 3]):
        places.append(mesh.faces[:, corners])
        coordinates.append(uv[uv_mesh.faces[:, corners]])
        parts.append(quad_part)
    start = 0
    for piece in pieces:
        count = len(piece.positions)
        places.append(place_of[start : start + count][piece.faces])
        coordinates.append(atlas.into(piece.name, piece.uv)[piece.faces])
        parts.append(np.full(len(piece.faces), PART_ORDER.index(piece.name)))
        start += count
    place, coordinate = np.concatenate(places), np.concatenate(coordinates)
    part = np.concatenate(parts)
    order = np.argsort(part, kind="stable")
    place, coordinate, part = place[order], coordinate[order], part[order]
    grid = np.round(coordinate * 2**20).astype(np.int64)
    key = (place.astype(np.int64) << 42) + (grid[..., 0] << 21) + grid[..., 1]
    _unique, first, inverse = np.unique(key.ravel(), return_index=True, return_inverse=True)
    counts = {name: int((part == k).sum()) for k, name in enumerate(PART_ORDER)}
    return Split(inverse.reshape(-1, 3), coordinate.reshape(-1, 2)[first], place.ravel()[first], counts)


def _compact(quads: np.ndarray) -> tuple[np.ndarray, int]:
    used, inverse = np.unique(quads, return_inverse=True)
    return inverse.reshape(-1, 4), len(used)
