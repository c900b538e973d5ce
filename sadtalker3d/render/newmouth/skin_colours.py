"""Which pixels around a face are skin: those whose tint the face itself has in the same frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.render.warp.motion import smooth_step


@dataclass(frozen=True)
class SkinColours:
    """Mean (4,) and inverse covariance (4, 4) of `features` of a face's skin."""

    mean: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, rgb: np.ndarray) -> SkinColours:
        """From (n, 3) colours of the face, 0..255."""
        known = features(rgb)
        variety = np.cov(known.T) + np.diag([0.08**2, 0.02**2, 0.02**2, 0.02**2])
        return cls(np.median(known, axis=0), np.linalg.inv(variety))

    def like(self, rgb: np.ndarray) -> np.ndarray:
        """(...,) 1 for skin to 0 for what is something else, of (..., 3) colours."""
        away = features(rgb) - self.mean
        distance = np.sqrt(np.einsum("...i,ij,...j->...", away, self.inverse, away))
        return (1 - smooth_step(distance, 3.0, 5.0)).astype(np.float32)


def features(rgb: np.ndarray) -> np.ndarray:
    """(..., 4) of (..., 3) colours: brightness by its logarithm, made small because shading changes it, and tint."""
    light = rgb.mean(axis=-1, keepdims=True) + 8.0
    return np.concatenate([0.35 * np.log(light), rgb / light], axis=-1)
