"""From the split mesh to the shared texture: every texel gets its place on the head and is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from . import atlas, skin
from .occlusion import openness
from .raster import candidates

if TYPE_CHECKING:
    from .seams import Split


def paint(split: Split, neutral: np.ndarray, wide: np.ndarray, masks: dict[str, np.ndarray]) -> np.ndarray:
    """(1024, 1024, 4) uint8 sRGB.

    Args:
        neutral, wide: (P, 3) places with the mouth shut and open, metres. masks: "lips" and "ears" of the first
        places (the refined ones), 0..1.
    """
    names = tuple(split.part_faces)
    part = split.part_of_faces()
    solid = part != names.index("lashes")  # lashes are mostly air
    corners = split.place[split.faces]
    normals = _normals(neutral, corners[solid])
    shut = openness(neutral, normals, corners[solid])
    open_ = openness(wide, _normals(wide, corners[solid]), corners[solid])
    columns = {"shut": shut, "open": open_}
    columns |= {name: np.pad(mask, (0, len(neutral) - len(mask))) for name, mask in masks.items()}

    triangle, pixel, weights = candidates(split.uv[split.faces] * atlas.SIZE, atlas.SIZE)
    pixel, first = np.unique(pixel, return_index=True)
    triangle, weights = triangle[first], weights[first]
    places = corners[triangle]

    def spread(values: np.ndarray) -> np.ndarray:
        return np.einsum("nk,nk...->n...", weights, values[places])

    uv = np.stack([pixel % atlas.SIZE + 0.5, pixel // atlas.SIZE + 0.5], axis=1) / atlas.SIZE
    surface = skin.Surface(
        part=part[triangle],
        names=names,
        mm=spread(neutral) * 1000,
        normal=spread(normals),
        uv=uv,
        open_shut=spread(columns["shut"]),
        open_wide=spread(columns["open"]),
        lips=spread(columns["lips"]),
        ears=spread(columns["ears"]),
    )
    image = np.zeros((atlas.SIZE * atlas.SIZE, 4))
    image[pixel] = skin.paint(surface)
    covered = np.zeros(atlas.SIZE * atlas.SIZE, bool)
    covered[pixel] = True
    # Texels between the islands take the nearest painted colour, so that filtering finds no seam.
    nearest = ndimage.distance_transform_edt(
        ~covered.reshape(atlas.SIZE, atlas.SIZE), return_distances=False, return_indices=True
    )
    image = image.reshape(atlas.SIZE, atlas.SIZE, 4)[tuple(nearest)]
    return np.round(image * 255).astype(np.uint8)


def _normals(places: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (places[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, k], face[:, axis], len(places)) for k in range(3)) for axis in range(3)],
        axis=1,
    )
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
