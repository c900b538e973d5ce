"""Least squares for a head on 468 points: pose and camera with a known shape, shape with a known camera.

With the camera known the shape is exactly linear: a point seen with a slope of s beside the axis lies where x = s z.
Penalties as in a Gaussian prior: identity, small expression, and both sides of the face alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.headfit import HeadFit, Residual, pinhole
from sadtalker3d.face.landmark_offsets import landmark_offsets
from sadtalker3d.face.mesh_points import LEFT_LID, LOWER_LIP, MEETING, OVAL, RIGHT_LID, UPPER_LIP, MeshPoints
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel

FREE = tuple(
    k for k, name in enumerate(ARKIT_52) if not name.startswith("eyeLook") and name != "tongueOut"
)  # 468 points show neither the gaze nor the tongue

SIDEWAYS = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")  # no pairs of two sides: both at once cancel
# of a pose from the first guess, and about how much of each moves a point as far as the others do
REACH = np.array([1.4, 1.4, 1.4, 0.2, 0.2, 1.0, 2.0])
STEP = np.array([0.1, 0.1, 0.1, 0.01, 0.01, 0.1, 0.3])


@dataclass(frozen=True)
class FitConfig:
    """How much is believed of the points, and what a face is expected to be."""

    turns: int = 5  # pose and shape settle in three; photographs with a smile take five
    identity_mm: float = 0.2  # of misfit at every point, that one standard deviation is worth
    most_identity: float = 2.5  # standard deviations: beyond, the head turns into a caricature
    expression_mm: float = 1.0  # that a full shape is worth: without, expression soaks up identity
    uneven_mm: float = 4.0  # that a full shape on one side only is worth besides
    distance_m: float = 1.1  # of a portrait; from the face alone perspective is hardly seen ...
    distance_log_sd: float = 0.35  # ... so that 0.5 to 2.2 m are two standard deviations
    soft_mm: float = 3.0  # beyond it a point's misfit counts linearly in the pose
    noise_mm: float = 1.5  # of the detector's best points; the others' spread on renders comes on top
    oval: float = 0.25  # weight: the outline is not the same place on every face
    lips: float = 1.6
    lids: float = 1.5
    meeting: float = 3.0  # weight of the gap between the lips: a closed mouth must be closed
    closed: float = (
        0.06  # gaps of less than this part of the mouth's width are none: the detector's own error
    )


class HeadProblem:
    """The points and the head's share in them.

    A pose is (7,): pitch, yaw, roll in radians, x and y in metres at the face's distance, log of pixels a metre there,
    log of that distance in metres. A shape is (80 + n,): identity, then the expression columns `FREE`.
    """

    def __init__(
        self,
        points: np.ndarray,
        size_px: tuple[int, int],
        model: FaceModel,
        places: MeshPoints,
        config: FitConfig,
    ) -> None:
        self.points, self.size_px, self.model, self.places, self.config = (
            points,
            size_px,
            model,
            places,
            config,
        )
        self.centre = (np.array(size_px) - 1) / 2
        self.mean = places.of(model.mean.astype(np.float64))  # (468, 3)
        columns = np.concatenate([model.identity_basis, model.expression_basis[list(FREE)]])
        self.columns = places.of(columns.astype(np.float64))  # (80 + n, 468, 3)
        self.weights = point_weights(places, config)
        self.first = self.first_pose()
        self.penalty = self._penalty()
        self.low = np.concatenate([np.full(80, -config.most_identity), np.zeros(len(FREE))])
        self.high = np.concatenate([np.full(80, config.most_identity), np.ones(len(FREE))])

    def _penalty(self) -> np.ndarray:
        """Rows in metres, as many times as there are points."""
        config, names = self.config, [ARKIT_52[k] for k in FREE]
        total = np.sqrt(self.weights.sum()) / 1000
        sideways = [config.uneven_mm if name in SIDEWAYS else config.expression_mm for name in names]
        rows = [np.diag([config.identity_mm] * 80 + sideways) * total]
        for k, name in enumerate(names):
            if name.endswith("Left") and name not in SIDEWAYS:
                row = np.zeros((1, 80 + len(FREE)))
                row[0, 80 + k] = config.uneven_mm * total
                row[0, 80 + names.index(name.removesuffix("Left") + "Right")] = -config.uneven_mm * total
                rows.append(row)
        return np.concatenate(rows)

    def first_pose(self) -> np.ndarray:
        """Upright before the camera, as large as the points are wide."""
        used = self.weights > 0.5
        across = np.linalg.norm(self.points[used] - self.points[used].mean(axis=0), axis=1).mean()
        wide = np.linalg.norm((self.mean[used] - self.mean[used].mean(axis=0))[:, :2], axis=1).mean()
        pixels_per_m = across / wide
        eyes = self.points[263] - self.points[33]
        roll = -np.arctan2(eyes[1], eyes[0])
        middle = (self.points[used].mean(axis=0) - self.centre) / pixels_per_m
        return np.array(
            [0, 0, roll, middle[0], -middle[1], np.log(pixels_per_m), np.log(self.config.distance_m)]
        )

    def camera(self, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Rotation (3, 3), translation (3,) in metres and focal length in pixels.

        A pose holds x and y in metres at the head's distance, and the scale there, because these are what a picture
        shows; the distance itself is hardly seen.
        """
        distance = np.exp(pose[6])
        turn = to_matrices(pose[None, :3])[0]
        # the distance is that of the face, not of the head's pivot: the scale hardly changes with the lens then
        back = (turn @ self.mean.mean(axis=0))[2]
        return turn, np.array([pose[3], pose[4], -distance - back]), float(np.exp(pose[5]) * distance)

    def misfit_m(self, pose: np.ndarray, places: np.ndarray) -> np.ndarray:
        """(468, 2) from the points to the head's places, in the picture's plane at the face's distance."""
        turn, shift, focal = self.camera(pose)
        seen = pinhole(places @ turn.T + shift, focal, self.centre)
        return (self.points - seen) / np.exp(pose[5]) - self.places.slide(pose[:3]) * [1, -1]

    def pose(self, start: np.ndarray, shape: np.ndarray) -> np.ndarray:
        """Pose and camera of a known shape."""
        from scipy.optimize import least_squares

        config, places = self.config, self.mean + np.tensordot(shape, self.columns, axes=1)
        weights = np.sqrt(self.weights)[:, None] * 1000 / config.soft_mm
        total = np.sqrt(self.weights.sum())

        def misfit(pose: np.ndarray) -> np.ndarray:
            rows = weights * self.misfit_m(pose, places)
            norm = np.linalg.norm(rows, axis=1, keepdims=True)
            # soft L1 of each point's distance; the prior, in the same unit, stays a square
            rows = rows * np.sqrt(2 * (np.sqrt(1 + norm**2) - 1)) / np.maximum(norm, 1e-9)
            prior = (pose[6] - np.log(config.distance_m)) / config.distance_log_sd
            return np.append(rows.ravel(), prior * 0.1 * total)

        low, high = self.first - REACH, self.first + REACH  # what is no face would else fly away
        start = np.clip(start, low + 1e-6, high - 1e-6)
        return least_squares(misfit, start, x_scale=STEP, bounds=(low, high)).x

    def shape(self, pose: np.ndarray) -> np.ndarray:
        """Identity and expression with a known camera: bounded linear least squares."""
        from scipy.optimize import lsq_linear

        turn, shift, focal = self.camera(pose)
        slope = (self.points - self.centre) / focal * [1, -1] - self.places.slide(pose[:3]) / np.exp(pose[6])
        seen = self.columns @ turn.T  # (k, 468, 3)
        rest = self.mean @ turn.T + shift
        # x = -slope z: rows in metres across the line of sight
        rows = seen[..., :2] + slope * seen[..., 2:]
        wanted = -(rest[:, :2] + slope * rest[:, 2:])
        weights = np.sqrt(self.weights)[:, None]
        pairs, gap = self._lip_gaps(slope, -shift[2])
        upper, lower = pairs.T
        gaps = seen[:, upper, 1] - seen[:, lower, 1]
        gaps_wanted = gap - (rest[upper, 1] - rest[lower, 1])
        matrix = np.concatenate([
            (weights * rows).reshape(len(rows), -1).T, self.config.meeting * gaps.T, self.penalty,
        ])  # fmt: skip
        right = np.concatenate([
            (weights * wanted).ravel(), self.config.meeting * gaps_wanted, np.zeros(len(self.penalty)),
        ])  # fmt: skip
        normal, moment = matrix.T @ matrix, matrix.T @ right
        root = np.linalg.cholesky(normal).T  # square instead of tall: ten times as fast, the same answer
        return lsq_linear(root, np.linalg.solve(root.T, moment), (self.low, self.high), method="bvls").x

    def _lip_gaps(self, slope: np.ndarray, distance_m: float) -> tuple[np.ndarray, np.ndarray]:
        """(5, 2) points of the lips that meet, and the (5,) heights between them in metres."""
        pairs = np.array(MEETING)
        gap = (slope[pairs[:, 0], 1] - slope[pairs[:, 1], 1]) * distance_m
        width = np.linalg.norm(slope[61] - slope[291]) * distance_m
        return pairs, np.where(gap < self.config.closed * width, 0.0, gap)

    def _parted(self) -> float:
        """0 where the detector's gap between the lips may be its own error, 1 from twice that."""
        upper, lower = self.points[np.array(MEETING)].transpose(1, 0, 2)
        gap = np.linalg.norm(upper - lower, axis=1).mean()
        width = max(float(np.linalg.norm(self.points[61] - self.points[291])), 1e-6)
        return float(np.clip(gap / (self.config.closed * width) - 1, 0, 1))

    def head_fit(self, pose: np.ndarray, shape: np.ndarray, light: np.ndarray | None = None) -> HeadFit:
        """The result, with the offsets that take up what is left."""
        turn, shift, focal = self.camera(pose)
        expression = np.zeros(64, np.float32)
        expression[list(FREE)] = np.clip(shape[80:], 0, 1)
        left = self.misfit_m(pose, self.mean + np.tensordot(shape, self.columns, axes=1)) * [1, -1]
        before = 1000 * np.linalg.norm(left, axis=1)
        in_head = np.column_stack([left, np.zeros(len(left))]) @ turn
        offsets = landmark_offsets(self.model, self.places, shape[:80], in_head, self._parted())
        after = 1000 * np.linalg.norm((in_head - self.places.of(offsets)) @ turn.T, axis=1)
        inner = np.setdiff1d(np.arange(len(before)), OVAL)  # the outline's misfit is the detector's own
        residual = Residual(
            float(before[inner].mean()), float(before[inner].max()), float(after[inner].mean()),
            float(1000 * np.linalg.norm(offsets, axis=1).max()),
        )  # fmt: skip
        return HeadFit(
            identity=shape[:80].astype(np.float32), expression=expression, rotation_rad=pose[:3].copy(),
            translation_m=shift, focal_px=focal, centre_px=self.centre, size_px=self.size_px,
            light=np.zeros((9, 3), np.float32) if light is None else light, offsets_m=offsets, residual=residual,
        )  # fmt: skip


def point_weights(places: MeshPoints, config: FitConfig) -> np.ndarray:
    """(468,) how much each point is believed: 1 for the best ones."""
    weights = config.noise_mm**2 / (config.noise_mm**2 + places.spread_mm.astype(np.float64) ** 2)
    weights /= np.quantile(weights, 0.9)
    weights[list(OVAL)] *= config.oval
    weights[[*UPPER_LIP, *LOWER_LIP]] *= config.lips
    weights[[*LEFT_LID, *RIGHT_LID]] *= config.lids
    return weights
