"""Blinks: how far the lids are closed over time, 0 open to 1 closed.

`blink_track` is what the generator uses: measured people. `upstream_blink` and `upstream_fixed_blink` are
SadTalker's own, for parity.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BlinkConfig:
    """Measured on video of people talking (25 to 30 frames/s); times in seconds.

    The median person blinks 21 times a minute. Gaps are log-normal with a sigma of 0.71; the median gap below
    is chosen to give 21 a minute, because short clips cannot hold long gaps and so measure too small a one.
    """

    gap_median_s: float = 2.2
    gap_sigma: float = 0.71
    gap_min_s: float = 0.12
    gap_max_s: float = 12.0
    double_probability: float = 0.07  # a second blink right after the first
    double_gap_s: tuple[float, float] = (0.12, 0.35)
    closing_s: float = 0.064
    closed_s: float = 0.002
    opening_s: float = 0.111
    duration_sigma: float = 0.15  # spread of a blink's duration, log scale
    depth: float = 0.92  # a frame seldom falls on the peak: seen at 25 frames/s this is the measured 0.87
    depth_spread: float = 0.05
    # Measured on 23 clips with 86 pauses: people blink .84 times as often as usual in the 0.4 s before a pause
    # begins (14 blinks), and 1.32 times as often from 0.1 to 0.5 s after (22), as if some blinks waited for it.
    pause_probability: float = 0.25
    pause_reach_s: float = 0.8
    pause_delay_s: tuple[float, float] = (0.1, 0.5)
    # Measured: a tenth of all blinks hide a shift of gaze, against .06 by chance. The probability is chosen.
    shift_probability: float = 0.3
    shift_reach_s: float = 0.5


DEFAULT = BlinkConfig()


def blink_track(
    frames: int,
    rng: np.random.Generator,
    fps: float = 25.0,
    *,
    pauses: np.ndarray | None = None,
    shifts: np.ndarray | None = None,
    config: BlinkConfig = DEFAULT,
) -> np.ndarray:
    """Lid closure of a person talking, the same for both eyes.

    frames : length of the track, 0 or more
    pauses : increasing frames at which pauses begin; some blinks wait for one that is near
    shifts : increasing frames of large shifts of gaze; some blinks that are near fall together with one
    Returns (frames,) float32 in [0, 1]; the lids are open in the first and the last frame.
    Look-ahead: `pause_reach_s`, or `shift_reach_s` where gaze is not planned ahead.
    """
    times_s = np.arange(frames) / fps
    of_their_own, for_pauses, for_shifts, rng = rng.spawn(4)
    starts = _blink_starts(frames / fps, of_their_own, config)
    if shifts is not None and len(shifts):
        starts = _with_shifts(starts, shifts / fps, for_shifts, config)
    if pauses is not None and len(pauses):
        starts = _wait_for_pauses(starts, pauses / fps, for_pauses, config)
    starts = _far_enough_apart(starts, config)
    stretch = np.exp(config.duration_sigma * rng.standard_normal(len(starts)))
    depth = np.clip(config.depth + config.depth_spread * rng.standard_normal(len(starts)), 0.6, 1.0)
    duration_s = stretch * (config.closing_s + config.closed_s + config.opening_s)
    whole = starts + duration_s < (frames - 1) / fps
    starts, stretch, depth = starts[whole], stretch[whole], depth[whole]
    # each frame is covered by the blink that started last, so one look-up replaces a loop over blinks
    latest = np.searchsorted(starts, times_s, side="right") - 1
    closure = np.zeros(frames)
    covered = latest >= 0
    nth = latest[covered]
    closure[covered] = depth[nth] * lid_closure((times_s[covered] - starts[nth]) / stretch[nth], config)
    return closure.astype(np.float32)


def lid_closure(seconds: np.ndarray, config: BlinkConfig = DEFAULT) -> np.ndarray:
    """One blink at times since its start: a fast half-cosine down, a slower one up; 0 outside."""
    seconds = np.asarray(seconds, dtype=np.float64)
    down = np.clip(seconds / config.closing_s, 0.0, 1.0)
    up = np.clip((seconds - config.closing_s - config.closed_s) / config.opening_s, 0.0, 1.0)
    return 0.5 * (np.cos(np.pi * up) - np.cos(np.pi * down))


def upstream_blink(frames: int, generator: random.Random) -> np.ndarray:
    """SadTalker's blink: fixed shape, uniform gaps. (frames,) float64; same draws as upstream.

    Mended: at 21 frames upstream draws from an empty range and fails; here the only possible gap is taken.
    """
    ratio = np.zeros(frames)
    if frames <= 20:
        return ratio
    shape = (0.5, 0.9, 1.0, 0.9, 0.5)
    shortest = min(10, frames)
    gaps = range(shortest, max(shortest + 1, min(frames // 2, 70)))
    cursor = 0
    while True:
        start = cursor + generator.choice(gaps)
        cursor = start + len(shape)
        if cursor > frames - 1:
            return ratio
        ratio[start:cursor] = shape


def upstream_fixed_blink(frames: int) -> np.ndarray:
    """SadTalker's other blink, which it never calls: one slow blink after every 80 frames. (frames,) float64."""
    shape = (0.5, 0.6, 0.7, 0.9, 1.0, 0.9, 0.7, 0.6, 0.5)
    ratio = np.zeros(frames)
    for start in range(80, frames - len(shape), 80 + len(shape)):
        ratio[start : start + len(shape)] = shape
    return ratio


