"""Blinks from how far the eyes are open, against how far this person's are when open.

The detector draws lids that are shut as half open, so that a fit alone gives a quarter of a blink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# pairs of the upper and the lower lid, and the corners; the subject's left eye first
PAIRS = (((385, 380), (386, 374), (387, 373)), ((158, 153), (159, 145), (160, 144)))
CORNERS = ((263, 362), (33, 133))


@dataclass(frozen=True)
class LidConfig:
    """Openings by this person's open eye."""

    open_percentile: float = 70.0  # of the clip: blinks and downward looks take less than a third of it
    shut: float = 0.45  # how open the detector draws shut lids, measured on renders
    rest: float = 0.12  # of a blink: less is the detector's noise, or a squint
    together: float = 0.75  # how alike both eyes are: lids close together but for a wink


def openings_m(points: np.ndarray, pixels_per_m: np.ndarray) -> np.ndarray:
    """(T, 2) heights of the left and the right eye of (T, 468, 2) points, in metres at the face's distance."""
    heights = []
    for pairs, (outer, inner) in zip(PAIRS, CORNERS, strict=True):
        across = points[:, outer] - points[:, inner]
        across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
        upper, lower = np.array(pairs).T
        gap = (points[:, lower] - points[:, upper]).mean(axis=1)
        heights.append(np.abs(across[:, 0] * gap[:, 1] - across[:, 1] * gap[:, 0]))
    return np.stack(heights, axis=1) / pixels_per_m[:, None]


def blinks(openings: np.ndarray, config: LidConfig | None = None) -> np.ndarray:
    """(T, 2) weights of eyeBlinkLeft and eyeBlinkRight in 0..1 from (T, 2) openings in one unit."""
    config = config or LidConfig()
    usual = np.percentile(openings, config.open_percentile, axis=0)
    closed = (1 - openings / np.maximum(usual, 1e-9)) / (1 - config.shut)
    both = closed.mean(axis=1, keepdims=True)
    # a difference of both eyes is believed where it is large, as in a wink
    apart = np.clip((np.abs(closed - both) - 0.15) / 0.2, 0, 1)
    closed = both + (closed - both) * (1 - config.together * (1 - apart))
    return np.clip((closed - config.rest) / (1 - config.rest), 0, 1)
