"""How well a mouth follows speech: the same measures for training and for users.

All lengths are millimetres on the neutral head with the shapes applied linearly; phone windows are the
whole phone's centre +-50 ms, so that chance is 0.5 for every area under the curve (AUC), however long the
phones of a class are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.evaluate.bootstrap import (
    Measure,
    area_under_curve,
    derived,
    mean,
    percentile,
    rank_correlation,
    ratio,
    value_of,
)
from sadtalker3d.evaluate.classes import (
    BILABIAL,
    LABIODENTAL,
    NOT_LABIAL,
    OPEN_VOWELS,
    ROUNDED,
    SPREAD,
    VOWELS,
    openness_mm,
    whole_phones,
)
from sadtalker3d.evaluate.lipclip import CLOSED_MM, FPS, LipClip
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.phones import Phone

LIVELY_HZ = (6.0, 12.0)
_ARKIT = 52


@dataclass(frozen=True)
class LipScores:
    """The measures over a set of clips (definitions: `lip_measures`)."""

    closure_auc: float
    closure_specific_auc: float
    closed_share: float
    balanced_closure: float
    false_closure: float
    rounding_auc: float
    labiodental_auc: float
    labiodental_specific_auc: float
    openness_correlation: float
    lag_ms: float
    rest_gap: float
    rest_motion: float
    rest_share: float
    gap_range_mm: float
    width_range_mm: float
    protrusion_range_mm: float
    liveliness: float
    jerk_m_s3: float
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
    """Measure clips of (T, 64) expressions against their phones, see `lip_measures`.

    phones : whole, or with diphthongs in halves as the teacher takes them
    columns : 52 (the default) looks at the ARKit shapes alone; None at all of them
    """
    clips = lip_clips(mouth, expressions, phones, columns=columns, fps=fps)
    values = {name: value_of(measure, len(clips)) for name, measure in lip_measures(clips).items()}
    return LipScores(
        **values,
        bilabials=sum(len(clip.chosen(BILABIAL)) for clip in clips),
        seconds=sum(len(clip.gap) / clip.fps for clip in clips),
    )


def lip_clips(
    mouth: Mouth,
    expressions: Sequence[np.ndarray],
    phones: Sequence[Sequence[Phone]],
    *,
    columns: int | None = _ARKIT,
    fps: float = FPS,
) -> list[LipClip]:
    """The lips' motion in each clip with the whole phones it goes with; parameters as in `lip_scores`."""
    narrowing = mouth.narrowing()
    return [
        LipClip.of(mouth.measure(np.asarray(expression), columns), whole_phones(spoken), narrowing, fps)
        for expression, spoken in zip(expressions, phones, strict=True)
    ]


