"""An emotion changes the face and not what is said: measured at the lips of the head."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d import edit
from sadtalker3d.edit.emotions import EMOTIONS
from sadtalker3d.edit.eyes import gaze_angles_deg
from sadtalker3d.edit.voice import OPENS_MM, Voice, lip_opening_mm, voice_of_mouth, voice_of_sound
from sadtalker3d.errors import UserError
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track


@pytest.fixture(scope="module")
def mouth() -> Mouth:
    return Mouth.of(bfm.load("open"))


def constant(frames: int, loudness: float, speaking: float) -> Voice:
    return Voice(np.full(frames, loudness), np.full(frames, speaking))


@pytest.mark.parametrize("name", EMOTIONS)
@pytest.mark.parametrize("intensity", [0.6, 1.0])
def test_lips_that_meet_still_meet_and_vowels_still_open(spoken, mouth, name, intensity):
    before = mouth.measure(spoken.expression).gap_mm
    after = mouth.measure(edit.emotion(spoken, name, intensity).expression).gap_mm
    closed = (before < 1) & (voice_of_mouth(spoken).speaking > 0.9)
    assert closed.sum() > 20
    assert after[closed].max() < 1
    assert np.corrcoef(before, after)[0, 1] > 0.88
    assert np.percentile(after, 95) > 0.8 * np.percentile(before, 95)


@pytest.mark.parametrize("name", EMOTIONS)
def test_it_is_seen(spoken, name):
    after = edit.emotion(spoken, name, 0.6)
    assert np.abs(after.expression - spoken.expression).mean(axis=0).max() > 0.3
    assert after.expression.min() >= min(0.0, float(spoken.expression.min()))
    assert after.expression.max() <= max(1.0, float(spoken.expression.max()))
    assert edit.emotion(spoken, name, 0).expression == pytest.approx(spoken.expression, abs=1e-6)


def test_each_moves_its_own_parts():
    rest = Track(np.zeros((50, 64)), *[np.zeros((50, 3))] * 2)
    silent = constant(50, 0.5, 0)

    def mean(name, column):
        return edit.emotion(rest, name, 0.8, voice=silent).column(column).mean()

    for column, strongest in (
        ("mouthSmileLeft", "joy"), ("browDownRight", "anger"), ("mouthFrownLeft", "sadness"),
        ("mouthStretchRight", "fear"), ("browOuterUpLeft", "surprise"), ("noseSneerLeft", "disgust"),
    ):  # fmt: skip
        assert max(EMOTIONS, key=lambda name, c=column: mean(name, c)) == strongest


def test_it_grows_with_the_voice():
    rest = Track(np.zeros((50, 64)), *[np.zeros((50, 3))] * 2)
    quiet, loud = (edit.emotion(rest, "anger", 0.4, voice=constant(50, x, 1)) for x in (0, 1))
    assert loud.column("browDownLeft").mean() > 1.3 * quiet.column("browDownLeft").mean()


def test_lids_still_close(spoken):
    blinking = edit.blinks(spoken, times_s=[3.0])
    closed = edit.emotion(blinking, "fear", 1.0)
    assert closed.column("eyeBlinkLeft")[75] > 0.99
    assert closed.column("eyeWideLeft")[75] < 0.05


def test_eyes_stay_on_what_they_looked_at():
    take = edit.gaze_at(Track(np.zeros((50, 64)), *[np.zeros((50, 3))] * 2))
    angry = edit.emotion(take, "anger", 0.6)
    pitch = np.degrees(angry.rotation[:, 0])
    assert pitch.mean() > 3
    np.testing.assert_allclose(
        gaze_angles_deg(angry)[:, 0, 1], gaze_angles_deg(take)[:, 0, 1] - pitch, atol=1e-3
    )


def test_a_part_of_the_take_fades_in_and_out(spoken):
    out = edit.emotion(spoken, "joy", 0.8, start_s=2, end_s=4, fade_s=0.5)
    np.testing.assert_array_equal(out.expression[:50], spoken.expression[:50])
    np.testing.assert_allclose(out.expression[101:], spoken.expression[101:], atol=1e-6)
    smile = out.column("mouthSmileLeft") - spoken.column("mouthSmileLeft")
    assert smile[70] > 0.3
    assert np.abs(np.diff(smile)).max() < 0.2  # 0.7 in half a second


def test_seeds_differ_a_little_and_rates_do_not(spoken):
    a, b, c = (edit.emotion(spoken, "disgust", 0.6, seed=seed) for seed in (1, 1, 2))
    assert a == b
    assert 0.001 < np.abs(a.expression - c.expression).mean() < 0.05
    voice = constant(len(spoken), 0.5, 1)
    twice = edit.resample(spoken, 50)
    fast = edit.emotion(twice, "joy", 0.6, voice=constant(len(twice), 0.5, 1), seed=1)
    slow = edit.emotion(spoken, "joy", 0.6, voice=voice, seed=1)
    apart = np.abs(fast.expression[::2] - slow.expression)
    assert apart.mean() < 0.002
    assert apart.max() < 0.15  # lips that part: frames of 40 ms know it a little earlier or later


def test_the_opening_is_the_heads(spoken, mouth):
    for name in OPEN_64:
        one = np.zeros((1, 64))
        one[0, OPEN_64.index(name)] = 1.0
        gap = mouth.measure(one).gap_mm[0]
        assert gap < 1.2 or gap == pytest.approx(OPENS_MM[name], abs=0.5), name
    error = lip_opening_mm(spoken) - mouth.measure(spoken.expression).gap_mm
    assert np.abs(error).mean() < 1


def test_a_voice_is_heard_where_it_is():
    levels = np.full((100, 8), -50.0, np.float32)
    levels[40:60] = 0
    t = Track(np.zeros((60, 64)), *[np.zeros((60, 3))] * 2, fps=30)
    voice = voice_of_sound(levels, t, start_s=1.0)
    loudest = int(voice.loudness.argmax()) / 30 + 1.0
    assert 1.6 < loudest < 2.4
    assert voice.speaking[25] > 0.9
    assert voice.loudness[-1] < 0.1  # frame 59 is 2.97 s, beyond the word


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: edit.emotion(t, "happy"), "joy, anger, sadness"),
        (lambda t: edit.emotion(t, "joy", 1.5), "choose 0 to 1"),
        (lambda t: edit.emotion(t, "joy", float("nan")), "choose 0 to 1"),
        (lambda t: edit.emotion(t, "joy", start_s=3, end_s=2), "the later one last"),
        (lambda t: edit.emotion(t, "joy", start_s=99), "the later one last"),
        (lambda t: edit.emotion(t.replace(space="basel", names=()), "joy"), "'open' space"),
    ],
)
def test_moods_that_are_not_possible(spoken, call, message):
    with pytest.raises(UserError, match=message):
        call(spoken)
