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
    lip_clean_m: float = 0.0028  # lip colour is taken from here on
    lid_clean_m: float = 0.0045  # lid colour too: nearer are lashes and their shadow
    lash_line_m: tuple[float, float] = (0.0003, 0.0013)
    least_px: float = 1.6  # in a small face a line is this wide: the landmarks are not better
    change_m: float = 0.0015  # a gap's change at which edges are fully redrawn


class Zones:
    """Distances along the face, and how far mouth and eyes have opened or closed.

    lip_line, lash_line : (V,) float32, 1 on the line
    clean : (V,) bool, far enough from lashes and the lips' line to take colours from
    """

    def __init__(self, motion: HeadMotion, model: FaceModel, pixel_m: float, config: ZoneConfig | None = None) -> None:
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
        lips = _distance(model, np.concatenate([points["inner_lip_upper"], points["inner_lip_lower"]]))
        lids = _distance(model, np.concatenate([points[n] for n in points if n.startswith("eyelid")]))
        lashes = _distance(model, np.concatenate([points[n] for n in points if n.startswith("eyelid_upper")]))
        least = config.least_px * pixel_m
        self.lip_line = _line(lips, config.lip_line_m, least)
        self.lash_line = _line(lashes, config.lash_line_m, least)
        self.clean = (lips > max(config.lip_clean_m, 2 * least)) & (lids > max(config.lid_clean_m, 2 * least))

    def gaps(self, displacement: np.ndarray) -> np.ndarray:
        """(3,) metres between the lips, the left and the right lids in their middles; 0 when they touch."""
        heights = [
            [(self._rest[row, 1] + displacement[row, 1]).mean() for row in pair] for pair in self._pairs
        ]
        return np.maximum([upper - lower for upper, lower in heights], 0.0)

    def changed(self, gaps_m: np.ndarray) -> np.ndarray:
        """(3,) 0..1, how far mouth, left and right eye are from how the photo shows them."""
        return smooth_step(np.abs(gaps_m - self.rest_m), 0.0, self._config.change_m)

    def closing(self, gaps_m: np.ndarray) -> np.ndarray:
        """(2,) 0..1, how far the left and the right eye are closed from how the photo shows them."""
        return smooth_step(1 - gaps_m[1:] / np.maximum(self.rest_m[1:], 1e-4), 0.1, 0.7)


def _line(distance_m: np.ndarray, width_m: tuple[float, float], least_m: float) -> np.ndarray:
    return (1 - smooth_step(distance_m, width_m[0], max(width_m[1], least_m))).astype(np.float32)


def _distance(model: FaceModel, points: np.ndarray) -> np.ndarray:
    """(V,) metres on the mean head from every vertex to the nearest of some."""
    from scipy.spatial import cKDTree

    return cKDTree(model.mean[points]).query(model.mean)[0]
