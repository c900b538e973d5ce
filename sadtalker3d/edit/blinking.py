"""Blinks: others in place of those that are there, more of them, or none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sadtalker3d.errors import UserError
from sadtalker3d.motion.blink import DEFAULT, blink_track, lid_closure
from sadtalker3d.track import Track

LONGEST_S = 0.45  # lids closed for longer are no blink
SEEN = 0.1  # closure that makes a frame part of a blink
RATE_PER_MIN = 21.0  # of the median person, see `BlinkConfig`
_SHUT_S = DEFAULT.closing_s + DEFAULT.closed_s + DEFAULT.opening_s


def blinks(
    track: Track,
    *,
    rate_per_min: float = RATE_PER_MIN,
    times_s: Sequence[float] | None = None,
    seed: int = 0,
    keep: bool = False,
) -> Track:
    """The track with blinks of a person talking, or at given times.

    Parameters
    ----------
    rate_per_min : how many a minute on average, 0 for none
    times_s : when the lids are closed instead, to the nearest frame
    seed : decides where they fall and how deep and long they are
    keep : the blinks that are there stay

    Raises
    ------
    UserError : another space than `open`, a rate beyond 0 to 100 a minute, times that are not in the track
    """
    bare = track if keep else without_blinks(track)
    bare.require_space("open", "blinking")
    closure = _at_times(track, times_s) if times_s is not None else _drawn(track, rate_per_min, seed)
    expression = bare.expression.copy()
    for side in ("Left", "Right"):
        lid = track.index("eyeBlink" + side)
        expression[:, lid] += np.maximum(1 - expression[:, lid], 0) * closure
        for name in ("eyeWide", "eyeSquint"):  # they give way, or the eye would not close
            expression[:, track.index(name + side)] *= 1 - closure
    return bare.replace(expression=expression)


def without_blinks(track: Track) -> Track:
    """The track with open lids where it blinked; lids that follow the gaze or stay closed are kept."""
    track.require_space("open", "blinking")
    reach = max(round(LONGEST_S * track.fps), 1)
    expression = track.expression.copy()
    for side in ("Left", "Right"):
        lid = track.index("eyeBlink" + side)
        between = _opened(expression[:, lid], reach)
        blinking = _wider(expression[:, lid] - between > SEEN)
        expression[:, lid] = between
        for name in ("eyeWide", "eyeSquint"):
            column = track.index(name + side)
            expression[:, column] = _bridged(expression[:, column], blinking)
    return track.replace(expression=expression)


def _drawn(track: Track, rate_per_min: float, seed: int) -> np.ndarray:
    if not (math.isfinite(rate_per_min) and 0 <= rate_per_min <= 100):
        raise UserError(f"{rate_per_min} blinks a minute are not possible; choose 0 to 100")
    if rate_per_min == 0:
        return np.zeros(len(track), np.float32)
    usual_s, wanted_s = (60 / rate - _SHUT_S for rate in (RATE_PER_MIN, rate_per_min))
    median_s = DEFAULT.gap_median_s * wanted_s / usual_s
    config = replace(DEFAULT, gap_median_s=median_s, gap_max_s=max(DEFAULT.gap_max_s, 6 * median_s))
    return blink_track(len(track), np.random.default_rng(seed), track.fps, config=config)


def _at_times(track: Track, times_s: Sequence[float]) -> np.ndarray:
    frames = np.arange(len(track)) / track.fps
    closure = np.zeros(len(track), np.float32)
    for time_s in times_s:
        if not (math.isfinite(time_s) and 0 <= time_s <= track.duration_s):
            raise UserError(f"no blink is possible at {time_s:g} s; the track is {track.duration_s:g} s long")
        closed_s = min(round(time_s * track.fps), len(track) - 1) / track.fps
        one = lid_closure(frames - closed_s + DEFAULT.closing_s)
        closure = np.maximum(closure, one.astype(np.float32))
    return closure


def _opened(values: np.ndarray, reach: int) -> np.ndarray:
    """Without peaks of up to `reach` frames: the lowest of the neighbours, and of those the highest."""

    def around(padded: np.ndarray, pick: str) -> np.ndarray:
        return getattr(sliding_window_view(padded, reach + 1), pick)(axis=1)

    low = around(np.pad(values, reach, constant_values=np.inf), "min")  # windows that overlap each frame
    return np.minimum(around(low, "max"), values)


def _wider(mask: np.ndarray) -> np.ndarray:
    result = mask.copy()
    result[1:] |= mask[:-1]
    result[:-1] |= mask[1:]
    return result


def _bridged(values: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    if gaps.all() or not gaps.any():
        return values
    known = np.flatnonzero(~gaps)
    return np.interp(np.arange(len(values)), known, values[known])
