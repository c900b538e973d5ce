"""Where the iris is in a picture: the dark disk inside the outline of the lids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.face.mesh_points import LEFT_LID, RIGHT_LID

# outer corner, inner corner, outline; the subject's left eye first
EYES = ((263, 362, LEFT_LID), (33, 133, RIGHT_LID))


@dataclass(frozen=True)
class IrisConfig:
    """An eye turned upright and enlarged or shrunk to one size."""

    width_px: int = 44  # of the patch
    height_px: int = 28
    eye_px: float = 32.0  # between the corners in it
    iris: float = 0.40  # diameter by the distance of the corners: 11.8 of 30 mm
    dark: float = 50.0  # percentile of the eye's brightness below which a pixel is dark
    central: float = 0.15  # how much of the score is lost at the corner: shadows lie there


def irises(picture: np.ndarray, points: np.ndarray, config: IrisConfig | None = None) -> np.ndarray:
    """(2, 2) pixels of the left and the right eye's iris in an (H, W, 3) uint8 picture with (468, 2) points."""
    config = config or IrisConfig()
    return np.stack([_iris(picture, points, *eye, config) for eye in EYES])


def _iris(
    picture: np.ndarray, points: np.ndarray, outer: int, inner: int, ring: tuple[int, ...], config: IrisConfig
) -> np.ndarray:
    import cv2

    across = points[inner] - points[outer]
    scale = max(float(np.linalg.norm(across)), 1.0) / config.eye_px  # picture's pixels a patch's pixel
    if across[0] < 0:
        across = -across
    x = across / max(float(np.linalg.norm(across)), 1e-6) * scale
    y = np.array([-x[1], x[0]])
    middle = points[list(ring)].mean(axis=0)
    size = np.array([config.width_px, config.height_px])
    origin = middle - (size[0] - 1) / 2 * x - (size[1] - 1) / 2 * y
    patch = cv2.warpAffine(
        picture, np.column_stack([x, y, origin]), (config.width_px, config.height_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)  # fmt: skip
    outline = (points[list(ring)] - origin) @ np.column_stack([x, y]) / scale**2
    inside = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(outline * 16).astype(np.int32)], (1,), shift=4)
    if inside.sum() < config.eye_px:
        return middle
    grey = patch.max(axis=2)  # the white of the eye is bright in every colour, brown skin is not dark in red
    dark = np.clip(np.percentile(grey[inside > 0], config.dark) - grey, 0, None) * inside
    radius = config.iris * config.eye_px / 2
    reach = int(np.ceil(radius)) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1).astype(np.float32)
    score = cv2.filter2D(dark, -1, disk, borderType=cv2.BORDER_CONSTANT)
    places = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    away = np.hypot(places[1] - (size[0] - 1) / 2, 2 * (places[0] - (size[1] - 1) / 2)) / (config.eye_px / 2)
    score *= 1 - config.central * away**2
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    place = np.array([column + _top(score[row], column), row + _top(score[:, column], row)])
    return origin + place[0] * x + place[1] * y


def _top(values: np.ndarray, at: np.intp | int) -> float:
    """Where between whole numbers a parabola through three values is highest."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, here, after = (float(v) for v in values[at - 1 : at + 2])
    curve = before - 2 * here + after
    return 0.0 if curve >= 0 else float(np.clip((before - after) / (2 * curve), -0.5, 0.5))
