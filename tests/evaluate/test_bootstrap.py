"""Weighting clips is the same as repeating them, for every kind of measure; and intervals cover."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from sadtalker3d.evaluate import bootstrap


def clips(seed: int) -> list[np.ndarray]:
    """Five clips of different lengths, with ties."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 12, n).astype(float) for n in (4, 9, 1, 0, 6)]


def repeated(values: list[np.ndarray], times: np.ndarray) -> np.ndarray:
    return np.concatenate([v for v, n in zip(values, times, strict=True) for _ in range(n)])


A, B = clips(0), clips(1)
REAL = np.random.default_rng(2).normal(5, 3, 40)
KINDS: dict[str, tuple[bootstrap.Measure, Callable[[np.ndarray, np.ndarray], float]]] = {
    "mean": (bootstrap.mean(A), lambda a, b: a.mean()),
    "percentile": (bootstrap.percentile(A, 90), lambda a, b: np.percentile(a, 90)),
    "median": (bootstrap.percentile(A, 50), lambda a, b: np.percentile(a, 50)),
    "auc": (
        bootstrap.area_under_curve(A, B),
        lambda a, b: ((a[:, None] > b) + 0.5 * (a[:, None] == b)).mean(),
    ),
    "rank correlation": (bootstrap.rank_correlation(A, B), lambda a, b: stats.spearmanr(a, b).statistic),
    "wasserstein": (bootstrap.wasserstein(A, REAL), lambda a, b: stats.wasserstein_distance(a, REAL)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_repetitions(kind: str) -> None:
    measure, direct = KINDS[kind]
    weights = np.array([[1, 1, 1, 1, 1], [0, 2, 3, 1, 0], [3, 0, 0, 2, 2]])
    wanted = [direct(repeated(A, w), repeated(B, w)) for w in weights]
    assert measure(weights.astype(float)) == pytest.approx(wanted)


def test_a_draw_without_the_class_is_not_a_number() -> None:
    only_first = [np.array([1.0]), np.zeros(0)]
    measure = bootstrap.area_under_curve(only_first, [np.zeros(0), np.array([0.0])])
    assert measure(np.array([[1.0, 1.0]])) == 1
    assert np.isnan(measure(np.array([[2.0, 0.0]]))).all()


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(100):
        sample = [
            rng.normal(0, 1, 5) + rng.normal() for _ in range(40)
        ]  # clips differ: frames are not independent
        found = bootstrap.estimate(bootstrap.mean(sample), 40, draws=300)
        inside += found.low <= 0 <= found.high
    assert 86 <= inside <= 99


def test_seeded_and_nothing_said_about_a_single_clip() -> None:
    first, second = (bootstrap.estimate(bootstrap.mean(A), len(A), seed=4) for _ in range(2))
    assert first == second and first.low < first.value < first.high
    alone = bootstrap.estimate(bootstrap.mean([np.ones(3)]), 1)
    assert alone.value == 1 and np.isnan(alone.low)
