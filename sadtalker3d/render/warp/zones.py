"""Where lips meet and lashes grow: the photo's dark lines there must not travel onto open lips and closed lids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion, smooth_step

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class ZoneConfig:
    """Lengths in metres on the head."""

    lip_line_m: tuple[float, float] = (0.0008, 0.0022)  # the dark line between closed lips, and where it ends
    lips_m: float = 0.010  # lips, outside and inside
    lip_clean_m: float = 0.0028  # lip colour is taken from here on
    lid_clean_m: float = 0.0045  # lid colour too: nearer are lashes and their shadow ...
    crease_m: float = 0.0105  # ... and above the eye the shadow of the crease
    lid_m: tuple[float, float] = (0.0050, 0.0085)  # the upper lid's height: when it closes its crease is gone
    lash_line_m: tuple[float, float] = (0.0002, 0.0012)
    least_px: float = 1.6  # in a small face a line is this wide: the landmarks are not better
    open_m: float = 0.003  # eyes less open than this in the photo have little left to close
    change_m: float = 0.0015  # a gap's change at which edges are fully redrawn


class Zones:
    """Distances along the face, and how far mouth and eyes have opened or closed.

    lip_line, lash_line, upper_lid : (V,) float32, 1 on the line or the lid
    lips : (V,) bool
    above_eye : (V,) bool, higher than the lower lid's edge
    lid_distance_m : (V,) from the lids' edges, and `crease_m`, how far up the crease's shadow reaches
    clean : (V,) bool, far enough from lashes and the lips' line to take colours from
    """

    def __init__(
        self, motion: HeadMotion, model: FaceModel, pixel_m: float, config: ZoneConfig | None = None
    ) -> None:
        self._config = config = config or ZoneConfig()
        points, mean = model.points, model.mean
        self._pairs = [
            (upper[np.abs(mean[upper, 0] - middle) < 0.008], lower[np.abs(mean[lower, 0] - middle) < 0.008])
            for upper, lower, middle in (
                (points["inner_lip_upper"], points["inner_lip_lower"], 0.0),
                *(
                    (points[f"eyelid_upper_{side}"], points[f"eyelid_lower_{side}"], sign * 0.030)
                    for side, sign in (("left", 1), ("right", -1))
                ),
            )
        ]
        self._rest = motion.rest
        self.rest_m = self.gaps(np.zeros_like(motion.rest))
        lips = distance_m(model, np.concatenate([points["inner_lip_upper"], points["inner_lip_lower"]]))
        lids = distance_m(model, np.concatenate([points[n] for n in points if n.startswith("eyelid")]))
        lashes = distance_m(
            model, np.concatenate([points[n] for n in points if n.startswith("eyelid_upper")])
        )
        least = config.least_px * pixel_m
        self.lip_line = _line(lips, config.lip_line_m, least)
        self.lash_line = _line(lashes, config.lash_line_m, least)
        self.lips = lips < config.lips_m
        self.above_eye = above = _above_lower_lid(model)
        self.upper_lid = np.where(above, _line(lashes, config.lid_m, 2 * least), 0).astype(np.float32)
        self.lid_distance_m, self.crease_m = lids, max(config.crease_m, 2 * least)
        lid_clean = np.where(above, config.crease_m, config.lid_clean_m)
        self.clean = (lips > max(config.lip_clean_m, 2 * least)) & (lids > np.maximum(lid_clean, 2 * least))

    def gaps(self, displacement: np.ndarray) -> np.ndarray:
        """(3,) metres between the lips, the left and the right lids in their middles; 0 when they touch."""
        return np.maximum(
            [upper - lower for upper, lower in map(self._heights, self._pairs, [displacement] * 3)], 0
        )

    def lip_heights(self, displacement: np.ndarray) -> tuple[float, float]:
        """Heights in head space of the upper and the lower lip's edges in their middles."""
        return self._heights(self._pairs[0], displacement)

    def _heights(self, pair: tuple[np.ndarray, np.ndarray], displacement: np.ndarray) -> tuple[float, float]:
        upper, lower = (float((self._rest[row, 1] + displacement[row, 1]).mean()) for row in pair)
        return upper, lower

    def changed(self, gaps_m: np.ndarray) -> np.ndarray:
        """(3,) 0..1, how far mouth, left and right eye are from how the photo shows them."""
        return smooth_step(np.abs(gaps_m - self.rest_m), 0.0, self._config.change_m)

    def closing(self, gaps_m: np.ndarray) -> np.ndarray:
        """(2,) 0..1, how far the left and the right eye are closed from how the photo shows them."""
        return smooth_step(
            (self.rest_m - gaps_m)[1:] / np.maximum(self.rest_m[1:], self._config.open_m), 0.1, 0.7
        )


def _line(distance_m: np.ndarray, width_m: tuple[float, float], least_m: float) -> np.ndarray:
    return (1 - smooth_step(distance_m, width_m[0], max(width_m[1], least_m))).astype(np.float32)


def distance_m(model: FaceModel, points: np.ndarray) -> np.ndarray:
    """(V,) metres on the mean head from every vertex to the nearest of some."""
    from scipy.spatial import cKDTree

    return cKDTree(model.mean[points]).query(model.mean)[0]


def _above_lower_lid(model: FaceModel) -> np.ndarray:
    """(V,) bool, whether a vertex lies higher than the lower lid's edge below it."""
    lower = np.concatenate([model.points[n] for n in model.points if n.startswith("eyelid_lower")])
    at = np.abs(model.mean[:, None, 0] - model.mean[None, lower, 0]).argmin(axis=1)
    return model.mean[:, 1] > model.mean[lower[at], 1] + 0.0005
