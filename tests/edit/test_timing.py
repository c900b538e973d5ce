"""Other rates and lengths: the same motion, and lips that meet do not part or pass through each other."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

import bfm
from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.mouth import Mouth
from sadtalker3d.track import Track
from tests.edit.test_edit import rows, track


@pytest.mark.parametrize(
    ("said", "exact"),
    [
        (23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)), (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)), (119.88, Fraction(120000, 1001)), (24, Fraction(24)), (25, Fraction(25)),
        (48, Fraction(48)), (29.9, Fraction("29.9")),
    ],
)  # fmt: skip
def test_television_rates_are_exact(said, exact):
    assert edit.resample(track(), said).fps == pytest.approx(float(exact), rel=1e-14)


def test_an_hour_at_a_television_rate_ends_with_the_sound():
    t = Track(np.zeros((90_000, 64)), *[np.zeros((90_000, 3))] * 2)
    assert edit.resample(t, 29.97, between="linear").duration_s == pytest.approx(3600, abs=0.5 / 29.97)


@given(st.integers(3, 60), st.floats(5, 120), st.integers(0, 5))
@settings(deadline=None, max_examples=30)
def test_smooth_is_the_monotone_cubic(frames, fps, seed):
    t = track(frames, seed=seed)
    out = edit.resample(t, fps)
    at = np.minimum(np.arange(len(out)) * 25 / out.fps, frames - 1)
    np.testing.assert_allclose(rows(out), PchipInterpolator(np.arange(frames), rows(t))(at), atol=2e-6)


@pytest.mark.parametrize("fps", [24, 30, 48, 60, 120])
def test_there_and_back_is_close(spoken, fps):
    back = edit.resample(edit.resample(spoken, fps), 25)
    error = rows(back)[: len(spoken)] - rows(spoken)[: len(back)]
    straight = edit.resample(edit.resample(spoken, fps, between="linear"), 25, between="linear")
    worse = rows(straight)[: len(spoken)] - rows(spoken)[: len(straight)]
    assert np.sqrt(np.square(error).mean()) < min(0.007, 0.7 * np.sqrt(np.square(worse).mean()))


@pytest.mark.parametrize("fps", [30, 60, 120])
def test_lips_do_not_pass_through_each_other(spoken, fps):
    mouth = Mouth.of(bfm.load("open"))
    before, out = mouth.measure(spoken.expression).gap_mm, edit.resample(spoken, fps)
    at = np.minimum((np.arange(len(out)) * 25 / fps).astype(int), len(spoken) - 2)
    lowest = np.minimum(before[at], before[at + 1])
    assert (mouth.measure(out.expression).gap_mm > lowest - 0.15).all()


@given(st.floats(0.2, 20), st.integers(1, 80))
@settings(deadline=None, max_examples=30)
def test_retiming_gives_the_length(length_s, frames):
    t = track(frames)
    out = edit.retime(t, length_s)
    assert len(out) == max(round(length_s * 25), 1)
    assert out.fps == 25
    np.testing.assert_array_equal(rows(out)[0], rows(t)[0])
    assert (rows(out).max(0) <= rows(t).max(0) + 1e-6).all()
    assert out.audio == ("a.wav" if len(out) == frames else None)


def test_half_as_long_is_twice_as_fast():
    wave = np.sin(np.arange(200) / 25)[:, None]
    out = edit.retime(Track(np.tile(wave, 64), *[np.zeros((200, 3))] * 2), 4)
    np.testing.assert_allclose(out.column("jawOpen"), np.sin(np.arange(100) / 12.5), atol=1e-3)


@pytest.mark.parametrize("length_s", [0, -1, float("nan"), 1e9])
def test_lengths_that_are_not_possible(length_s):
    with pytest.raises(UserError, match="length of"):
        edit.retime(track(), length_s)


def test_a_way_between_frames_that_is_unknown():
    with pytest.raises(UserError, match="choose smooth or linear"):
        edit.resample(track(), 30, between="cubic")
