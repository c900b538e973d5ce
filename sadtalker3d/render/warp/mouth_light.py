"""How light falls into the mouth: less of it the smaller the gap between the lips and the deeper the place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MouthLightConfig:
    """The lips' opening is a window g high; what lies d behind it sees a share g^2 / (g^2 + k d^2) of its light."""

    k: float = 0.25  # a window is wider than high
    behind_m: float = 0.006  # the teeth's own distance from the front of the inner lips
    least_gap_m: float = 0.001
    deep_m: float = 0.05  # what is lost besides on the way through the mouth
    shade: float = 0.5  # the lips' own shadow on what lies right under the upper one


def mouth_light(depth_m: np.ndarray, gap_m: float, config: MouthLightConfig | None = None) -> np.ndarray:
    """(n,) factors on sRGB colours of places (n,) metres behind the lips, in a mouth open by `gap_m`."""
    config = config or MouthLightConfig()
    depth = np.maximum(depth_m - config.behind_m, 0)
    gap = max(gap_m, config.least_gap_m)
    light = gap**2 / (gap**2 + config.k * depth**2) * np.exp(-depth / config.deep_m)
    return light ** (1 / 2.2)
