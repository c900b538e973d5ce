"""Blinks: upstream's draws, and what has been measured on people."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.motion.blink import blink_track, lid_closure, upstream_blink, upstream_fixed_blink

BLINK = Path(__file__).parents[1] / "data" / "conformance" / "blink.npz"


def starts(closure: np.ndarray) -> np.ndarray:
    return np.flatnonzero((closure[1:] > 0) & (closure[:-1] == 0))


@pytest.mark.parametrize("frames", [15, 20, 22, 25, 100, 250])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_upstream_draws(frames: int, seed: int) -> None:
    with np.load(BLINK) as data:
        np.testing.assert_array_equal(
            upstream_blink(frames, random.Random(seed)), data[f"rand_n{frames}_s{seed}"]
        )


@pytest.mark.parametrize("frames", [15, 20, 22, 25, 100, 250])
def test_upstreams_fixed_blink(frames: int) -> None:
    with np.load(BLINK) as data:
        np.testing.assert_array_equal(upstream_fixed_blink(frames), data[f"fixed_n{frames}"])


def test_the_length_upstream_fails_on() -> None:
    ratio = upstream_blink(21, random.Random(0))
    assert ratio.shape == (21,) and ratio.max() == 1.0 and ratio[-1] == 0.0


@pytest.mark.parametrize("frames", [0, 1, 2, 5, 25, 100])
def test_any_length_within_bounds(frames: int) -> None:
    closure = blink_track(frames, np.random.default_rng(0))
    assert closure.shape == (frames,) and closure.dtype == np.float32
    assert not frames or (closure.min() >= 0 and closure.max() <= 1 and closure[-1] == 0)


def test_same_seed_same_blinks() -> None:
    a, b, c = (blink_track(2000, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_half_an_hour_blinks_like_people() -> None:
    closure = blink_track(25 * 1800, np.random.default_rng(0))
    begin = starts(closure)
    assert 18 < len(begin) / 30 < 25  # a minute; the median person: 21
    gaps = np.diff(begin) / 25
    assert 0.5 < np.log(gaps).std() < 0.9  # measured 0.71
    depth = np.maximum.reduceat(closure, begin)
    assert 0.84 < depth.mean() < 0.90  # measured 0.87 at 25 frames/s
    assert 3 <= np.mean([len(np.flatnonzero(b)) for b in np.split(closure, begin + 1)[1:]]) <= 6  # 177 ms


def test_lids_fall_faster_than_they_rise() -> None:
    t = np.arange(-0.01, 0.2, 0.001)
    y = lid_closure(t)
    assert y[0] == 0 and y[-1] == 0 and y.max() == pytest.approx(1)
    closing, opening = (t[y > 0.999][0] - t[y > 0][0]), (t[y > 0][-1] - t[y > 0.999][-1])
    assert closing == pytest.approx(0.064, abs=0.006) and opening == pytest.approx(0.111, abs=0.006)


def test_frame_rate_changes_the_sampling_not_the_blinks() -> None:
    slow = blink_track(250, np.random.default_rng(5), fps=25.0)
    fast = blink_track(1000, np.random.default_rng(5), fps=100.0)
    np.testing.assert_allclose(fast[::4], slow, atol=1e-6)


def rate_after(starts_s: np.ndarray, events_s: np.ndarray, first_s: float, last_s: float) -> float:
    """Blinks a second between two times after the events."""
    since = starts_s[:, None] - events_s
    return float(((since >= first_s) & (since < last_s)).sum() / len(events_s) / (last_s - first_s))


def test_some_blinks_wait_for_pauses_as_measured() -> None:
    pauses = np.arange(75, 90000, 75)  # every 3 s for an hour
    closure = blink_track(90000, np.random.default_rng(3), pauses=pauses)
    begin = starts(closure) / 25
    usual = len(begin) / 3600
    assert 1.2 < rate_after(begin, pauses / 25, 0.1, 0.5) / usual < 1.6  # measured 1.32
    assert 0.65 < rate_after(begin, pauses / 25, -0.4, 0.0) / usual < 0.95  # measured 0.84
    assert 18 < 60 * usual < 25


def test_some_blinks_fall_together_with_shifts_of_gaze() -> None:
    shifts = np.arange(100, 90000, 100)
    near = {}
    for given in (None, shifts):
        begin = starts(blink_track(90000, np.random.default_rng(3), shifts=given)) / 25
        near[given is None] = rate_after(begin, shifts / 25, -0.1, 0.1)
    assert near[False] > 1.5 * near[True]


@pytest.mark.parametrize("frames", [0, 1, 30])
def test_no_pauses_and_no_shifts_are_as_good_as_none(frames: int) -> None:
    nothing = np.zeros(0, np.int64)
    given = blink_track(frames, np.random.default_rng(0), pauses=nothing, shifts=nothing)
    assert np.array_equal(given, blink_track(frames, np.random.default_rng(0)))
