"""The head measures of `head.py` with what the bootstrap by clip needs, against measured heads, and over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sadtalker3d.evaluate.bootstrap import Measure, derived, mean, percentile, ratio, wasserstein
from sadtalker3d.evaluate.head import (
    BANDS_HZ,
    FPS,
    LAG_FRAMES,
    HeadTake,
    acceleration_of,
    axis_speed_of,
    deviation_of,
    smoothed,
    speech_activity,
    speed_of,
    velocity_of,
    velocity_power,
    windows_of,
)

SHORTEST_S = 2.0  # shorter takes have no windows, spectrum or lags to speak of
BORDER_FRAMES = 32  # SadTalker generates heads in pieces of so many
AXES = ("pitch", "yaw", "roll")


@dataclass(frozen=True)
class HeadClip:
    """A take, the same speech with other seeds, and how near its beats are to onsets, and by chance."""

    take: HeadTake
    other_seeds: Sequence[np.ndarray] = ()  # (T, 3) each
    beats: np.ndarray = field(default_factory=lambda: np.zeros(0))
    beats_by_chance: np.ndarray = field(default_factory=lambda: np.zeros(0))


def head_measures(clips: Sequence[HeadClip]) -> dict[str, Measure]:
    """Every measure of the clips; degrees and seconds, per axis where the name says so.

    spread, range : within windows of 3 s
    acceleration : below 5 Hz
    spectrum : share of velocity power in each band
    loudness_r : correlation of speed with speech energy at lag 0; `_best` at the best lag, by which the head
        leads
    speech_over_pause : mean speed in speech over that in pauses
    border_jump : mean step at every 32nd frame over that at others
    seed_spread, seed_deg : difference of the same speech under other seeds: as share of the movement (1 as
        different as unrelated takes), and root mean square in degrees
    beat_alignment, beat_alignment_chance : see `beats`
    """
    takes = [clip.take for clip in clips]
    angles = [np.degrees(take.rotation) for take in takes]
    velocity = [velocity_of(angle) for angle in angles]
    speed = [np.linalg.norm(v, axis=1) for v in velocity]
    windows = [windows_of(angle) for angle in angles]

    def root(values: list[np.ndarray]) -> Measure:
        return derived(np.sqrt, mean([np.square(v) for v in values]))

    measures: dict[str, Measure] = {}
    measures |= _by_axis("spread_deg", mean, [w.std(axis=1) for w in windows])
    measures |= _by_axis("range_deg", mean, [np.ptp(w, axis=1) for w in windows])
    measures |= _by_axis("velocity_rms_deg_s", root, velocity)
    measures["speed_median_deg_s"] = percentile(speed, 50)
    measures["speed_p95_deg_s"] = percentile(speed, 95)
    measures |= _by_axis("acceleration_rms_deg_s2", root, [acceleration_of(angle) for angle in angles])
    power = np.stack([velocity_power(angle) for angle in angles])  # (C, bands)
    for band, (low, high) in enumerate(BANDS_HZ):
        measures[f"spectrum_{low:g}_{high:g}_hz"] = ratio(power[:, band], power.sum(axis=1))
    measures |= _loudness_measures(takes)
    measures["border_jump"] = _border_jump(takes)
    if any(len(clip.other_seeds) for clip in clips):
        measures |= _seed_measures(clips)
    measures["beat_alignment"] = mean([clip.beats for clip in clips])
    measures["beat_alignment_chance"] = mean([clip.beats_by_chance for clip in clips])
    return measures


def distance_measures(made: Sequence[HeadTake], real: Sequence[HeadTake]) -> dict[str, Measure]:
    """Wasserstein-1 distances from measured heads per axis, over the measured ones' spread (0 is the same).

    The interval is that of the made takes; the real ones stay fixed.
    """
    measures: dict[str, Measure] = {}
    for name, values in (
        ("angle", deviation_of),
        ("speed", axis_speed_of),
        ("acceleration", acceleration_of),
    ):
        ours, theirs = ([values(np.degrees(t.rotation)) for t in takes] for takes in (made, real))
        for axis, label in enumerate(AXES):
            target = np.concatenate(theirs)[:, axis]
            scale = target.std() or np.nan
            distance = wasserstein([v[:, axis] for v in ours], target)
            measures[f"distance_{name}_{label}"] = derived(lambda d, scale=scale: d / scale, distance)
    return measures


def _by_axis(
    name: str, measure: Callable[[list[np.ndarray]], Measure], values: Sequence[np.ndarray]
) -> dict[str, Measure]:
    return {f"{name}_{label}": measure([v[:, i] for v in values]) for i, label in enumerate(AXES)}


def _loudness_measures(takes: Sequence[HeadTake]) -> dict[str, Measure]:
    lags = np.arange(-LAG_FRAMES, LAG_FRAMES + 1)
    products, counts = np.zeros((len(takes), len(lags))), np.zeros((len(takes), len(lags)))
    speaking, pausing = [np.zeros(0)] * len(takes), [np.zeros(0)] * len(takes)
    for i, take in enumerate(takes):
        if take.loudness is None:
            continue
        speed, active = speed_of(take.rotation), speech_activity(take.loudness)
        speaking[i], pausing[i] = speed[active], speed[~active]
        s, e = smoothed(speed), smoothed(take.loudness)
        if len(s) <= 4 * LAG_FRAMES or s.std() < 1e-9 or e.std() < 1e-9:
            continue
        for j, lag in enumerate(lags):
            a, b = (s[: len(s) - lag], e[lag:]) if lag >= 0 else (s[-lag:], e[:lag])
            spread = a.std() * b.std() + 1e-12
            products[i, j] = ((a - a.mean()) * (b - b.mean())).sum() / spread
            counts[i, j] = len(a)

    def r_of(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return weights @ products / (weights @ counts)

    def best(weights: np.ndarray) -> np.ndarray:
        return r_of(weights).max(axis=1)

    def lead_s(weights: np.ndarray) -> np.ndarray:
        r = r_of(weights)
        return np.where(np.isnan(r[:, 0]), np.nan, lags[r.argmax(axis=1)] / FPS)

    return {
        "loudness_r": ratio(products[:, LAG_FRAMES], counts[:, LAG_FRAMES]),
        "loudness_r_best": best,
        "loudness_lead_s": lead_s,
        "speech_over_pause": _share(mean(speaking), mean(pausing)),
    }


def _border_jump(takes: Sequence[HeadTake]) -> Measure:
    at, elsewhere = [], []
    for take in takes:
        step = np.linalg.norm(np.diff(take.rotation, axis=0), axis=1)
        frame = np.arange(len(step))
        border = (frame % BORDER_FRAMES == 0) & (frame > 0)
        at.append(step[border])
        elsewhere.append(step[~border])
    return _share(mean(at), mean(elsewhere))


def _seed_measures(clips: Sequence[HeadClip]) -> dict[str, Measure]:
    between, total, count = (np.zeros(len(clips)) for _ in range(3))
    for i, clip in enumerate(clips):
        if not len(clip.other_seeds):
            continue
        stack = np.stack([clip.take.rotation, *clip.other_seeds])  # (S, T, 3)
        stack = stack - stack.mean(axis=1, keepdims=True)
        seeds = len(stack)
        between[i] = np.square(stack - stack.mean(axis=0)).sum() / (seeds - 1) * seeds
        total[i], count[i] = np.square(stack).sum(), stack.size
    return {
        "seed_spread": derived(np.sqrt, ratio(between, total)),
        "seed_deg": derived(lambda m: np.degrees(np.sqrt(2 * m)), ratio(between, count)),
    }


def _share(top: Measure, bottom: Measure) -> Measure:
    return derived(lambda a, b: np.where(b > 0, a / b, np.nan), top, bottom)
