"""What the detector's 468 points say of distance, pose and jaw at a glance, learnt from renders of many people.

A fit lets the shape of a face and its tilt take each other's place, and a prior makes every mouth smaller than it is.
Among people whose truth is known, it shows which of both it usually is: a regression on the points' shape, which the
fit then starts from and is held near (`glance.npz`, made by `train/glance.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from sadtalker3d.face.mesh_points import OVAL
from sadtalker3d.rotation import from_matrices, to_matrices

FILE = Path(__file__).with_name("glance.npz")
POINTS = 468
DEPTH = 0.5  # how much the detector's depth counts beside what is seen
INNER = np.setdiff1d(np.arange(POINTS), OVAL)  # the outline is not the same place on every face


@dataclass(frozen=True)
class Glance:
    """Of T frames.

    distance_m : (T,) from the camera to the middle of the face
    rotation_rad : (T, 3) pitch, yaw, roll of the head toward a camera that looks straight at it, in an upright picture
    jaw_open : (T,) weight
    """

    distance_m: np.ndarray
    rotation_rad: np.ndarray
    jaw_open: np.ndarray

    def toward(self, points: np.ndarray, focal_px: float, centre: np.ndarray) -> np.ndarray:
        """(T, 3) radians relative to the camera that saw the (T, 468, 2 or 3) points."""
        middle = (points[:, INNER, :2].mean(axis=1) - centre) * [1, -1] / focal_px
        return _from_sight(self.rotation_rad, np.column_stack([middle, -np.ones(len(middle))]))


@dataclass(frozen=True)
class Reader:
    """A regression on the points' principal components and on products of the first ones.

    middle (1404,), axes (k, 1404), spread (k,) of the components; products (q, 2) of components;
    shift (k + q,), weights (k + q, 5), offset (5,): log of the distance, pitch, yaw, roll less the picture's own, jaw
        are (features - shift) @ weights + offset
    """

    middle: np.ndarray
    axes: np.ndarray
    spread: np.ndarray
    products: np.ndarray
    shift: np.ndarray
    weights: np.ndarray
    offset: np.ndarray

    def features(self, shapes: np.ndarray) -> np.ndarray:
        """(T, k + q) of (T, 1404) `upright` shapes."""
        parts = (shapes - self.middle) @ self.axes.T / self.spread
        parts = np.clip(parts, -FARTHEST, FARTHEST)  # what is no such face must not be read as an extreme one
        first, second = self.products.T
        return np.concatenate([parts, parts[:, first] * parts[:, second]], axis=1)

    def read(self, points: np.ndarray) -> Glance:
        """Of (T, 468, 3) points in pixels."""
        shapes, roll = upright(points)
        found = (self.features(shapes) - self.shift) @ self.weights + self.offset
        rotation = found[:, 1:4].copy()
        rotation[:, 2] += roll
        return Glance(np.exp(found[:, 0]), rotation, found[:, 4])


FARTHEST = 4.0  # standard deviations


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The regression that comes with the project."""
    with np.load(FILE, allow_pickle=False) as data:
        return Reader(**{
            name: data[name].astype(np.int64 if name == "products" else np.float64)
            for name in Reader.__dataclass_fields__
        })  # fmt: skip


def upright(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (T, 468, 3) as shapes (T, 1404) of one place, size and roll, and the (T,) roll in radians, y up."""
    points = np.asarray(points, np.float64)
    eyes = points[:, 263, :2] - points[:, 33, :2]
    roll = -np.arctan2(eyes[:, 1], eyes[:, 0])
    cos, sin = np.cos(roll), np.sin(roll)
    turn = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)
    about = points - points[:, INNER].mean(axis=1, keepdims=True)
    about[..., :2] = about[..., :2] @ turn
    size = np.sqrt((about[:, INNER, :2] ** 2).mean(axis=(1, 2)))
    about /= np.maximum(size, 1e-6)[:, None, None]
    about[..., 2] *= DEPTH
    return about.reshape(len(points), -1), roll


def in_sight(rotation_rad: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """(T, 3) rotation relative to the camera -> to one that looks straight at the (T, 3) middle in camera space."""
    return from_matrices(_sight(middle) @ to_matrices(rotation_rad))


def _from_sight(rotation_rad: np.ndarray, middle: np.ndarray) -> np.ndarray:
    return from_matrices(_sight(middle).transpose(0, 2, 1) @ to_matrices(rotation_rad))


def _sight(middle: np.ndarray) -> np.ndarray:
    """(T, 3, 3) from camera space to that of a camera turned, without roll, toward (T, 3) places."""
    back = -middle / np.linalg.norm(middle, axis=1, keepdims=True)
    right = np.cross([0.0, 1.0, 0.0], back)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(back, right), back], axis=1)
