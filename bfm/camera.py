"""The camera of Deng et al. 2019 (Deep3DFaceRecon), which SadTalker's coefficients are made for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole in front of the face, on +z, looking back along -z; lengths in the model's units."""

    focal_px: float = 1015.0
    centre_px: float = 112.0  # of a 224 x 224 picture
    distance: float = 10.0

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) P such that points @ P are homogeneous pixels."""
        f, c = self.focal_px, self.centre_px
        return np.array([[f, 0, 0], [0, f, 0], [c, c, 1]], np.float32)

    def look(self, vertices: np.ndarray) -> np.ndarray:
        """World (..., V, 3) -> camera: z becomes the distance from the camera."""
        seen = np.array(vertices, np.float32)
        seen[..., 2] = self.distance - seen[..., 2]
        return seen

    def project(self, seen: np.ndarray) -> np.ndarray:
        """Camera (..., V, 3) -> (..., V, 2) pixels, x to the right and y UP (flip as height - 1 - y for rows)."""
        homogeneous = seen @ self.matrix
        return homogeneous[..., :2] / homogeneous[..., 2:]


def rotation(angles_rad: np.ndarray) -> np.ndarray:
    """(..., 3) pitch, yaw, roll -> (..., 3, 3) R = (Rz Ry Rx)^T, to be used as points @ R."""
    angles = np.asarray(angles_rad)
    if angles.dtype not in (np.float32, np.float64):
        angles = angles.astype(np.float64)
    (sx, sy, sz), (cx, cy, cz) = np.moveaxis(np.sin(angles), -1, 0), np.moveaxis(np.cos(angles), -1, 0)
    rows = [
        [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
        [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
        [-sy, sx * cy, cx * cy],
    ]
    turn = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    return np.swapaxes(turn, -1, -2)


def transform(vertices: np.ndarray, angles_rad: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Turn and move (B, V, 3) vertices by (B, 3) angles and (B, 3) translations."""
    return vertices @ rotation(angles_rad) + np.asarray(translation)[..., None, :]
