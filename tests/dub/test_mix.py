"""The new mouth in the old performance: what is taken, what is left, what is gone."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sadtalker3d.dub import DubConfig, dub
from sadtalker3d.edit import REGIONS, resample
from sadtalker3d.edit.voice import lip_opening_mm
from sadtalker3d.errors import UserError
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track

from .conftest import FPS, babble

MOUTH = [OPEN_64.index(name) for name in REGIONS["mouth"]]
OTHERS = [i for i in range(64) if i not in MOUTH]


def band_energy(values: np.ndarray, low_hz: float = 3, high_hz: float = 8) -> float:
    """Energy of (T,) values between two frequencies."""
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    at_hz = np.fft.rfftfreq(len(values), 1 / FPS)
    return float(power[(at_hz >= low_hz) & (at_hz <= high_hz)].sum())


def test_everything_but_the_mouth_is_the_performances(performance, speech):
    take = dub(performance, speech, config=DubConfig(soften=0))
    np.testing.assert_array_equal(take.expression[:, OTHERS], performance.expression[:, OTHERS])
    np.testing.assert_array_equal(take.rotation, performance.rotation)
    np.testing.assert_array_equal(take.translation, performance.translation)


def test_the_mouth_says_the_new_words(performance, speech):
    take = dub(performance, speech)
    np.testing.assert_allclose(take.column("jawOpen"), speech.column("jawOpen"), atol=1e-6)
    best = max(range(-5, 6), key=lambda k: np.dot(np.roll(lip_opening_mm(take), -k), lip_opening_mm(speech)))
    assert best == 0, "not a frame late or early"


def test_old_words_are_gone_and_the_smile_stays(performance):
    silence = Track(np.zeros((200, 64)), np.zeros((200, 3)), np.zeros((200, 3)))
    take = dub(performance, silence)
    for name in ("jawOpen", "mouthStretchLeft"):
        left = band_energy(take.column(name)) / band_energy(performance.column(name))
        assert left < 0.01, f"{name}: {left:.3f} of the old words' motion"
    smile = take.column("mouthSmileLeft")
    assert smile[100] == pytest.approx(0.5, abs=0.02) and smile[10] < 0.02
    assert dub(performance, silence, config=DubConfig(tension=0)).column("mouthSmileLeft").max() == 0


def test_lips_that_meet_still_meet_under_a_sneer(speech):
    sneer = babble(8, 1)
    expression = sneer.expression.copy()
    expression[:, [OPEN_64.index("mouthUpperUpLeft"), OPEN_64.index("mouthUpperUpRight")]] = 0.6
    take = dub(sneer.replace(expression=expression), speech)
    closed = (lip_opening_mm(speech) < 0.1) & (np.arange(200) < 100)
    assert closed.sum() > 10
    assert take.column("mouthUpperUpLeft")[closed].max() < 0.25, "it gives way where the voice speaks"
    assert take.column("mouthUpperUpLeft")[124] > 0.3, "and comes back in the pause"


def test_a_line_leaves_the_rest_untouched(performance, speech):
    take = dub(performance, speech, start_s=2.0, end_s=4.0)
    outside = np.r_[0:50, 100:200]
    for part in ("expression", "rotation", "translation"):
        np.testing.assert_array_equal(getattr(take, part)[outside], getattr(performance, part)[outside])
    np.testing.assert_allclose(take.column("jawOpen")[60:90], speech.column("jawOpen")[10:40], atol=1e-6)
    steps = np.abs(np.diff(take.column("jawOpen")))
    usual = max(np.abs(np.diff(t.column("jawOpen"))).max() for t in (performance, speech))
    assert steps[48:102].max() <= usual + 1e-6, "no jump at the seams"


def test_accents_of_old_words_calm_down_where_the_new_voice_is_silent(performance):
    silence = Track(np.zeros((200, 64)), np.zeros((200, 3)), np.zeros((200, 3)))
    still = dub(performance, silence, config=DubConfig(soften=1))
    nods = [np.abs(np.diff(t.rotation[:, 0])).mean() for t in (still, performance)]
    assert nods[0] < 0.6 * nods[1]
    turns = [np.ptp(t.rotation[:, 1]) for t in (still, performance)]
    assert turns[0] > 0.8 * turns[1], "the posture stays"


def test_a_longer_speech_does_not_freeze_the_face(performance):
    take = dub(performance, babble(20, 3))
    assert len(take) == 500
    late = take.rotation[250:]
    assert np.abs(np.diff(late, axis=0)).max(axis=1).min() >= 0 and np.ptp(late, axis=0)[:2].min() > 0.1
    jumps = np.abs(np.diff(take.rotation, axis=0)).max()
    assert jumps <= 1.2 * np.abs(np.diff(performance.rotation, axis=0)).max()
    blinks = take.column("eyeBlinkLeft")[250:]
    assert blinks.max() > 0.9


def test_another_frame_rate(performance, speech):
    take = dub(performance, resample(speech, 60))
    assert (take.fps, len(take)) == (25, 200)
    np.testing.assert_allclose(take.column("jawOpen"), speech.column("jawOpen"), atol=0.05)


def test_gains(performance, speech):
    take = dub(performance, speech, config=DubConfig(gains={"jaw": 0.5}))
    np.testing.assert_allclose(take.column("jawOpen"), 0.5 * speech.column("jawOpen"), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"start_s": 9.0}, "cannot dub from 9.0 to 8"),
        ({"start_s": -1.0}, "cannot dub from -1"),
        ({"start_s": 3.0, "end_s": 2.0}, "cannot dub from 3.0 to 2.0"),
        ({"fit": "rubber"}, "'rubber' is no way to fit"),
        ({"config": DubConfig(tension=float("nan"))}, "tension is nan"),
        ({"config": DubConfig(gains={"brows": 1.2})}, "a gain for 'brows' does nothing"),
        ({"config": DubConfig(gains={"wing": 1.2})}, "unknown part 'wing'"),
    ],
)
def test_what_cannot_be_done_is_said(performance, speech, options, says):
    with pytest.raises(UserError, match=says):
        dub(performance, speech, **options)


def test_another_space_is_refused(performance, speech):
    basel = Track(speech.expression, speech.rotation, speech.translation, space="basel")
    with pytest.raises(UserError, match="needs a track in the 'open' space"):
        dub(performance, basel)


def test_silence_and_one_frame(performance):
    one = Track(np.zeros((1, 64)), np.zeros((1, 3)), np.zeros((1, 3)))
    assert len(dub(performance, one)) == len(performance)
    assert len(dub(one, performance)) == len(performance)
    for fit in ("stretch", "pauses"):
        assert len(dub(performance, one, fit=fit)) == 1


def test_it_is_quick_enough_for_a_slider(performance):
    long = babble(60, 5)
    start = time.perf_counter()
    dub(long, babble(60, 6))
    assert time.perf_counter() - start < 5, "a fifth of a second on a quiet machine: see bench_dub"
