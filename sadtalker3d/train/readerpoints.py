"""The points of the head that a lip reader watches: lips, chin, teeth, and the tongue where it can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from bfm.model import FaceModel

INNER_LIP = 9  # points on each inner lip, corner to corner
TONGUE_MM = (2.0, 9.0, 17.0)  # behind the tip, on its back


@dataclass(frozen=True)
class ReaderPoints:
    """Points in the order upper inner lip, lower inner lip (INNER_LIP each), the rest, the tongue last; mm.

    rest : (n, 3) float32, the mean head
    moves : (D, n, 3) float32 for a weight of 1 of each driven column
    identity : (80, n, 3) float32 per standard deviation
    tongue : how many of the points, the last ones, belong to the tongue
    """

    rest: np.ndarray
    moves: np.ndarray
    identity: np.ndarray
    tongue: int = len(TONGUE_MM)

    @classmethod
    def of(cls, face: FaceModel) -> ReaderPoints:
        """The points of the embedded head; UserError for a model that does not name its lips or teeth."""
        needed = ("inner_lip_upper", "inner_lip_lower", "upper_incisor_edge", "lower_incisor_edge", "chin")
        missing = [name for name in needed if name not in face.points]
        if missing or "tongue" not in face.parts:
            what = ", ".join(missing) or "tongue"
            raise UserError(
                f"the head of the space '{face.space}' has no {what} that a lip reader could watch"
            )

        def some(name: str, count: int) -> np.ndarray:
            line = face.points[name]
            line = line[np.argsort(face.mean[line, 0])]
            return line[np.linspace(0, len(line) - 1, count).round().astype(int)]

        outer, jaw = face.landmarks68[48:60], face.landmarks68[[5, 7, 9, 11]]
        indices = np.concatenate([
            some("inner_lip_upper", INNER_LIP), some("inner_lip_lower", INNER_LIP), outer,
            face.points["chin"], jaw, some("upper_incisor_edge", 2), some("lower_incisor_edge", 2),
            _tongue_back(face),
        ])  # fmt: skip
        return cls(
            1000 * face.mean[indices],
            1000 * face.expression_basis[list(DRIVEN)][:, indices],
            1000 * face.identity_basis[:, indices],
        )


def _tongue_back(face: FaceModel) -> np.ndarray:
    """The highest vertices near the midline, at TONGUE_MM behind the tip."""
    tongue = np.unique(face.faces[face.parts["tongue"]])
    tongue = tongue[np.abs(face.mean[tongue, 0]) < 2e-3]
    behind_mm = 1000 * (face.mean[tongue, 2].max() - face.mean[tongue, 2])
    rows = [tongue[np.abs(behind_mm - at) < 2.0] for at in TONGUE_MM]
    return np.array([row[np.argmax(face.mean[row, 1])] for row in rows])
