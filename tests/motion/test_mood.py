"""Moods: smooth, of the spread that is asked for, the same for longer recordings, and without mean effect."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.motion.mood import DEFAULT, ROLL, YAW, moods, wandering


def test_the_factor_is_log_normal_with_mean_square_one() -> None:
    factor = wandering(400_000, 1.6, 0.32, np.random.default_rng(0))
    assert abs(np.square(factor).mean() - 1) < 0.06
    # between two draws their average is less spread than they are: sqrt of the mean of (1-s)^2 + s^2
    assert 0.32 * 0.75 < np.log(factor).std() < 0.32 * 0.95


def test_nothing_jumps() -> None:
    factors = moods(5000, 0, np.random.default_rng(1))
    assert factors.shape == (5000, 6) and factors.dtype == np.float32 and (factors > 0).all()
    # at most half as much again within a quarter of a second
    assert np.abs(np.log(factors[6:] / factors[:-6])).max() < 0.5


@pytest.mark.parametrize("frames", [0, 1, 7, 300, 301])
def test_the_first_frames_do_not_depend_on_the_length(frames: int) -> None:
    whole = moods(2000, 3, np.random.default_rng(2))
    np.testing.assert_array_equal(moods(frames, 3, np.random.default_rng(2)), whole[:frames])


def test_turns_come_in_bursts_and_nods_do_not() -> None:
    factors = np.log(moods(50_000, 3, np.random.default_rng(3)))
    pitch = factors[:, 0]
    assert np.std(factors[:, YAW] - pitch) > np.std(factors[:, ROLL] - pitch) > 0.1


def test_seeds_of_the_average_speaker_differ_more_than_those_of_one_style() -> None:
    def spread(style: int) -> float:
        return float(np.std([np.log(moods(1, style, np.random.default_rng(s))[0, 0]) for s in range(400)]))

    assert abs(spread(0) - DEFAULT.everybody) < 0.05 and abs(spread(7) - DEFAULT.one_person) < 0.03