def _blink_starts(duration_s: float, rng: np.random.Generator, config: BlinkConfig) -> np.ndarray:
    """Times at which blinks begin, increasing, shorter than `duration_s`."""
    most = int(duration_s / (config.gap_min_s + config.closing_s + config.opening_s)) + 2
    gaps = config.gap_median_s * np.exp(config.gap_sigma * rng.standard_normal(most))
    gaps = np.clip(gaps, config.gap_min_s, config.gap_max_s)
    doubles = rng.random(most) < config.double_probability
    gaps = np.where(doubles, rng.uniform(*config.double_gap_s, size=most), gaps)
    gaps[:1] *= rng.random()  # the recording begins somewhere within a gap
    starts = np.cumsum(gaps + config.closing_s + config.closed_s + config.opening_s)
    return starts[starts < duration_s]


def _wait_for_pauses(
    starts: np.ndarray, pauses_s: np.ndarray, rng: np.random.Generator, config: BlinkConfig
) -> np.ndarray:
    """Move some blinks to shortly after the next beginning of a pause, if that comes soon enough."""
    following = np.append(pauses_s, np.inf)[np.searchsorted(pauses_s, starts)]
    delay = rng.uniform(*config.pause_delay_s, size=len(starts))
    wanted = rng.random(len(starts)) < config.pause_probability
    return np.where(wanted & (following - starts <= config.pause_reach_s), following + delay, starts)


def _with_shifts(
    starts: np.ndarray, shifts_s: np.ndarray, rng: np.random.Generator, config: BlinkConfig
) -> np.ndarray:
    """Move some blinks to the nearest shift of gaze."""
    places = (shifts_s[:-1] + shifts_s[1:]) / 2
    nearest = shifts_s[np.searchsorted(places, starts)]
    wanted = rng.random(len(starts)) < config.shift_probability
    # the lids are half-way down as the eyes set off
    begin = nearest - config.closing_s / 2
    return np.where(wanted & (np.abs(begin - starts) <= config.shift_reach_s), np.maximum(begin, 0), starts)


def _far_enough_apart(starts: np.ndarray, config: BlinkConfig) -> np.ndarray:
    """Increasing, without those that begin before the one before them is over."""
    starts = np.sort(starts)
    shortest_s = config.gap_min_s + config.closing_s + config.closed_s + config.opening_s
    return starts[np.diff(starts, prepend=-np.inf) >= shortest_s]
