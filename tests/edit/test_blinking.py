"""Blinks go and come as asked for; what else the lids do stays."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track


def still(seconds: float, fps: float = 25) -> Track:
    frames = round(seconds * fps)
    return Track(np.zeros((frames, 64)), *[np.zeros((frames, 3))] * 2, fps=fps)


def blink_frames(take: Track) -> np.ndarray:
    lid = take.column("eyeBlinkLeft")
    peaks = (lid[1:-1] > 0.5) & (lid[1:-1] > lid[:-2]) & (lid[1:-1] >= lid[2:])
    return np.flatnonzero(peaks) + 1


@pytest.mark.parametrize("rate", [6, 15, 30])
def test_as_many_a_minute_as_asked_for(rate):
    count = np.mean([len(blink_frames(edit.blinks(still(600), rate_per_min=rate, seed=s))) for s in range(3)])
    assert count == pytest.approx(10 * rate, rel=0.15)


@pytest.mark.parametrize("fps", [24, 25, 60])
def test_lids_are_closed_when_they_are_told_to(fps):
    take = edit.blinks(still(4, fps), times_s=[1.0, 2.5])
    np.testing.assert_allclose(blink_frames(take) / fps, [1.0, 2.5], atol=0.5 / fps)
    assert take.column("eyeBlinkRight")[blink_frames(take)].min() > 0.99


def test_without_blinks_lids_follow_the_gaze_only(spoken):
    blinking = edit.blinks(spoken, times_s=[1.0, 3.0])
    lids = still(8)
    expression = lids.expression.copy()
    expression[:, [0, 7]] = (0.06 + 0.06 * np.sin(np.arange(200) / 20))[:, None]
    expression[:, [5, 6]] = 0.3
    bare = lids.replace(expression=expression)
    again = edit.without_blinks(edit.blinks(bare, rate_per_min=30, seed=3))
    assert len(blink_frames(edit.blinks(bare, rate_per_min=30, seed=3))) > 2
    np.testing.assert_allclose(again.expression, bare.expression, atol=0.03)
    assert len(blink_frames(blinking)) == 2
    assert not len(blink_frames(edit.without_blinks(blinking)))


def test_eyes_that_stay_closed_are_no_blink():
    asleep = still(3)
    expression = asleep.expression.copy()
    expression[20:60, 0] = 1
    asleep = asleep.replace(expression=expression)
    assert edit.without_blinks(asleep) == asleep


def test_others_or_more():
    had = edit.blinks(still(10), times_s=[2.0])
    np.testing.assert_allclose(blink_frames(edit.blinks(had, times_s=[5.0])) / 25, [5.0])
    np.testing.assert_allclose(blink_frames(edit.blinks(had, times_s=[5.0], keep=True)) / 25, [2.0, 5.0])
    assert not len(blink_frames(edit.blinks(had, rate_per_min=0)))


@pytest.mark.parametrize("options", [{"rate_per_min": -1}, {"rate_per_min": 500}, {"times_s": [99]}])
def test_blinks_that_are_not_possible(options):
    with pytest.raises(UserError, match="possible"):
        edit.blinks(still(2), **options)
