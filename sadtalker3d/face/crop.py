"""Where upstream cuts the head out of a picture, and the cut itself.

The box is FFHQ's (Karras et al. 2019), made from the eyes and the corners of the mouth, but never turned: upstream
takes the upright box about the turned one and squeezes it to a square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.errors import UserError

WAYS = ("crop", "extcrop", "full", "extfull", "resize")
Box = tuple[int, int, int, int]  # x0, y0, x1, y1; x1 and y1 are the first pixels outside


@dataclass(frozen=True)
class CropConfig:
    """Upstream's numbers."""

    eyes: float = 2.0  # half the box's side by the distance of the eyes ...
    mouth: float = 1.8  # ... or by that from the eyes to the mouth, whichever is more
    below_eyes: float = 0.1  # the middle of the box, of the way from the eyes to the mouth
    side_px: int = 512  # a box twice as large as this, or three times, ... is shrunk to it first
    border: float = 0.1  # around the box, of its side; what `ext` shows
    least_border_px: int = 3


@dataclass(frozen=True)
class CropPlan:
    """How every frame of a source is cut.

    source : (width, height) of the pictures the plan is for
    shrunk : (width, height) to which they are resized first
    inside : the box in the shrunk picture
    """

    source: tuple[int, int]
    shrunk: tuple[int, int]
    inside: Box

    @property
    def box(self) -> Box:
        """The box in the picture as it was: where a generated head is pasted back.

        Upstream gives it in the shrunk picture, so its pasted heads are at the wrong place.
        """
        (width, height), (small_width, small_height) = self.source, self.shrunk
        x0, y0, x1, y1 = self.inside
        across, down = width / small_width, height / small_height
        return round(x0 * across), round(y0 * down), round(x1 * across), round(y1 * down)

    def to_crop(self, points: np.ndarray, size: int) -> np.ndarray:
        """Points (..., 2) of the picture -> of the crop squeezed to size x size; pixels' middles are whole."""
        x0, y0, x1, y1 = self.inside
        small = (points + 0.5) * (np.array(self.shrunk) / self.source) - [x0, y0]
        return small * (size / np.array([x1 - x0, y1 - y0])) - 0.5


@dataclass(frozen=True)
class Crop:
    """The head cut out of a picture.

    picture : (size, size, 3) uint8
    points : (68, 2) float32, the landmarks in it
    box : x0, y0, x1, y1 of the original picture, which the crop shows
    """

    picture: np.ndarray
    points: np.ndarray
    box: Box


def crop_plan(
    points: np.ndarray, width: int, height: int, way: str = "crop", config: CropConfig | None = None
) -> CropPlan:
    """Upstream's box about the head of (68, 2) landmarks (iBUG, y down) in a picture of width x height.

    `way` is upstream's --preprocess: "crop" and "full" cut the same box, their `ext` variants with its border, and
    "resize" takes the whole picture. Raises UserError: an unknown way, or landmarks outside the picture.
    """
    config = config or CropConfig()
    if way not in WAYS:
        raise UserError(f"preprocess '{way}' is unknown; use one of {', '.join(WAYS)}")
    if way == "resize":
        return CropPlan((width, height), (width, height), (0, 0, width, height))
    quad = _quad(np.asarray(points, np.float64), config)
    side = float(np.hypot(*(quad[3] - quad[0])))
    shrink = max(int(side / config.side_px * 0.5), 1)
    shrunk = (max(round(width / shrink), 1), max(round(height / shrink), 1))
    quad, side = quad / shrink, side / shrink
    border = max(round(side * config.border), config.least_border_px)
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - border, 0)
    high = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + border, shrunk)
    if way.startswith("ext"):
        inside = (*low, *high)
    else:
        # corners: top left, bottom left, bottom right, top right; of each edge the outer end counts.
        # Upstream clamps the bottom by the picture's width, which cuts the chin off in tall pictures.
        q = quad - low + 0.5
        left, top = min(q[0, 0], q[1, 0]), min(q[0, 1], q[3, 1])
        right, bottom = max(q[2, 0], q[3, 0]), max(q[1, 1], q[2, 1])
        begin = low + np.maximum(np.array([left, top]).astype(int), 0)
        end = np.minimum(low + np.array([right, bottom]).astype(int), high)
        inside = (*begin, *end)
    x0, y0, x1, y1 = (int(n) for n in inside)
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise UserError("the face lies outside the picture; give a picture that shows the whole face")
    return CropPlan((width, height), shrunk, (x0, y0, x1, y1))


def cut(picture: np.ndarray, plan: CropPlan, size: int) -> np.ndarray:
    """The planned box of an (H, W, 3) uint8 picture, squeezed to (size, size, 3) as upstream does, bilinearly."""
    import cv2

    if (picture.shape[1], picture.shape[0]) != plan.source:
        raise UserError(
            f"a frame of {picture.shape[1]} x {picture.shape[0]} pixels in a video of "
            f"{plan.source[0]} x {plan.source[1]}; convert it to one size"
        )
    x0, y0, x1, y1 = plan.inside
    if plan.shrunk != plan.source:
        picture = cv2.resize(picture, plan.shrunk)
    return cv2.resize(np.ascontiguousarray(picture[y0:y1, x0:x1]), (size, size))


def crop_face(
    picture: np.ndarray,
    points: np.ndarray,
    size: int = 256,
    way: str = "crop",
    config: CropConfig | None = None,
) -> Crop:
    """Cut the head of (68, 2) landmarks out of an (H, W, 3) uint8 picture; see `crop_plan`."""
    plan = crop_plan(points, picture.shape[1], picture.shape[0], way, config)
    return Crop(cut(picture, plan, size), plan.to_crop(points, size).astype(np.float32), plan.box)


def _quad(points: np.ndarray, config: CropConfig) -> np.ndarray:
    """(4, 2) corners of the turned box: top left, bottom left, bottom right, top right."""
    right_eye, left_eye = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    eyes, mouth = (right_eye + left_eye) / 2, (points[48] + points[54]) / 2
    across, down = left_eye - right_eye, mouth - eyes
    x = across - np.array([-down[1], down[0]])
    x *= max(np.hypot(*across) * config.eyes, np.hypot(*down) * config.mouth) / np.hypot(*x)
    y = np.array([-x[1], x[0]])
    middle = eyes + config.below_eyes * down
    return np.stack([middle - x - y, middle - x + y, middle + x + y, middle + x - y])
