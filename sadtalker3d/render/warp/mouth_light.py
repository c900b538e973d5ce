"""How light falls into the mouth: less of it the smaller the gap between the lips and the deeper the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion

if TYPE_CHECKING:
    from bfm.model import FaceModel

ASIDE = 0.35  # how much less light reaches places beside the middle of the mouth, against those behind it
REDDEN = (0.75, 1.15, 1.15)  # exponents on the light in the mouth: flesh throws on red light


@dataclass(frozen=True)
class MouthLightConfig:
    """The lips' opening is a window g high; what lies d behind it sees a share g^2 / (g^2 + k d^2) of its light."""

    k: float = 1.5  # a window is wider than high, but light that falls in is soon spent on dark flesh
    behind_m: float = 0.006  # the teeth's own distance from the front of the inner lips
    least_gap_m: float = 0.001
    deep_m: float = 0.02  # what is lost besides on the way through the mouth
    least: float = 0.012  # flesh lets some light through: the depth of a mouth is dark red, not black
    upper_shadow: float = 0.45  # of the upper lip on what lies right under it
    lower_shadow: float = 0.25
    shadow_m: float = 0.003  # how far they reach


def mouth_light(
    depth_m: np.ndarray,
    height_m: np.ndarray,
    lip_heights_m: tuple[float, float],
    config: MouthLightConfig | None = None,
) -> np.ndarray:
    """(n,) factors on sRGB colours inside the mouth.

    Parameters
    ----------
    depth_m : (n,) how far behind the lips
    height_m : (n,) where, in head space
    lip_heights_m : of the edges of the upper and the lower lip
    """
    config = config or MouthLightConfig()
    upper, lower = lip_heights_m
    depth = np.maximum(depth_m - config.behind_m, 0)
    gap = max(upper - lower, config.least_gap_m)
    light = gap**2 / (gap**2 + config.k * depth**2) * np.exp(-depth / config.deep_m)
    light *= 1 - config.upper_shadow * np.exp(-np.maximum(upper - height_m, 0) / config.shadow_m)
    light *= 1 - config.lower_shadow * np.exp(-np.maximum(height_m - lower, 0) / config.shadow_m)
    return np.maximum(light, config.least) ** (1 / 2.2)


@dataclass(frozen=True)
class InsideLight:
    """The light on places inside the mouth: depth_m (n,) behind the lips, tint (n, 3) exponents on it."""

    depth_m: np.ndarray
    tint: np.ndarray

    @classmethod
    def of(cls, motion: HeadMotion, model: FaceModel, rows: np.ndarray) -> InsideLight:
        """Of the head's vertices `rows` (n,); teeth are lit white, flesh reddish."""
        from sadtalker3d.render.warp.mouth_colours import depth_behind_lips

        depth_m = np.hypot(depth_behind_lips(motion, model, rows), ASIDE * motion.rest[rows, 0])
        flesh = ~np.isin(rows, np.unique(model.faces[model.parts["teeth"]]))
        return cls(depth_m, np.where(flesh[:, None], np.array(REDDEN, np.float32), 1))

    def on(self, height_m: np.ndarray, lip_heights_m: tuple[float, float]) -> np.ndarray:
        """(n, 3) factors on sRGB colours; see `mouth_light`."""
        return mouth_light(self.depth_m, height_m, lip_heights_m)[:, None] ** self.tint
