"""Where the detector's 468 points lie on the embedded head (`mesh_points.npz`, made by `train/meshpoints.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel

FILE = Path(__file__).with_name("mesh_points.npz")

# MediaPipe's contours, each from the subject's right to the left: the outer and the inner border of the lips
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_OUTER = (146, 91, 181, 84, 17, 314, 405, 321, 375)
LOWER_INNER = (95, 88, 178, 87, 14, 317, 402, 318, 324)
UPPER_LIP, LOWER_LIP = (*UPPER_OUTER, *UPPER_INNER), (*LOWER_OUTER, *LOWER_INNER)
MEETING = ((81, 178), (82, 87), (13, 14), (312, 317), (311, 402))  # upper and lower points that touch
RIGHT_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


@dataclass(frozen=True)
class MeshPoints:
    """Places on the head's surface, one a point of `Face.mesh`.

    corners : (468, 3) int32 vertices, and `shares` (468, 3) float32, their parts in the point
    spread_mm : (468,) float32, how far renders of several people put the point from there (median)
    twin : (468,) int32, the point of the other side
    slide_m : (3, 468, 2) float32, how far across an upright picture the detector puts the points beside these places:
        always, for a radian of yaw, for a radian of pitch; x to the right, y up
    """

    corners: np.ndarray
    shares: np.ndarray
    spread_mm: np.ndarray
    twin: np.ndarray
    slide_m: np.ndarray

    def of(self, vertices: np.ndarray) -> np.ndarray:
        """(..., V, 3) values at the head's vertices -> (..., 468, 3)."""
        return (vertices[..., self.corners, :] * self.shares[..., None]).sum(axis=-2)

    def slide(self, rotation_rad: np.ndarray) -> np.ndarray:
        """(468, 2) metres from the places to the detector's points on a head of that pitch, yaw and roll."""
        pitch, yaw, roll = rotation_rad
        upright = np.tensordot([1.0, yaw, pitch], self.slide_m, axes=1)
        cos, sin = np.cos(roll), np.sin(roll)
        return upright @ np.array([[cos, sin], [-sin, cos]])


@lru_cache(maxsize=1)
def mesh_points() -> MeshPoints:
    """The places on the embedded head."""
    with np.load(FILE, allow_pickle=False) as data:
        return MeshPoints(**{name: data[name] for name in MeshPoints.__dataclass_fields__})


def on_surface(face: FaceModel, places: np.ndarray, lip_side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The skin next to (P, 3) places of the mean head: corners (P, 3) and shares (P, 3).

    `lip_side` (P,) is +1 for places that belong to the upper lip, -1 to the lower, 0 elsewhere; lips touch, so that
    distance does not tell them apart, but how they move does.
    """
    from sadtalker3d.rig.correspond import _nearest

    skin = face.faces[face.parts["skin"]]
    drop = -face.expression_basis[face.expression_names.index("jawOpen"), :, 1]
    lower, upper = (drop[face.points[f"inner_lip_{lip}"]].mean() for lip in ("lower", "upper"))
    corners_of_mouth = face.mean[face.points["lip_corners"]]
    reach = np.ptp(corners_of_mouth[:, 0])
    near = np.linalg.norm(face.mean - corners_of_mouth.mean(axis=0), axis=1) < reach
    vertex_sides = np.where(near, np.where(drop > (lower + upper) / 2, -1, 1), 0).astype(np.int8)
    corners, shares, _ = _nearest(places, lip_side, face.mean, skin, vertex_sides, 16)
    return corners, shares
