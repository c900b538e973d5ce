"""What was seen at odd times, laid on even frames: cuts stay sharp, short losses are bridged, long ones held."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class TimelineConfig:
    """Times in seconds."""

    bridged_s: float = 0.5  # a loss up to this is interpolated, a longer one holds the last that was seen ...
    back_s: float = 0.24  # ... and goes to the next in so much time before it comes


def even_times(first_s: float, last_s: float, fps: float) -> np.ndarray:
    """(T,) frames' times from the first to the last."""
    return first_s + np.arange(max(int(np.floor((last_s - first_s) * fps + 0.5)) + 1, 1)) / fps


def own_rate(times_s: np.ndarray) -> float | None:
    """Frames a second of times that are even, as exact as they say; None where they are not."""
    steps = np.diff(times_s)
    if not len(steps):
        return None
    usual = float(np.median(steps))
    even = np.abs(steps / usual - np.round(steps / usual)) < 0.15
    if usual <= 0 or even.mean() < 0.95 or (np.round(steps / usual) == 1).mean() < 0.8:
        return None
    count = np.round(steps / usual).sum()
    rate = count / (times_s[-1] - times_s[0])
    known = min((float(round(rate)), round(rate) * 1000 / 1001), key=lambda one: abs(rate - one))
    if abs(rate - known) < 0.0005 * known:  # 24, 25, 30, or television's 23.976, 29.97
        return known
    return float(rate)


def laid_on(
    times_s: np.ndarray, values: np.ndarray, at_s: np.ndarray, cuts_s: np.ndarray,
    config: TimelineConfig | None = None,
) -> np.ndarray:  # fmt: skip
    """(T, n) values at even times from (K, n) at times that rise; never interpolated across a cut."""
    config = config or TimelineConfig()
    made = np.empty((len(at_s), values.shape[1]))
    edges = np.concatenate([[-np.inf], cuts_s, [np.inf]])
    for begin, end in pairwise(edges):
        inside = (at_s >= begin - 1e-6) & (at_s < end - 1e-6)
        known = np.flatnonzero((times_s >= begin - 1e-6) & (times_s < end - 1e-6))
        if not inside.any():
            continue
        if not len(known):  # a shot without the face: as at the end of the one before
            known = np.array([max(int(np.searchsorted(times_s, begin)) - 1, 0)])
        knots_s, knots = times_s[known], values[known]
        long = np.flatnonzero(np.diff(knots_s) > config.bridged_s)
        knots = np.insert(knots, long + 1, knots[long], axis=0)
        knots_s = np.insert(knots_s, long + 1, knots_s[long + 1] - config.back_s)
        for column in range(values.shape[1]):
            made[inside, column] = np.interp(at_s[inside], knots_s, knots[:, column])
    return made


def lost_ranges(times_s: np.ndarray, at_s: np.ndarray, most_s: float) -> np.ndarray:
    """(n, 2) first and last second of the even frames that no sighting is within `most_s` of."""
    nearest = np.abs(at_s - times_s[np.clip(np.searchsorted(times_s, at_s), 0, len(times_s) - 1)])
    before = np.abs(at_s - times_s[np.clip(np.searchsorted(times_s, at_s) - 1, 0, len(times_s) - 1)])
    lost = np.concatenate([[False], np.minimum(nearest, before) > most_s, [False]])
    edges = np.flatnonzero(np.diff(lost.astype(int)))
    return np.stack([at_s[edges[::2]], at_s[edges[1::2] - 1]], axis=1) if len(edges) else np.zeros((0, 2))
