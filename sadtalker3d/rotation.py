"""Head rotations as angles, quaternions and matrices; p' = Rz Ry Rx p, right-handed, radians."""

from __future__ import annotations

import numpy as np


def to_quaternions(rotation_rad: np.ndarray) -> np.ndarray:
    """Quaternions of head angles.

    Parameters
    ----------
    rotation_rad : (T, 3) pitch (x), yaw (y), roll (z), as in `Track.rotation`

    Returns
    -------
    (T, 4) float64, x y z w, of unit length; the sign is chosen so that neighbours never lie on
    opposite sides of the sphere and interpolation takes the short way.
    """
    half = np.asarray(rotation_rad, np.float64) / 2
    (sx, sy, sz), (cx, cy, cz) = np.sin(half).T, np.cos(half).T
    quaternions = np.stack(
        [
            sx * cy * cz - cx * sy * sz,
            cx * sy * cz + sx * cy * sz,
            cx * cy * sz - sx * sy * cz,
            cx * cy * cz + sx * sy * sz,
        ],
        axis=1,
    )
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return short_way(quaternions)


def short_way(quaternions: np.ndarray) -> np.ndarray:
    """The same (T, 4) orientations with signs such that each is on its predecessor's side of the sphere."""
    turns = np.einsum("ti,ti->t", quaternions[1:], quaternions[:-1]) < 0
    sign = np.where(np.cumsum(turns) % 2, -1.0, 1.0)
    return np.concatenate([quaternions[:1], quaternions[1:] * sign[:, None]])


def from_quaternions(quaternions: np.ndarray) -> np.ndarray:
    """Head angles (T, 3) in radians of (T, 4) quaternions x y z w; the inverse of `to_quaternions`.

    Yaw lies between -90 and 90 degrees; pitch and roll are unwrapped over time.
    """
    x, y, z, w = np.asarray(quaternions, np.float64).T
    sine = 2 * (w * y - z * x)
    # atan2 rather than arcsin, which loses half the digits near 90 degrees
    pitch_parts = (2 * (w * x + y * z), w * w - x * x - y * y + z * z)
    roll_parts = (2 * (w * z + x * y), w * w + x * x - y * y - z * z)
    pitch, roll = np.arctan2(*pitch_parts), np.arctan2(*roll_parts)
    yaw = np.arctan2(sine, np.hypot(*pitch_parts))
    return np.stack([np.unwrap(pitch), yaw, np.unwrap(roll)], axis=1)


def to_matrices(rotation_rad: np.ndarray) -> np.ndarray:
    """Rotation matrices (T, 3, 3) float64 of (T, 3) head angles, to be used as p' = M p."""
    angles = np.asarray(rotation_rad, np.float64)
    (sx, sy, sz), (cx, cy, cz) = np.sin(angles).T, np.cos(angles).T
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.array(rows).transpose(2, 0, 1)


def from_matrices(matrices: np.ndarray) -> np.ndarray:
    """Head angles (T, 3) in radians of (T, 3, 3) rotation matrices; the inverse of `to_matrices`.

    Yaw lies between -90 and 90 degrees; pitch and roll are unwrapped over time.
    """
    m = np.asarray(matrices, np.float64)
    pitch, roll = np.arctan2(m[:, 2, 1], m[:, 2, 2]), np.arctan2(m[:, 1, 0], m[:, 0, 0])
    yaw = np.arctan2(-m[:, 2, 0], np.hypot(m[:, 2, 1], m[:, 2, 2]))
    return np.stack([np.unwrap(pitch), yaw, np.unwrap(roll)], axis=1)
