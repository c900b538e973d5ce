"""Where the eyes look, from where the iris is seen and where the fitted head would show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.lids import CORNERS
from sadtalker3d.clip.poses import slides
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.clip.person import Person

LOOKS = ("eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeLookDown")


@dataclass(frozen=True)
class GazeConfig:
    """What is believed of an iris."""

    shut: float = 0.4  # of a blink: beyond it the iris is not seen
    gain: tuple[float, float] = (1.3, 1.6)  # lids hide the iris where it goes; measured on renders
    unsure_m: float = (
        0.0008  # about what the eyes' usual place is known to: as far as this it counts as ahead
    )


def gaze(
    iris: np.ndarray, points: np.ndarray, poses: np.ndarray, closed: np.ndarray, person: Person,
    model: FaceModel, config: GazeConfig | None = None,
) -> np.ndarray:  # fmt: skip
    """(T, 2) metres by which the pupils moved in the head, to the subject's left and up; NaN behind shut lids.

    iris (T, 2, 2) and points (T, 468, 2) in pixels; closed (T, 2) blinks
    """
    config = config or GazeConfig()
    turn, shift = to_matrices(poses[:, :3]), poses[:, 3:]
    distance = -(person.rest.mean(axis=0) @ turn.transpose(0, 2, 1) + shift)[:, 2]
    moved = slides(poses, person.places) * [1, -1] * (person.focal_px / distance)[:, None, None]
    pupils, answers = _pupils(model, person.identity), []
    for eye, corners in enumerate(CORNERS):
        corner = person.rest[list(corners)] @ turn.transpose(0, 2, 1) + shift[:, None]
        expected = _seen(corner, person) + moved[:, list(corners)]
        # the lids' corners are where the detector says, so what it gets wrong about the eye's place goes away
        off = (points[:, list(corners)] - expected).mean(axis=1)
        pupil = pupils[eye] @ turn.transpose(0, 2, 1) + shift
        left = iris[:, eye] - off - _seen(pupil, person)  # (T, 2) pixels
        along = np.stack([turn[:, :, 0], turn[:, :, 1]], axis=2)  # (T, 3, 2) the head's x and y
        per_m = (along[:, :2] + (pupil[:, :2] / -pupil[:, 2:])[:, :, None] * along[:, 2:]) * [[[1], [-1]]]
        per_m = per_m * (person.focal_px / -pupil[:, 2])[:, None, None]
        answers.append(np.linalg.solve(per_m, left[..., None])[..., 0])
    both = np.stack(answers, axis=1)  # (T, 2 eyes, 2)
    # the eye that is turned away shows less of its white: the nearer one counts more
    yaw = np.clip(poses[:, 1], -0.5, 0.5)
    share = np.stack([0.5 - yaw, 0.5 + yaw], axis=1)[..., None]
    mean = (both * share).sum(axis=1)
    mean[closed.max(axis=1) > config.shut] = np.nan
    return mean


def from_ahead(moves_m: np.ndarray, config: GazeConfig | None = None) -> np.ndarray:
    """(T, 2) movements, those of `gaze` at full size and about where this person looks when looking ahead."""
    config = config or GazeConfig()
    moves = moves_m * config.gain
    return moves - np.clip(np.median(moves, axis=0), -config.unsure_m, config.unsure_m)


def look_weights(moves_m: np.ndarray, model: FaceModel) -> dict[str, np.ndarray]:
    """The eight eyeLook columns, (T,) each, for (T, 2) movements of the pupils."""
    reach = _reach(model)
    x, y = moves_m.T
    amounts = {
        "eyeLookOutLeft": x, "eyeLookInRight": x, "eyeLookInLeft": -x, "eyeLookOutRight": -x,
        "eyeLookUpLeft": y, "eyeLookUpRight": y, "eyeLookDownLeft": -y, "eyeLookDownRight": -y,
    }  # fmt: skip
    return {name: np.clip(move / reach[name], 0, 1) for name, move in amounts.items()}


def _seen(points: np.ndarray, person: Person) -> np.ndarray:
    from sadtalker3d.face.headfit import pinhole

    return pinhole(points, person.focal_px, person.centre)


def _pupil_rows(model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """Vertices about the left and the right pupil: the foremost of the eyeballs."""
    eyes = np.unique(model.faces[model.parts["eyes"]])
    rows = []
    for sign in (1, -1):
        ball = eyes[model.mean[eyes, 0] * sign > 0]
        front = model.mean[ball, 2]
        rows.append(ball[front >= front.max() - 0.0005])
    return rows[0], rows[1]


def _pupils(model: FaceModel, identity: np.ndarray) -> np.ndarray:
    """(2, 3) of a person, in head space."""
    neutral = model.neutral(identity.astype(np.float32)).astype(np.float64)
    return np.stack([neutral[rows].mean(axis=0) for rows in _pupil_rows(model)])


def _reach(model: FaceModel) -> dict[str, float]:
    """Metres that each of the eight shapes at 1 moves its pupil."""
    left, right = _pupil_rows(model)
    made = {}
    for look in LOOKS:
        for side, rows in (("Left", left), ("Right", right)):
            move = model.expression_basis[model.expression_names.index(look + side)][rows].mean(axis=0)
            made[look + side] = float(np.abs(move[:2]).max())
    return made
