"""Five-point alignment: the face as Deep3DFaceRecon's network wants to see it (Deng et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.errors import UserError

# The mean face's eyes, nose tip and corners of the mouth: landmarks of upstream's `similarity_Lm3D_all.mat`
# (68 x 3), reduced as `five_points` does. y up, about 1 from the middle to an ear.
MEAN_FIVE = np.array([
    [-0.31148657, 0.29036078, 0.13377953],
    [0.30979887, 0.28972036, 0.13179526],
    [0.0032535, -0.04617932, 0.55244243],
    [-0.25216928, -0.38133916, 0.22405732],
    [0.2484662, -0.38128236, 0.22235769],
], np.float32)  # fmt: skip


@dataclass(frozen=True)
class AlignConfig:
    """Upstream's numbers."""

    size_px: int = 224
    face_px: float = 102.0  # how large a length of 1 of the mean face becomes
    most_px: int = 16384  # of the resized picture; more comes only from landmarks that make no face


@dataclass(frozen=True)
class Aligned:
    """A face at the place and size the coefficient network was trained on.

    picture : (224, 224, 3) uint8, black where it reaches beyond the crop
    points : (68, 2) float64, the landmarks in it, y UP from the bottom row
    trans_params : (5,) float32, upstream's: width and height of the crop, scale, and the middle x, y (y up) of the
        face in the crop
    """

    picture: np.ndarray
    points: np.ndarray
    trans_params: np.ndarray


def five_points(points: np.ndarray) -> np.ndarray:
    """(68, n) iBUG landmarks -> (5, n): right eye, left eye (of the subject), nose tip, corners of the mouth."""
    return np.stack([
        points[[36, 39]].mean(axis=0), points[[42, 45]].mean(axis=0), points[30], points[48], points[54],
    ])  # fmt: skip


def place(five: np.ndarray, mean: np.ndarray = MEAN_FIVE) -> tuple[np.ndarray, float]:
    """Scaled orthographic pose of the mean face behind (5, 2) points, y up -> its middle (2,) and pixels per unit.

    Two rows of a scaled rotation and a translation by least squares ("POS"), the scale as the rows' mean length.
    """
    homogeneous = np.column_stack([mean, np.ones(len(mean))]).astype(np.float64)
    rows = np.linalg.lstsq(homogeneous, np.asarray(five, np.float64), rcond=None)[0].T  # (2, 4)
    return rows[:, 3], float(np.linalg.norm(rows[:, :3], axis=1).mean())


def align(picture: np.ndarray, points: np.ndarray, config: AlignConfig | None = None) -> Aligned:
    """Resize and cut an (S, S, 3) uint8 crop so that its face lies where the network expects it.

    `points` (68, 2) are iBUG landmarks in the crop's pixels, y down. Raises UserError for landmarks that make no
    face.
    """
    from PIL import Image

    config = config or AlignConfig()
    height, width = picture.shape[:2]
    upward = np.array(points, np.float32)
    upward[:, 1] = height - 1 - upward[:, 1]
    middle, pixels = place(five_points(upward))
    scale = config.face_px / max(pixels, 1e-9)
    if not np.isfinite(scale) or scale * max(width, height) > config.most_px:
        raise UserError("the landmarks make no face; give a picture in which the face is seen from the front")
    small = np.array([int(width * scale), int(height * scale)])
    whole = np.array([width, height])
    offset = (middle - whole / 2) * scale
    begin = (small / 2 - config.size_px / 2 + offset * [1, -1]).astype(np.int32)
    resized = Image.fromarray(picture).resize((int(small[0]), int(small[1])), Image.Resampling.BICUBIC)
    left, top = int(begin[0]), int(begin[1])
    cut = resized.crop((left, top, left + config.size_px, top + config.size_px))
    moved = (upward - middle + whole / 2) * scale - (small / 2 - config.size_px / 2)
    trans_params = np.array([width, height, scale, *middle], np.float32)
    return Aligned(np.array(cut), moved, trans_params)
