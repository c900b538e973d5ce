"""The embedded head laid on a face: identity, expression, pose, camera and light, from the detector's 468 points.

`fit_portrait3d(picture, face)` is what a portrait needs; `fit_head` works on points alone. Pose and shape are found in
turns (`fit_problem.py`), what is left is spread over the mesh (`landmark_offsets.py`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.fit_problem import FREE, FitConfig, HeadProblem
from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.face.hidden import hidden_notes
from sadtalker3d.face.light import portrait_light
from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.rig.arkit import ARKIT_52

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.face.landmarks import Face


@dataclass(frozen=True)
class UsableConfig:
    """Which fits are refused, and which are only worth a note."""

    # mean misfit: 0.4 to 1.4 of some fifty photographs and paintings and 179 frames of clips, 1.5 to 1.7 of hands
    # before a face and of profiles. The mesh is face-shaped wherever it is laid: half of 132 on cats, walls and
    # engines stay under 1.4, a tenth is over 2.1. Those are kept out by the evidence; this is the second door.
    rejected_mm: float = 2.6
    doubtful_mm: float = 1.6
    most_yaw_rad: float = 0.70  # 40 degrees: the far eye and cheek are then hidden
    turned_deg: float = 25.0  # yaw beyond which one side of the photo is too smeared to be used
    open_mouth: float = 0.3  # jawOpen: teeth apart
    shut_eyes: float = (
        0.19  # height by width as the detector draws it: 0.36 of open eyes, 0.18 of closed ones
    )


def fit_portrait3d(
    picture: np.ndarray,
    face: Face,
    model: FaceModel | None = None,
    *,
    name: str = "the portrait",
    config: FitConfig | None = None,
) -> HeadFit:
    """Fit the embedded head and its light to the face of an (H, W, 3) uint8 RGB picture.

    `name` is the picture's name for the messages. What the user should know is in `HeadFit.notes`. Raises UserError: a
    face that is turned too far, or no human face.
    """
    import bfm

    config = config or FitConfig()
    model = model or bfm.load("open")
    fit = fit_head(face.mesh, (picture.shape[1], picture.shape[0]), model, config=config)
    notes = (*portrait_notes(fit, name, eye_opening(face.mesh)), *hidden_notes(picture, face.mesh, name))
    return dataclasses.replace(fit, light=portrait_light(picture, fit, model), notes=notes)


def eye_opening(points: np.ndarray) -> float:
    """Height by width of the wider open eye of (468, n) points.

    The fit's own eyeBlink says too little: the detector draws lids that are shut as half open.
    """
    heights = np.linalg.norm(points[[159, 386], :2] - points[[145, 374], :2], axis=1)
    widths = np.linalg.norm(points[[33, 263], :2] - points[[133, 362], :2], axis=1)
    return float((heights / np.maximum(widths, 1e-6)).max())


def portrait_notes(
    fit: HeadFit, name: str, opening: float = 1.0, config: UsableConfig | None = None
) -> tuple[str, ...]:
    """Sentences the user should read; UserError for what cannot be used. `opening` is that of the eyes."""
    config = config or UsableConfig()
    yaw_deg = abs(float(np.degrees(fit.rotation_rad[1])))
    if abs(fit.rotation_rad[1]) > config.most_yaw_rad:
        raise UserError(
            f"{name}: the face is turned by {yaw_deg:.0f} degrees, so that half of it is hidden; give a picture in "
            f"which it looks into the camera, or at most {np.degrees(config.most_yaw_rad):.0f} degrees beside it"
        )
    if fit.residual.mean_mm > config.rejected_mm:
        raise UserError(
            f"{name}: what was found fits no human face (off by {fit.residual.mean_mm:.1f} mm on average); "
            f"give a picture of a person seen from the front"
        )
    notes = []
    if fit.residual.mean_mm > config.doubtful_mm:
        notes.append(
            f"{name}: the face fits the head badly (off by {fit.residual.mean_mm:.1f} mm); look at the result"
        )
    weight = dict(zip(ARKIT_52, fit.expression, strict=False))
    if opening < config.shut_eyes:
        notes.append(f"{name}: the eyes seem closed and cannot be opened; a picture with open eyes is better")
    if weight["jawOpen"] > config.open_mouth:
        notes.append(f"{name}: the mouth is open; a picture with a closed mouth is better")
    if yaw_deg > config.turned_deg:
        notes.append(
            f"{name}: the face is turned by {yaw_deg:.0f} degrees; its far side is made up from the near one"
        )
    return tuple(notes)


def fit_head(
    points: np.ndarray,
    size_px: tuple[int, int],
    model: FaceModel,
    *,
    config: FitConfig | None = None,
) -> HeadFit:
    """Lay the head on the (468, 2) points of a face in a picture of (width, height) pixels."""
    config = config or FitConfig()
    problem = HeadProblem(np.asarray(points, np.float64)[:, :2], size_px, model, mesh_points(), config)
    pose = problem.first
    shape = np.zeros(80 + len(FREE))
    for _ in range(config.turns):
        pose = problem.pose(pose, shape)
        shape = problem.shape(pose)
    pose = problem.pose(pose, shape)
    return problem.head_fit(pose, shape)
