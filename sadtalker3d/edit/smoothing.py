"""Evening out fast motion."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from sadtalker3d.edit.regions import HEAD, columns_of
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

MOST_WIDTH_S = 60.0


def smooth(track: Track, width_s: float, parts: Iterable[str] = ("face", HEAD)) -> Track:
    """Even out fast motion without delaying it.

    A Gaussian, the same before and after each frame, so that nothing moves in time and nothing
    overshoots. Lips that meet for a `p` part again with widths much above 0.05 s.

    Parameters
    ----------
    width_s : width of the Gaussian at half its height, in seconds; 0 changes nothing
    parts : regions, columns or "head"

    Raises
    ------
    UserError : an unknown part, or a width that is negative or not finite
    """
    if not (math.isfinite(width_s) and 0 <= width_s <= MOST_WIDTH_S):
        raise UserError(f"the smoothing width is {width_s:g} s; it must be 0 or more, up to {MOST_WIDTH_S:g}")
    sigma = width_s * track.fps / math.sqrt(8 * math.log(2))
    parts = list(parts)
    columns = sorted({i for part in parts if part != HEAD for i in columns_of(track, part)})
    expression = track.expression.copy()
    expression[:, columns] = gaussian(expression[:, columns], sigma)
    if HEAD not in parts:
        return track.replace(expression=expression)
    return track.replace(
        expression=expression,
        rotation=gaussian(track.rotation, sigma),
        translation=gaussian(track.translation, sigma),
    )


def gaussian(values: np.ndarray, sigma_frames: float) -> np.ndarray:
    """(T, n) through a Gaussian of `sigma_frames`, mirrored at both ends."""
    if sigma_frames < 0.1 or values.size == 0:  # the neighbours' weight would be below 1e-21
        return values
    radius = math.ceil(4 * sigma_frames)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma_frames) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values.astype(np.float64), ((radius, radius), (0, 0)), mode="symmetric")
    return np.apply_along_axis(np.convolve, 0, padded, kernel, "valid").astype(np.float32)
