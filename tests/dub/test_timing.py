"""Lengths that differ."""

from __future__ import annotations

import numpy as np

from sadtalker3d.dub import dub
from sadtalker3d.dub.timing import continued, phrases, retimed
from sadtalker3d.edit.voice import Voice, voice_of_mouth

from .conftest import babble


def test_keeping_is_the_performance_itself(performance, speech):
    timing = retimed(performance, voice_of_mouth(performance), voice_of_mouth(babble(5, 2)), "keep")
    assert not timing.changes and timing.track(performance) is performance


def test_stretching_takes_the_speechs_length(performance):
    for seconds in (4, 12):
        take = dub(performance, babble(seconds, 2), fit="stretch")
        assert len(take) == seconds * 25
        np.testing.assert_allclose(take.expression[0], performance.expression[0], atol=0.5)
        middle = take.column("mouthSmileLeft")[len(take) // 2]
        assert middle > 0.35, "the smile in the middle is in the middle"


def test_pauses_meet_pauses():
    old, new = babble(8, 1, pauses=((3.0, 4.0),)), babble(10, 2, pauses=((6.0, 7.5),))
    marked = old.replace(
        rotation=np.stack([np.arange(200.0)] * 3, axis=1) / 1000
    )  # each frame knows its number
    shown = retimed(marked, voice_of_mouth(old), voice_of_mouth(new), "pauses").track(marked)
    assert len(shown) == 250
    frames = 1000 * shown.rotation[:, 0]
    assert (np.diff(frames) >= -1e-3).all(), "time never runs back"
    assert 72 < frames[round(6.75 * 25)] < 103, "the new pause shows the old one"


def test_going_on_never_freezes_and_never_jumps(performance):
    timing = continued(performance, 1000)
    longer, voice = timing.track(performance), timing.voice(voice_of_mouth(performance))
    assert len(longer) == len(voice.speaking) == 1000
    np.testing.assert_array_equal(longer.rotation[:120], performance.rotation[:120])
    usual = np.abs(np.diff(performance.rotation, axis=0)).max()
    assert np.abs(np.diff(longer.rotation, axis=0)).max() < 1.3 * usual
    still = (np.abs(np.diff(longer.rotation, axis=0)).max(axis=1) < 1e-6).sum()
    assert still <= 5 * (np.abs(np.diff(performance.rotation, axis=0)).max(axis=1) < 1e-6).sum()


def test_going_on_comes_back_where_the_head_is_alike():
    track = babble(10, 1)
    time = np.arange(250) / 25
    # the same turn twice, from 1 s and from 7 s on, and elsewhere far away
    turn = np.interp(time, [0, 1, 2, 3, 7, 8, 9, 10], [0.5, 0, 0.2, -0.6, 0, 0.2, -0.6, 0.9])
    track = track.replace(rotation=np.stack([0 * time, turn, 0 * time], axis=1))
    timing = continued(track, 400)
    first = int(np.flatnonzero(timing.share)[0])
    jump = timing.other[first] - timing.at[first]
    assert jump == 150, "from the second turn into the first"
    assert np.abs(np.diff(timing.track(track).rotation[:, 1])).max() < 1.05 * np.abs(np.diff(turn)).max()


def test_phrases_bridge_short_gaps():
    speaking = np.zeros(100)
    speaking[10:30] = speaking[33:50] = speaking[70:90] = 1
    np.testing.assert_array_equal(phrases(speaking, 25), [[10, 50], [70, 90]])
    assert len(phrases(np.zeros(20), 25)) == 0
    assert isinstance(Voice(speaking, speaking), Voice)
