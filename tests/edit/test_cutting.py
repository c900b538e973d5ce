"""Loops go on where they end; a part knows the place in the sound it came from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track
from tests.edit.test_edit import rows, track


def test_a_part_of_a_part_is_where_it_is_in_the_sound():
    t = track(100)
    part = edit.trim(edit.trim(t, 1, 4), 0.48, 2)
    assert edit.sound_start(part) == ("a.wav", pytest.approx(1.48))
    assert edit.sound_start(edit.trim(t, 0, 2)) == ("a.wav", 0)
    assert edit.sound_start(t.replace(audio=None)) is None


@given(st.integers(1, 4), st.integers(0, 9))
@settings(deadline=None, max_examples=20)
def test_a_loop_meets_its_own_beginning_as_softly_as_it_moves(times, seed):
    t = edit.smooth(track(120, seed=seed), 0.2)
    out = rows(edit.loop(t, times, blend_s=0.6))
    assert len(out) == times * (120 - 15)
    usual = np.abs(np.diff(rows(t), axis=0)).max(axis=0)
    apart = np.abs(rows(t)[-15:] - rows(t)[:15]).max(axis=0)  # what the blend has to bridge in 15 frames
    round_about = np.abs(out - np.roll(out, 1, axis=0))
    assert (round_about <= usual + 1.6 * apart / 15 + 1e-6).all()


def test_the_first_frame_goes_on_from_the_last():
    ramp = np.linspace(0, 1, 101)[:, None]
    out = edit.loop(Track(np.tile(ramp, 64), *[np.zeros((101, 3))] * 2), blend_s=0.4)
    values = out.column("jawOpen")
    assert abs(values[0] - values[-1]) < 0.02  # cut hard it would be 0.9
    np.testing.assert_allclose(values[10:], ramp[10:91, 0], atol=1e-6)


@given(st.floats(0.7, 20), st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_a_loop_has_the_length_that_is_asked_for(length_s, seed):
    t = track(60, seed=seed)
    out = edit.loop(t, length_s=length_s, blend_s=0.5)
    assert len(out) == round(length_s * 25)
    assert out.audio is None
    assert edit.sound_start(out) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: edit.loop(t, 0), "0 rounds"),
        (lambda t: edit.loop(t, 1.5), "whole number"),
        (lambda t: edit.loop(t, blend_s=1.5), "more than half the track"),
        (lambda t: edit.loop(t, blend_s=-1), "0 or more"),
        (lambda t: edit.loop(t, length_s=0.1), "shorter than its blend"),
        (lambda t: edit.loop(t, length_s=float("nan")), "shorter than its blend"),
        (lambda t: edit.loop(t, length_s=1e9), "more than a day"),
        (lambda t: edit.loop(t, 10**9), "more than a day"),
    ],
)
def test_loops_that_are_not_possible(call, message):
    with pytest.raises(UserError, match=message):
        call(track())
