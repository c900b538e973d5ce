"""Accents are the loud syllables, pauses begin where the sound ends."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.motion.prosody import hear_prosody, mean_around, spans


def levels(*parts: tuple[float, float]) -> np.ndarray:
    """(T, 8) dB from (seconds, dB)."""
    return np.repeat([db for _, db in parts], [round(s * 25) for s, _ in parts])[:, None] * np.ones(8)


QUIET, LOUD = -50.0, -10.0


def test_phrases_and_pauses_begin_where_the_sound_does() -> None:
    heard = hear_prosody(levels((1, QUIET), (2, LOUD), (0.4, QUIET), (2, LOUD), (1, QUIET)))
    assert heard.phrase_starts.tolist() == [25, 85]
    assert heard.phrase_ends.tolist() == [75, 135]
    assert heard.speaking.sum() == 100


def test_a_stop_is_no_pause_and_a_click_is_no_phrase() -> None:
    heard = hear_prosody(
        levels((1, QUIET), (2, LOUD), (0.12, QUIET), (2, LOUD), (2, QUIET), (0.04, LOUD), (1, QUIET))
    )
    assert heard.phrase_starts.tolist() == [25] and heard.phrase_ends.tolist() == [128]


def test_accents_are_louder_than_what_is_spoken_around_them() -> None:
    sound = levels((1, QUIET), (6, -25.0), (1, QUIET))
    syllables = np.array([50, 80, 110, 140])
    for frame, db in zip(syllables, (-10.0, -24.0, -10.0, -17.0), strict=True):
        sound[frame - 2 : frame + 3] = db
    prominence = hear_prosody(sound).prominence
    assert np.flatnonzero(prominence).tolist() == [50, 110, 140]
    assert prominence[50] == 1 and 0 < prominence[140] < 0.7


def test_louder_recordings_have_the_same_accents() -> None:
    rng = np.random.default_rng(0)
    sound = levels((1, QUIET), (6, -25.0), (1, QUIET)) + np.repeat(6 * rng.standard_normal(40), 5)[:, None]
    np.testing.assert_allclose(hear_prosody(sound).prominence, hear_prosody(sound + 5).prominence, atol=1e-9)


def test_a_face_stays_awake_in_short_pauses_and_rests_in_long_ones() -> None:
    active = hear_prosody(levels((3, QUIET), (2, LOUD), (0.8, QUIET), (2, LOUD), (4, QUIET))).active
    assert (active[75:195] > 0.99).all()
    assert not active[:55].any() and not active[-60:].any()
    assert np.abs(np.diff(active)).max() < 0.15


@pytest.mark.parametrize("frames", [1, 2, 5, 30])
def test_any_length(frames: int) -> None:
    for db in (QUIET, LOUD):
        heard = hear_prosody(np.full((frames, 8), db))
        assert len(heard) == len(heard.active) == len(heard.speaking) == frames


def test_spans() -> None:
    starts, ends = spans(np.array([1, 1, 0, 1, 0], bool))
    assert starts.tolist() == [0, 3] and ends.tolist() == [2, 4]


def test_mean_around_keeps_a_constant_and_takes_the_mean() -> None:
    np.testing.assert_allclose(mean_around(np.full(9, 3.0), 0.2), 3.0)
    assert mean_around(np.eye(1, 21, 10)[0], 0.2)[10] == pytest.approx(1 / 5)
