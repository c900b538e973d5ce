"""How well a mouth follows speech: the same measures for training and for users.

All lengths are millimetres on the neutral head with the shapes applied linearly; phone windows are the
phone's centre +-50 ms, so that chance is 0.5 for every area under the curve (AUC), however long the phones of
a class are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.mouth import LipMotion, Mouth
from sadtalker3d.train.phones import (
    BILABIAL,
    LABIODENTAL,
    NOT_LABIAL,
    OPEN_VOWELS,
    ROUNDED,
    SHAPES,
    SPREAD,
    VOWELS,
    Phone,
)

FPS = 25
_WINDOW_S = 0.05
_FINE_HZ = 100  # phones are measured on a grid finer than the frames
CLOSED_MM = 1.0
_ARKIT = 52


def auc(above: np.ndarray, below: np.ndarray) -> float:
    """Chance that a value of `above` exceeds one of `below`, ties counted half; NaN when either is empty."""
    if len(above) == 0 or len(below) == 0:
        return float("nan")
    values, inverse = np.unique(np.concatenate([above, below]), return_inverse=True)
    counts = np.bincount(inverse, minlength=len(values))
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[: len(above)].sum() - len(above) * (len(above) + 1) / 2) / (len(above) * len(below)))


@dataclass(frozen=True)
class LipScores:
    """The measures over a set of clips (definitions: `lip_scores`)."""

    closure_auc: float
    closure_specific_auc: float
    closed_share: float
    balanced_closure: float
    rounding_auc: float
    labiodental_auc: float
    labiodental_specific_auc: float
    openness_correlation: float
    lag_ms: float
    rest_gap: float
    rest_motion: float
    gap_range_mm: float
    width_range_mm: float
    protrusion_range_mm: float
    liveliness: float
    bilabials: int
    seconds: float


def lip_scores(
    mouth: Mouth,
    expressions: Sequence[np.ndarray],
    phones: Sequence[Sequence[Phone]],
    *,
    columns: int | None = _ARKIT,
    fps: float = FPS,
) -> LipScores:
    """Measure clips of (T, 64) expressions against their phones.

    closure_auc : gap of p b m below that of open vowels; `specific`: below that of consonants that are not
        labial
    closed_share : p b m in which some frame of the phone has a gap under 1 mm
    balanced_closure : (hits + 1 - false alarms) / 2, closed = under max(1 mm, 15 % of the clip's 90th
        percentile)
    rounding_auc : protrusion - half the width (the jaw's narrowing added back) of rounded over spread sounds
    labiodental_auc : distance of lower lip and upper teeth at f v below open vowels; `specific` as above
    openness_correlation : rank correlation of a vowel's mean gap with its openness
    lag_ms : peak of the correlation of the gap with the phones' openness, median over clips; + means face
        late
    rest_gap, rest_motion : 1 - (silence / speech) of gap and of its speed
    ranges : 10th to 90th percentile in speech
    liveliness : share of 6-12 Hz in the power of the gap's velocity

    columns = 52 (the default) looks at the ARKit shapes alone; None at all of them.
    """
    clips = [
        _Clip.of(mouth.measure(np.asarray(expression), columns), spoken, mouth.narrowing(), fps)
        for expression, spoken in zip(expressions, phones, strict=True)
    ]

    def gathered(measure: str, names: frozenset[str]) -> np.ndarray:
        return np.concatenate([clip.at(measure, names) for clip in clips] or [np.zeros(0)])

    bilabial, vowel = gathered("gap", BILABIAL), gathered("gap", OPEN_VOWELS)
    teeth = gathered("labiodental", LABIODENTAL)
    speech = np.concatenate(
        [clip.speech_frames() for clip in clips], axis=1
    )  # (3, n): gap, width, protrusion
    spread = np.percentile(speech, 90, axis=1) - np.percentile(speech, 10, axis=1)
    hits = np.concatenate([clip.closed(BILABIAL) for clip in clips])
    false = np.concatenate([clip.closed(OPEN_VOWELS | NOT_LABIAL) for clip in clips])
    rest_gap, rest_motion = _rest(clips)
    return LipScores(
        closure_auc=auc(vowel, bilabial),
        closure_specific_auc=auc(gathered("gap", NOT_LABIAL), bilabial),
        closed_share=_mean(np.concatenate([clip.smallest_gap(BILABIAL) for clip in clips]) < CLOSED_MM),
        balanced_closure=(_mean(hits) + 1 - _mean(false)) / 2,
        rounding_auc=auc(gathered("rounding", ROUNDED), gathered("rounding", SPREAD)),
        labiodental_auc=auc(gathered("labiodental", OPEN_VOWELS), teeth),
        labiodental_specific_auc=auc(gathered("labiodental", NOT_LABIAL), teeth),
        openness_correlation=_openness(clips),
        lag_ms=_median([clip.lag_ms() for clip in clips]),
        rest_gap=rest_gap,
        rest_motion=rest_motion,
        gap_range_mm=float(spread[0]),
        width_range_mm=float(spread[1]),
        protrusion_range_mm=float(spread[2]),
        liveliness=liveliness([clip.gap for clip in clips], fps),
        bilabials=len(bilabial),
        seconds=sum(len(clip.gap) for clip in clips) / fps,
    )


def liveliness(gaps_mm: Sequence[np.ndarray], fps: float = FPS) -> float:
    """Share of 6-12 Hz in the power of the gap's velocity, all clips together."""
    band = total = 0.0
    for gap in gaps_mm:
        velocity = np.diff(gap) * fps
        power = np.square(np.abs(np.fft.rfft(velocity - velocity.mean())))
        hertz = np.fft.rfftfreq(len(velocity), 1 / fps)
        band += float(power[(hertz >= 6) & (hertz <= 12)].sum())
        total += float(power.sum())
    return band / total if total > 0 else float("nan")


@dataclass(frozen=True)
class _Clip:
    """One clip's lip motion with its phones, on the frames and on a finer grid."""

    phones: Sequence[Phone]
    fps: float
    gap: np.ndarray  # (T,)
    frames: dict[str, np.ndarray]  # measure -> (T,)
    fine: dict[str, np.ndarray]  # measure -> values at k / _FINE_HZ s

    @classmethod
    def of(cls, motion: LipMotion, phones: Sequence[Phone], narrowing: float, fps: float) -> _Clip:
        width = motion.width_mm + narrowing * np.maximum(motion.gap_mm, 0)
        frames = {
            "gap": motion.gap_mm,
            "width": motion.width_mm,
            "protrusion": motion.protrusion_mm,
            "labiodental": motion.labiodental_mm,
            "rounding": motion.protrusion_mm - width / 2,
        }
        shown = (np.arange(len(motion.gap_mm)) + 0.5) / fps
        grid = np.arange(int(len(motion.gap_mm) / fps * _FINE_HZ)) / _FINE_HZ
        fine = {name: np.interp(grid, shown, values) for name, values in frames.items()}
        return cls(phones, fps, motion.gap_mm, frames, fine)

    def chosen(self, names: frozenset[str]) -> list[Phone]:
        return [p for p in self.phones if p.name in names and p.end_s <= len(self.gap) / self.fps]

    def at(self, measure: str, names: frozenset[str]) -> np.ndarray:
        """Mean of a measure in each phone's window."""
        values = self.fine[measure]
        means = []
        for phone in self.chosen(names):
            centre = (phone.start_s + phone.end_s) / 2
            first, last = (round((centre + side * _WINDOW_S) * _FINE_HZ) for side in (-1, 1))
            means.append(values[max(first, 0) : last + 1].mean())
        return np.array(means)

    def smallest_gap(self, names: frozenset[str]) -> np.ndarray:
        """The smallest gap of the frames that each phone touches."""
        found = []
        for phone in self.chosen(names):
            first, last = int(phone.start_s * self.fps), int(np.ceil(phone.end_s * self.fps))
            found.append(self.gap[first : max(last, first + 1)].min())
        return np.array(found)

    def closed(self, names: frozenset[str]) -> np.ndarray:
        limit = max(CLOSED_MM, 0.15 * float(np.percentile(self.gap, 90)))
        return self.at("gap", names) < limit

    def _sounding(self) -> np.ndarray:
        """(T,) whether a phone sounds in the middle of the frame."""
        middle = (np.arange(len(self.gap)) + 0.5) / self.fps
        spoken = np.zeros(len(middle), bool)
        for phone in self.phones:
            if phone.name != "sil":
                spoken |= (middle >= phone.start_s) & (middle < phone.end_s)
        return spoken

    def speech_frames(self) -> np.ndarray:
        return np.stack([self.frames[name] for name in ("gap", "width", "protrusion")])[:, self._sounding()]

    def silent_frames(self) -> np.ndarray:
        """(T,) frames at least 0.2 s from any sound."""
        near = np.convolve(self._sounding().astype(float), np.ones(2 * int(0.2 * self.fps) + 1), mode="same")
        return near < 0.5

    def lag_ms(self, reach_s: float = 0.3) -> float:
        gap = self.fine["gap"]
        time = np.arange(len(gap)) / _FINE_HZ
        openness = np.zeros(len(gap))
        for phone in self.phones:
            openness[(time >= phone.start_s) & (time < phone.end_s)] = SHAPES[phone.name].gap_mm
        reach = int(reach_s * _FINE_HZ)
        if len(gap) < 4 * reach or np.std(gap) == 0:
            return float("nan")
        middle = gap[reach:-reach] if reach else gap
        lags = np.arange(-reach, reach + 1)
        fits = [np.corrcoef(middle, openness[reach - lag : len(gap) - reach - lag])[0, 1] for lag in lags]
        return float(lags[int(np.argmax(fits))]) * 1000 / _FINE_HZ


def _rest(clips: list[_Clip]) -> tuple[float, float]:
    silent = [clip.silent_frames() for clip in clips]
    speed = [np.abs(np.gradient(clip.gap)) if len(clip.gap) > 1 else np.zeros(1) for clip in clips]
    spoken = [clip._sounding() for clip in clips]

    def share(values: list[np.ndarray]) -> float:
        quiet = np.concatenate([v[s] for v, s in zip(values, silent, strict=True)])
        loud = np.concatenate([v[s] for v, s in zip(values, spoken, strict=True)])
        return 1 - _mean(quiet) / max(_mean(loud), 1e-9)

    return share([np.abs(clip.gap) for clip in clips]), share(speed)


def _openness(clips: list[_Clip]) -> float:
    from scipy.stats import spearmanr

    measured = np.concatenate([clip.at("gap", VOWELS) for clip in clips])
    wanted = [SHAPES[phone.name].gap_mm for clip in clips for phone in clip.chosen(VOWELS)]
    told_apart = len(wanted) > 2 and np.ptp(measured) > 0
    return float(spearmanr(measured, wanted).statistic) if told_apart else float("nan")


def _median(values: list[float]) -> float:
    """Of the values that are numbers; NaN when none is."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.median(known)) if known else float("nan")


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
