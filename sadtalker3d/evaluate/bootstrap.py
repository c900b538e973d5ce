"""Bootstrap by clip: a measure as a function of how often each clip was drawn.

Each measure keeps what it needs of every clip and is then evaluated for many weightings of the clips at once;
with all weights 1 it is the measure itself. Weighting clips and repeating them are the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

DRAWS = 1000
COVERAGE = 0.95
_AT_ONCE = 4_000_000  # weights of single values held in memory together


class Measure(Protocol):
    """What can be evaluated for weightings (D, C) of C clips: (D,) values, NaN where it is not defined."""

    def __call__(self, weights: np.ndarray, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap interval; all NaN where the measure is not defined."""

    value: float
    low: float
    high: float


def estimate(measure: Measure, clips: int, *, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """The measure of all clips and the middle 95 % of its values on clips drawn with replacement.

    The interval of a single clip is NaN: it says nothing about other clips.
    """
    value = value_of(measure, clips)
    if clips < 2 or np.isnan(value):
        return Estimate(value, float("nan"), float("nan"))
    drawn = np.random.default_rng(seed).multinomial(clips, np.full(clips, 1 / clips), draws)
    values = measure(drawn.astype(np.float64))
    values = values[~np.isnan(values)]
    edge = 100 * (1 - COVERAGE) / 2
    low, high = np.percentile(values, (edge, 100 - edge)) if len(values) else (np.nan, np.nan)
    return Estimate(value, float(low), float(high))


def value_of(measure: Measure, clips: int) -> float:
    """The measure with every clip counted once."""
    return float(measure(np.ones((1, clips)))[0])


def derived(formula: Callable[..., np.ndarray], *parts: Measure) -> Measure:
    """A measure calculated from others: `derived(np.sqrt, mean_square)`."""

    def measure(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return formula(*(part(weights) for part in parts))

    return measure


def ratio(top: Sequence[float] | np.ndarray, bottom: Sequence[float] | np.ndarray) -> Measure:
    """Sum of `top` (C,) over sum of `bottom` (C,), such as a mean over all values of all clips."""
    over, under = np.asarray(top, np.float64), np.asarray(bottom, np.float64)

    def measure(weights: np.ndarray) -> np.ndarray:
        whole = weights @ under
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(whole > 0, weights @ over / whole, np.nan)

    return measure


def mean(values: Sequence[np.ndarray]) -> Measure:
    """Mean of all values; one array (n,) a clip, of numbers or of truths."""
    return ratio([float(np.sum(v)) for v in values], [len(v) for v in values])


def area_under_curve(above: Sequence[np.ndarray], below: Sequence[np.ndarray]) -> Measure:
    """Chance that a value of `above` exceeds one of `below`, ties counted half; one array a clip each."""
    parts = (_pooled(above), _pooled(below))
    values, clip = (np.concatenate([part[i] for part in parts]) for i in range(2))
    is_above = np.arange(len(values)) < len(parts[0][0])
    order = np.argsort(values, kind="stable")
    values, clip, is_above = values[order], clip[order], is_above[order]
    groups = _group_starts(values)

    def measure(weights: np.ndarray) -> np.ndarray:
        every = weights[:, clip]
        high, low = (np.add.reduceat(every * side, groups, axis=1) for side in (is_above, ~is_above))
        under = np.cumsum(low, axis=1) - low / 2
        pairs = high.sum(1) * low.sum(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(pairs > 0, (high * under).sum(1) / pairs, np.nan)

    return _in_pieces(measure, len(values)) if is_above.any() and not is_above.all() else _undefined


def percentile(values: Sequence[np.ndarray], percent: float) -> Measure:
    """Percentile of all values as `np.percentile` has it; one array a clip, NaNs left out."""
    pooled, clip = _pooled([v[~np.isnan(v)] for v in values])
    order = np.argsort(pooled, kind="stable")
    pooled, clip = pooled[order], clip[order]

    def measure(weights: np.ndarray) -> np.ndarray:
        count = np.cumsum(weights[:, clip], axis=1)  # (D, N)
        place = percent / 100 * np.maximum(count[:, -1] - 1, 0)
        below = np.floor(place)
        first, second = (
            pooled[np.minimum((count <= k[:, None]).sum(1), len(pooled) - 1)] for k in (below, below + 1)
        )
        second = np.where(below + 1 < count[:, -1], second, first)
        return np.where(count[:, -1] > 0, first + (place - below) * (second - first), np.nan)

    return _in_pieces(measure, len(pooled)) if len(pooled) else _undefined


def rank_correlation(x: Sequence[np.ndarray], y: Sequence[np.ndarray]) -> Measure:
    """Spearman's rank correlation of pairs, ties at their mean rank; one array a clip each."""
    (first, clip), (second, _) = _pooled(x), _pooled(y)
    if len(first) < 3:
        return _undefined

    def ranked(values: np.ndarray, every: np.ndarray) -> np.ndarray:
        order = np.argsort(values, kind="stable")
        groups = _group_starts(values[order])
        held = np.add.reduceat(every[:, order], groups, axis=1)
        middle = np.cumsum(held, axis=1) - held / 2
        ranks = np.empty_like(every)
        ranks[:, order] = np.repeat(middle, np.diff([*groups, len(values)]), axis=1)
        return ranks

    def measure(weights: np.ndarray) -> np.ndarray:
        every = weights[:, clip]
        total = np.maximum(every.sum(1, keepdims=True), 1e-12)
        a, b = (ranked(values, every) for values in (first, second))
        a, b = (r - (r * every).sum(1, keepdims=True) / total for r in (a, b))
        spread = np.sqrt((every * a * a).sum(1) * (every * b * b).sum(1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread > 1e-9, (every * a * b).sum(1) / spread, np.nan)

    return _in_pieces(measure, len(first))


def wasserstein(made: Sequence[np.ndarray], real: np.ndarray) -> Measure:
    """Wasserstein-1 distance of the clips' values, pooled, from those of a fixed set (n,)."""
    pooled, clip = _pooled(made)
    if not len(pooled) or not len(real):
        return _undefined
    values = np.concatenate([pooled, real])
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order])
    ours = order < len(pooled)
    owner = clip[order[ours]]
    theirs = np.cumsum(~ours)[:-1] / len(real)

    def measure(weights: np.ndarray) -> np.ndarray:
        held = np.zeros((len(weights), len(values)))
        held[:, ours] = weights[:, owner]
        held = np.cumsum(held, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(held[:, :-1] / held[:, -1:] - theirs) @ steps

    return _in_pieces(measure, len(values))


def _pooled(values: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All values (N,) and the clip of each (N,)."""
    clip = np.repeat(np.arange(len(values)), [len(v) for v in values])
    return np.concatenate([np.asarray(v, np.float64) for v in values] or [np.zeros(0)]), clip


def _group_starts(ordered: np.ndarray) -> np.ndarray:
    """Where runs of equal values begin."""
    return np.flatnonzero(np.concatenate([[True], np.diff(ordered) > 0]))


def _in_pieces(measure: Measure, values: int) -> Measure:
    """The same measure, few weightings at a time, so that memory stays small."""
    step = max(1, _AT_ONCE // max(values, 1))

    def pieces(weights: np.ndarray) -> np.ndarray:
        return np.concatenate([measure(weights[i : i + step]) for i in range(0, len(weights), step)])

    return pieces


def _undefined(weights: np.ndarray) -> np.ndarray:
    return np.full(len(weights), np.nan)
