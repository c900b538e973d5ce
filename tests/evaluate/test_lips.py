"""The lip measures on motions whose quality is known, and the area under the curve against its definition."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.evaluate import auc, lip_scores, liveliness
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.phones import Phone
from sadtalker3d.train.teacher import open_targets

_WORDS = (
    "m aa t | b iy s | f ow p l ay | w uh d | p ae n sh | v eh r iy | m uw n d | th ih ng k ao l | s ah b"
)


@pytest.fixture(scope="module")
def mouth() -> Mouth:
    return Mouth.of(bfm.load("open"))


@pytest.fixture(scope="module")
def clips(mouth: Mouth) -> tuple[list[np.ndarray], list[list[Phone]]]:
    """Three clips of the words above in other orders, moved by the teacher."""
    from sadtalker3d.train.phones import from_arpabet

    rng = np.random.default_rng(5)
    motions, spoken = [], []
    for _ in range(3):
        phones, at = [], 0.6
        for word in rng.permutation(_WORDS.split(" | ")):
            for symbol in word.split():
                length_s = rng.uniform(0.07, 0.14)
                phones += from_arpabet(symbol, at, at + length_s)
                at += length_s
            at += 0.05
        motions.append(open_targets(phones, int((at + 0.8) * 25), mouth))
        spoken.append(phones)
    return motions, spoken


def test_auc_is_the_chance_of_being_above() -> None:
    rng = np.random.default_rng(0)
    above, below = rng.integers(0, 9, 40).astype(float), rng.integers(-3, 6, 30).astype(float)
    pairs = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    assert auc(above, below) == pytest.approx(pairs.mean())
    assert np.isnan(auc(np.zeros(0), below))


def test_true_labels_score_high(mouth: Mouth, clips: tuple) -> None:
    scores = lip_scores(mouth, *clips)
    assert scores.closure_auc > 0.97
    assert scores.closure_specific_auc > 0.95
    assert scores.closed_share == 1.0
    assert scores.rounding_auc > 0.9
    assert abs(scores.lag_ms) <= 20
    assert scores.rest_gap > 0.95
    assert 0.06 < scores.liveliness < 0.34


def test_true_labels_touch_the_teeth(mouth: Mouth, clips: tuple) -> None:
    scores = lip_scores(mouth, *clips)
    assert scores.labiodental_auc > 0.9
    assert scores.labiodental_specific_auc > 0.9


def test_a_closed_mouth_scores_chance(mouth: Mouth, clips: tuple) -> None:
    motions, phones = clips
    scores = lip_scores(mouth, [np.zeros_like(motion) for motion in motions], phones)
    assert scores.closure_auc == scores.rounding_auc == 0.5
    assert scores.gap_range_mm == 0


@pytest.mark.parametrize("frames", [-3, 2, 4])
def test_lag_finds_a_delay(mouth: Mouth, clips: tuple, frames: int) -> None:
    motions, phones = clips
    late = [np.roll(motion, frames, axis=0) for motion in motions]
    assert lip_scores(mouth, late, phones).lag_ms == pytest.approx(40 * frames, abs=20)


def test_a_delay_costs_closure(mouth: Mouth, clips: tuple) -> None:
    motions, phones = clips
    late = [np.roll(motion, 4, axis=0) for motion in motions]
    assert lip_scores(mouth, late, phones).closure_auc < lip_scores(mouth, motions, phones).closure_auc - 0.3


def test_smoothing_takes_the_liveliness_and_the_closures(mouth: Mouth, clips: tuple) -> None:
    from scipy.ndimage import uniform_filter1d

    motions, phones = clips
    smooth = lip_scores(mouth, [uniform_filter1d(motion, 9, axis=0) for motion in motions], phones)
    assert smooth.liveliness < 0.5 * lip_scores(mouth, motions, phones).liveliness
    assert smooth.closed_share < 0.5


def test_only_the_first_52_columns_count_unless_asked(mouth: Mouth, clips: tuple) -> None:
    motions, phones = clips
    changed = [motion + 0.3 * (np.arange(64) >= 52) for motion in motions]
    assert lip_scores(mouth, changed, phones) == lip_scores(mouth, motions, phones)
    assert lip_scores(mouth, changed, phones, columns=None) != lip_scores(
        mouth, motions, phones, columns=None
    )


def test_liveliness_is_the_share_above_6_hz() -> None:
    time = np.arange(1000) / 25
    slow, fast = np.sin(2 * np.pi * 2 * time), np.sin(2 * np.pi * 8 * time)
    assert liveliness([slow]) < 0.05
    assert liveliness([fast]) > 0.95


def test_the_gap_is_what_the_vertices_say(mouth: Mouth) -> None:
    """One expression measured by hand on the whole head."""
    face = bfm.load("open")
    expression = np.zeros(64, np.float32)
    expression[OPEN_64.index("jawOpen")] = 0.3
    moved = 1000 * face.vertices(expression=expression)
    corners = face.mean[face.points["lip_corners"], 0]
    upper, lower = (
        moved[[i for i in face.points[name] if abs(face.mean[i, 0]) < np.ptp(corners) / 6], 1]
        for name in ("inner_lip_upper", "inner_lip_lower")
    )
    gap = mouth.measure(expression[None]).gap_mm[0]
    assert gap == pytest.approx(upper.min() - lower.max(), abs=0.3)
    assert 5 < gap < 15
