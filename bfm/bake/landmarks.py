"""Named vertices: iBUG's 68 landmarks and the points by which mouths are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..subdivide import Subdivision
from .cage import Cage
from .lips import Contact
from .part import Piece

if TYPE_CHECKING:
    from .seams import Split

# Where iBUG's landmarks lie on the mean head: (x, y, z) in mm from the pivot, midline and the subject's left side.
_JAW_SIDE = (
    (72, 18, 30),
    (71, 0, 30),
    (68, -18, 32),
    (63, -36, 38),
    (56, -52, 48),
    (45, -65, 64),
    (31, -74, 86),
)
_JAW = (*_JAW_SIDE, (15, -79, 103), (0, -80, 110))
_BROW = ((56, 48, 105), (48, 53, 116), (38, 55, 126), (27, 54, 131), (14, 51, 134))
_BRIDGE = ((0, 31, 136), (0, 18, 142), (0, 7, 147), (0, -4, 152))
_NOSE_BASE = ((14, -13, 134), (7, -16, 139), (0, -17, 141))
# Lips: 48 (corner) to 51 (middle) along the upper border, then 57 and on along the lower one.
_UPPER_LIP = ((15, -25, 139), (6.5, -26, 143), (0, -27.5, 144))
_LOWER_LIP = ((17, -43, 136), (8, -47, 140), (0, -48, 141))


def find(
    places: np.ndarray,
    contact: list[Contact],
    mesh: Subdivision,
    cage: Cage,
    mirror: np.ndarray,
    split: Split,
    pieces: list[Piece],
    place_of: np.ndarray,
) -> dict[str, np.ndarray]:
    """Names -> places, lists from the subject's left to right unless iBUG orders them otherwise."""
    mm = places * 1000
    skin = np.unique(mesh.faces[np.repeat(cage.quad_part == 0, 4)])
    normals = _normals(places, mesh.faces)
    front = skin[normals[skin, 2] > -0.2]

    def nearest(point: tuple[float, float, float], among: np.ndarray) -> int:
        return int(among[np.argmin(((mm[among] - point) ** 2).sum(axis=1))])

    outer = contact[0]
    found: dict[str, np.ndarray] = {
        "inner_lip_upper": outer.upper[outer.partner][1:-1],
        "inner_lip_lower": outer.lower[1:-1],
        "lip_corners": outer.upper[[0, -1]],
    }
    lid: dict[str, np.ndarray] = {}
    lash_rows = np.unique(mesh.faces[np.repeat(cage.quad_part == 2, 4)])
    for side, sign in (("left", 1), ("right", -1)):
        here = lash_rows[mm[lash_rows, 0] * sign > 0]
        for name, upper in (("upper", True), ("lower", False)):
            middle = np.median(mm[here, 1])
            rows = here[(mm[here, 1] > middle) == upper]
            distance, index = _nearest_all(mm[rows], mm[front])
            close = np.unique(front[index[distance < 1.2]])
            lid[f"eyelid_{name}_{side}"] = close[np.argsort(-mm[close, 0] * sign)][::-1]
    found |= dict(lid.items())

    def sided(points: tuple[tuple[float, float, float], ...], sign: int) -> list[int]:
        left = [nearest(p, front) for p in points]
        return left if sign > 0 else [int(mirror[v]) for v in left]

    right_jaw, left_jaw = sided(_JAW, -1), sided(_JAW, 1)
    ibug = right_jaw + left_jaw[-2::-1]
    ibug += sided(_BROW, -1) + sided(_BROW, 1)[::-1]
    ibug += sided(_BRIDGE, 1)
    ibug += [*sided(_NOSE_BASE, -1), *sided(_NOSE_BASE[:2], 1)[::-1]]
    for side in ("right", "left"):
        ibug += _eye(found, mm, side)
    left_corner, right_corner = found["lip_corners"]
    left_upper, right_upper = sided(_UPPER_LIP, 1), sided(_UPPER_LIP, -1)
    left_lower, right_lower = sided(_LOWER_LIP, 1), sided(_LOWER_LIP, -1)
    ibug += [right_corner, *right_upper, *left_upper[1::-1], left_corner]
    ibug += [*left_lower, *right_lower[1::-1]]
    n = len(outer.lower)
    steps = [round((n - 1) * s) for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    upper_line = outer.upper[outer.partner]
    ibug += [upper_line[k] for k in steps[::-1]] + [outer.lower[k] for k in steps[1:-1]]
    found["landmarks68"] = np.array(ibug, int)

    found["chin"] = np.array([ibug[8]])
    found["upper_lip_front"] = _profile(mm, front, -33, -20)
    found["lower_lip_front"] = _profile(mm, front, -46, -38)
    start = 0
    for piece in pieces:
        rows = place_of[start : start + len(piece.positions)]
        start += len(piece.positions)
        if piece.name != "teeth":
            continue
        central = rows[np.abs(mm[rows, 0]) < 8.0]
        central = central[mm[central, 2] > mm[rows, 2].max() - 9]
        edge = mm[central, 1].min() if piece.handle == 0 else mm[central, 1].max()
        chosen = central[np.abs(mm[central, 1] - edge) < 0.35]
        name = "upper_incisor_edge" if piece.handle == 0 else "lower_incisor_edge"
        found[name] = chosen[np.argsort(-mm[chosen, 0])]
    return found


def _eye(found: dict[str, np.ndarray], mm: np.ndarray, side: str) -> list[int]:
    """Six landmarks of an eye, from the corner at the image's left over the upper lid and back below."""
    upper, lower = found[f"eyelid_upper_{side}"], found[f"eyelid_lower_{side}"]
    upper, lower = upper[np.argsort(mm[upper, 0])], lower[np.argsort(mm[lower, 0])]
    x = mm[upper, 0]
    thirds = [upper[np.argmin(np.abs(x - (x[0] + s * (x[-1] - x[0]))))] for s in (0.0, 0.33, 0.67, 1.0)]
    x = mm[lower, 0]
    below = [lower[np.argmin(np.abs(x - (x[0] + s * (x[-1] - x[0]))))] for s in (0.67, 0.33)]
    return [*thirds, *below]


def _profile(mm: np.ndarray, front: np.ndarray, low: float, high: float) -> np.ndarray:
    """The foremost midline vertices between two heights."""
    line = front[(np.abs(mm[front, 0]) < 0.01) & (mm[front, 1] > low) & (mm[front, 1] < high)]
    return line[np.argsort(-mm[line, 2])][:1]


def _normals(places: np.ndarray, quads: np.ndarray) -> np.ndarray:
    a, b, c, d = places[quads].transpose(1, 0, 2)
    face = np.cross(c - a, d - b)
    total = np.zeros_like(places)
    for k in range(4):
        np.add.at(total, quads[:, k], face)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _nearest_all(points: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import cKDTree

    return cKDTree(among).query(points)
