"""What the lips of a head do in an expression, in millimetres on the neutral head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class LipMotion:
    """What the lips do in each frame, (T,) each, as differences from the neutral face except
    `labiodental_mm`.
    """

    gap_mm: np.ndarray
    width_mm: np.ndarray
    protrusion_mm: np.ndarray
    labiodental_mm: np.ndarray  # distance of the lower lip from the edge of the upper incisors


@dataclass(frozen=True)
class Mouth:
    """The points of a head that the measures need, linear in the expression's columns; y up, z forward, in
    mm.

    upper, lower : (n, C + 1, 3) points of the inner lips over the central third; [:, 0] neutral, [:, 1:] per
        weight
    left, right : (C + 1, 3) the lips' corners
    front : (n, C + 1, 3) the upper lip's most forward points
    incisors : (n, 3) edge of the upper incisors, which no expression moves
    """

    upper: np.ndarray
    lower: np.ndarray
    left: np.ndarray
    right: np.ndarray
    front: np.ndarray
    incisors: np.ndarray

    @classmethod
    def of(cls, face: FaceModel) -> Mouth:
        """The mouth of the embedded head; UserError for a model that does not name its lip points."""
        needed = ("inner_lip_upper", "inner_lip_lower", "lip_corners", "upper_incisor_edge")
        missing = [name for name in needed if name not in face.points]
        if missing:
            raise UserError(
                f"the head of the space '{face.space}' has no points {', '.join(missing)} to measure"
            )

        def taken(indices: np.ndarray) -> np.ndarray:
            moved = face.expression_basis[:, indices].transpose(1, 0, 2)
            return 1000 * np.concatenate([face.mean[indices][:, None], moved], axis=1).astype(np.float64)

        corners = face.points["lip_corners"]
        corners = corners[np.argsort(face.mean[corners, 0])]
        third = (face.mean[corners[1], 0] - face.mean[corners[0], 0]) / 6
        lips = [face.points[name] for name in needed[:2]]
        upper, lower = (taken(lip[np.abs(face.mean[lip, 0]) < third]) for lip in lips)
        centre = upper[np.argsort(np.abs(upper[:, 0, 0]))[:8]]
        front = centre[np.argsort(-centre[:, 0, 2])[:3]]
        right, left = taken(corners[[0, 1]])
        return cls(upper, lower, left, right, front, taken(face.points["upper_incisor_edge"])[:, 0])

    def measure(self, expression: np.ndarray, columns: int | None = None) -> LipMotion:
        """Lip motion of (T, C) expressions; `columns` = 52 looks at the ARKit shapes alone."""
        weights = np.asarray(expression, np.float64)
        if columns is not None:
            weights = np.where(np.arange(weights.shape[1]) < columns, weights, 0.0)

        def moved(points: np.ndarray) -> np.ndarray:
            return points[..., 0, :] + np.tensordot(weights, points[..., 1:, :], (1, points.ndim - 2))

        upper, lower = moved(self.upper), moved(self.lower)  # (T, n, 3)
        rest = self.upper[:, 0, 1].min() - self.lower[:, 0, 1].max()
        width = np.linalg.norm(moved(self.left) - moved(self.right), axis=-1)
        front = self.front[:, 0, 2].mean()
        near = lower[:, np.argsort(np.abs(self.lower[:, 0, 0]))[:8]]  # (T, 8, 3) the middle of the lower lip
        apart = np.linalg.norm((near[:, :, None] - self.incisors[None, None])[..., 1:], axis=-1)
        return LipMotion(
            upper[..., 1].min(1) - lower[..., 1].max(1) - rest,
            width - np.linalg.norm(self.left[0] - self.right[0]),
            moved(self.front)[..., 2].mean(1) - front,
            apart.min((1, 2)),
        )

    def narrowing(self, jaw_column: int = 17) -> float:
        """Millimetres of width lost to each millimetre that the jaw opens the gap (jawOpen is column 17)."""
        jaw = np.zeros((1, self.upper.shape[1] - 1))
        jaw[0, jaw_column] = 0.3
        motion = self.measure(jaw)
        return -float(motion.width_mm[0] / motion.gap_mm[0])