def lip_measures(clips: Sequence[LipClip]) -> dict[str, Measure]:
    """Every measure of the clips, ready for the bootstrap.

    closure_auc : gap of p b m below that of open vowels; `specific`: below that of consonants that are not
        labial
    closed_share : p b m in which some frame of the phone has a gap under 1 mm
    balanced_closure : (hits + 1 - false alarms) / 2, closed = under max(1 mm, 15 % of the clip's 90th
        percentile); false alarms on open vowels and consonants that are not labial
    false_closure : share of open vowels that are closed by the same rule
    rounding_auc : protrusion - half the width (the jaw's narrowing added back) of rounded over spread sounds
    labiodental_auc : distance of lower lip and upper teeth at f v below open vowels; `specific` as above
    openness_correlation : rank correlation of a vowel's mean gap with its openness
    lag_ms : peak of the correlation of the gap with the phones' openness, median over clips; + means face
        late
    rest_gap, rest_motion : 1 - (silence / speech) of gap and of its speed
    rest_share : silent frames whose gap is within 1 mm of rest
    ranges : 10th to 90th percentile in speech
    liveliness : share of 6-12 Hz in the power of the gap's velocity
    jerk_m_s3 : root mean square of the gap's third derivative
    """

    def at(measure: str, names: frozenset[str]) -> list[np.ndarray]:
        return [clip.at(measure, names) for clip in clips]

    def apart(measure: str, above: frozenset[str], below: frozenset[str]) -> Measure:
        return area_under_curve(at(measure, above), at(measure, below))

    def spread(measure: str) -> Measure:
        spoken = [clip.frames[measure][clip.sounding()] for clip in clips]
        return derived(np.subtract, percentile(spoken, 90), percentile(spoken, 10))

    def closed(names: frozenset[str]) -> Measure:
        return mean([clip.closed(names) for clip in clips])

    return {
        "closure_auc": apart("gap", OPEN_VOWELS, BILABIAL),
        "closure_specific_auc": apart("gap", NOT_LABIAL, BILABIAL),
        "closed_share": mean([clip.smallest_gap(BILABIAL) < CLOSED_MM for clip in clips]),
        "balanced_closure": derived(
            lambda hit, false: (hit + 1 - false) / 2, closed(BILABIAL), closed(OPEN_VOWELS | NOT_LABIAL)
        ),
        "false_closure": closed(OPEN_VOWELS),
        "rounding_auc": apart("rounding", ROUNDED, SPREAD),
        "labiodental_auc": apart("labiodental", OPEN_VOWELS, LABIODENTAL),
        "labiodental_specific_auc": apart("labiodental", NOT_LABIAL, LABIODENTAL),
        "openness_correlation": rank_correlation(
            at("gap", VOWELS),
            [np.array([openness_mm(phone.name) for phone in clip.chosen(VOWELS)]) for clip in clips],
        ),
        "lag_ms": percentile([np.array([clip.lag_ms()]) for clip in clips], 50),
        **_rest_measures(clips),
        "gap_range_mm": spread("gap"),
        "width_range_mm": spread("width"),
        "protrusion_range_mm": spread("protrusion"),
        "liveliness": _liveliness([clip.gap for clip in clips], [clip.fps for clip in clips]),
        "jerk_m_s3": _jerk(clips),
    }


def auc(above: np.ndarray, below: np.ndarray) -> float:
    """Chance that a value of `above` exceeds one of `below`, ties counted half; NaN when either is empty."""
    return value_of(area_under_curve([above], [below]), 1)


def liveliness(gaps_mm: Sequence[np.ndarray], fps: float = FPS) -> float:
    """Share of 6-12 Hz in the power of the gap's velocity, all clips together."""
    return value_of(_liveliness(gaps_mm, [fps] * len(gaps_mm)), len(gaps_mm))


def _liveliness(gaps_mm: Sequence[np.ndarray], fps: Sequence[float]) -> Measure:
    band, total = np.zeros(len(gaps_mm)), np.zeros(len(gaps_mm))
    for clip, (gap, rate) in enumerate(zip(gaps_mm, fps, strict=True)):
        if len(gap) < 3:
            continue
        velocity = np.diff(gap) * rate
        power = np.square(np.abs(np.fft.rfft(velocity - velocity.mean())))
        hertz = np.fft.rfftfreq(len(velocity), 1 / rate)
        band[clip] = power[(hertz >= LIVELY_HZ[0]) & (hertz <= LIVELY_HZ[1])].sum()
        total[clip] = power.sum()
    return ratio(band, total)


def _jerk(clips: Sequence[LipClip]) -> Measure:
    jerk = [np.diff(clip.gap, n=3) * clip.fps**3 / 1000 for clip in clips]
    return derived(np.sqrt, mean([np.square(j) for j in jerk]))


def _rest_measures(clips: Sequence[LipClip]) -> dict[str, Measure]:
    silent, spoken = ([getattr(clip, part)() for clip in clips] for part in ("silent", "sounding"))
    sizes = [np.abs(clip.gap) for clip in clips]
    speeds = [np.abs(np.gradient(gap)) if len(gap) > 1 else np.zeros(1) for gap in (c.gap for c in clips)]

    def less(values: list[np.ndarray]) -> Measure:
        quiet, loud = (
            mean([v[chosen] for v, chosen in zip(values, part, strict=True)]) for part in (silent, spoken)
        )
        return derived(lambda q, s: 1 - q / np.maximum(s, 1e-9), quiet, loud)

    return {
        "rest_gap": less(sizes),
        "rest_motion": less(speeds),
        "rest_share": mean([size[chosen] < CLOSED_MM for size, chosen in zip(sizes, silent, strict=True)]),
    }
