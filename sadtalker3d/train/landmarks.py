"""iBUG's 68 landmarks of a head as they move with its expression, in millimetres, and how open the eyes are.

Which vertices they are is part of the head (`FaceModel.landmarks68`); their order is iBUG's: 0-16 jaw from the
subject's right, 17-26 brows, 27-35 nose, 36-41 right eye, 42-47 left eye, 48-59 outer and 60-67 inner lips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64

if TYPE_CHECKING:
    from torch import Tensor

    from bfm.model import FaceModel

Points = TypeVar("Points", "np.ndarray", "Tensor")

EYES = (slice(36, 42), slice(42, 48))  # the subject's right and left, each from the image's left over the top
_BLINK = tuple(ARKIT_52.index(name) for name in ("eyeBlinkRight", "eyeBlinkLeft"))


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of one identity, linear in the expression's columns.

    rest : (68, 3) float32 mm
    moves : (64, 68, 3) float32 mm for a weight of 1
    shut : (2,) height / width of the eyes (right, left) under a full blink. Negative: the embedded head's lids
        meet at about three quarters of the shape, and the upper one's landmarks go on over the lower ones
    """

    rest: np.ndarray
    moves: np.ndarray
    shut: np.ndarray

    @classmethod
    def of(cls, face: FaceModel, identity: np.ndarray | None = None) -> Landmarks:
        """The landmarks of the embedded head; UserError for a model whose columns are not the `open` ones."""
        if face.expression_names != OPEN_64:
            raise UserError(
                f"the landmark loss needs the blink shapes of the space 'open', and this head is '{face.space}'"
            )
        rest = 1000 * face.neutral(identity)[face.landmarks68]
        moves = 1000 * face.expression_basis[:, face.landmarks68]
        shut = _ratios(rest + moves[list(_BLINK)].sum(0))
        return cls(rest.astype(np.float32), moves.astype(np.float32), shut.astype(np.float32))

    @property
    def open(self) -> np.ndarray:
        """(2,) height / width of the eyes of the face at rest."""
        return _ratios(self.rest)

    def moved(self, expression: Tensor) -> Tensor:
        """Displacements of the landmarks from rest: (..., 64) weights -> (..., 68, 3) mm."""
        import torch

        moves = torch.from_numpy(self.moves).to(expression)
        return (expression @ moves.flatten(1)).unflatten(-1, (68, 3))

    def openness(self, expression: Tensor) -> Tensor:
        """How open the eyes are: (..., 64) weights -> (..., 2), right and left.

        Height by width of the six landmarks, 1 for the face at rest and 0 under a full blink, so that the lids'
        own weight and the blink ratio given to the generator mean the same.
        """
        import torch

        points = self.moved(expression) + torch.from_numpy(self.rest).to(expression)
        ratio = torch.stack([_ratio(points[..., eye, :]) for eye in EYES], -1)
        shut, rest = (torch.from_numpy(value).to(expression) for value in (self.shut, self.open))
        return (ratio - shut) / (rest - shut)


def _ratios(points: np.ndarray) -> np.ndarray:
    return np.array([float(_ratio(points[eye])) for eye in EYES], np.float32)


def _ratio(eye: Points) -> Points:
    """Height by width of (..., 6, 3) points. Heights have a sign: a lid that goes on over the other counts."""
    height = (eye[..., 1, 1] - eye[..., 5, 1] + eye[..., 2, 1] - eye[..., 4, 1]) / 2
    across = eye[..., 3, :] - eye[..., 0, :]
    return height / (across**2).sum(-1) ** 0.5
