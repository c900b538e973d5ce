"""The yardstick: 0 for the same, known distances for known changes, and a standing among people."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from sadtalker3d.train.headyardstick import MEASURES, between_people, head_distances, standings


def take(seed: int, gain: float = 1.0, sigma: float = 4.0, frames: int = 1500) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((frames, 6))
    return gain * gaussian_filter1d(noise, sigma, axis=0)


def test_the_same_is_at_distance_zero() -> None:
    takes = [take(0), take(1)]
    for distance in head_distances(takes, takes).values():
        np.testing.assert_allclose(distance, np.zeros(6), atol=1e-12)


def test_twice_as_much_is_a_mean_deviation_away_but_of_the_same_spectrum() -> None:
    # Wasserstein-1 of x and 2x is the mean of |x|: sqrt(2 / pi) standard deviations of a normal one
    distance = head_distances([2 * take(0)], [take(0)])
    np.testing.assert_allclose(distance["angle"], np.sqrt(2 / np.pi), rtol=0.1)
    np.testing.assert_allclose(distance["spectrum"], 0, atol=1e-12)


def test_quicker_swings_have_another_spectrum() -> None:
    near, far = (head_distances([take(5, sigma=s)], [take(0)])["spectrum"] for s in (4.0, 2.0))
    assert (far > 2 * near).all()


@pytest.mark.parametrize("name", MEASURES)
def test_a_stranger_stands_beyond_all_people_and_a_mean_one_within(name: str) -> None:
    people = {f"p{k}": [take(k, gain=0.8 + 0.1 * k, sigma=3 + 0.4 * k)] for k in range(5)}
    assert between_people(people)[name].shape == (5, 6)
    stranger = standings([take(9, gain=6.0, sigma=1.0)], people)[name]
    mean_one = standings([t for ts in people.values() for t in ts], people)[name]
    assert all(s.percentile == 100 for s in stranger) and all(s.percentile == 0 for s in mean_one)


def test_takes_shorter_than_a_window_count() -> None:
    distance = head_distances([take(1, frames=40)], [take(0)])
    assert all(np.isfinite(values).all() for values in distance.values())
