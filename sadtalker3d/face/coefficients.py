"""A face -> the coefficients of Deep3DFaceRecon and of SadTalker, through the regressor network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.align import Aligned, align
from sadtalker3d.face.crop import crop_plan, cut
from sadtalker3d.face.landmarks import Landmarks, largest_face
from sadtalker3d.face.video import read_frames

if TYPE_CHECKING:
    from torch import nn

    from sadtalker3d.progress import Report

FULL = 257
PARTS = {
    "identity": slice(0, 80), "expression": slice(80, 144), "texture": slice(144, 224),
    "angle": slice(224, 227), "lighting": slice(227, 254), "translation": slice(254, 257),
}  # fmt: skip
"""Deep3DFaceRecon's 257 numbers; angles in radians (pitch, yaw, roll)."""

MOTION = 73  # SadTalker's: expression 64, angle 3, translation 3, crop 3 (scale, x, y of trans_params)


def portrait_coefficients(regressor: nn.Module, crop_picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The (257,) float32 coefficients of the face in an (S, S, 3) uint8 crop.

    `regressor` takes (B, 3, 224, 224) RGB in 0..1 and returns (B, 257); `points` (68, 2) are landmarks in the
    crop. `motion_coefficients` makes SadTalker's row of them.
    """
    return regress(regressor, align(crop_picture, points))


def regress(regressor: nn.Module, aligned: Aligned) -> np.ndarray:
    """The (257,) float32 coefficients of an aligned face."""
    import torch

    weight = next(regressor.parameters(), torch.zeros(()))
    pixels = torch.from_numpy(aligned.picture).permute(2, 0, 1)[None].to(weight) / 255
    with torch.inference_mode():
        return regressor(pixels)[0].float().cpu().numpy()


def motion_coefficients(full257: np.ndarray, trans_params: np.ndarray) -> np.ndarray:
    """SadTalker's (73,) row of (257,) coefficients and the (5,) alignment; the first 70 are the row without crop."""
    parts = [full257[PARTS[name]] for name in ("expression", "angle", "translation")]
    return np.concatenate([*parts, trans_params[2:5]]).astype(np.float32)


def performance_coefficients(
    regressor: nn.Module,
    video_path: str | Path,
    *,
    landmarks: Landmarks | None = None,
    size: int = 256,
    progress: Report | None = None,
) -> np.ndarray:
    """(T, 73) float32 of every frame of a reference video, as upstream reads it; memory holds one frame.

    The first frame decides where all are cropped. A frame without a face takes the landmarks of the one before.
    Raises UserError: no video, or no usable face in the first frame.
    """
    landmarks = landmarks or Landmarks()
    rows: list[np.ndarray] = []
    for picture, total in read_frames(video_path):
        if not rows:
            face, _ = largest_face(picture, f"{video_path}, first frame", landmarks)
            plan = crop_plan(face.points, picture.shape[1], picture.shape[0])
        else:
            face = landmarks.follow(picture, face) or next(iter(landmarks.find(picture)), face)
        aligned = align(cut(picture, plan, size), plan.to_crop(face.points, size))
        rows.append(motion_coefficients(regress(regressor, aligned), aligned.trans_params))
        if progress is not None:
            progress(len(rows), max(total, len(rows)))
    if not rows:
        raise UserError(f"{video_path}: has no frames; export the video again")
    return np.stack(rows)
