"""A listener is stiller than a speaker, breathes, leaves speech alone and wakes before it."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.motion.listener import DEFAULT, as_listener, listening

FPS = 25


def voice(*pauses_s: tuple[float, float], length_s: float = 20.0) -> np.ndarray:
    spoken = np.ones(round(length_s * FPS), bool)
    for start, end in pauses_s:
        spoken[round(start * FPS) : round(end * FPS)] = False
    return spoken


def test_pauses_within_speech_are_the_speakers() -> None:
    assert not listening(voice((3, 4), (8, 9.9))).any()


def test_settled_after_four_seconds_and_awake_before_the_voice() -> None:
    share = listening(voice((5, 12)))
    assert not share[: 7 * FPS].any() and share[9 * FPS + 1] == 1
    awake = round((12 - DEFAULT.ahead_s) * FPS)
    assert not share[awake:].any() and share[awake - round(DEFAULT.waking_s * FPS)] == 1
    assert np.abs(np.diff(share)).max() < 0.1


@pytest.mark.parametrize("pause", [(0, 6), (14, 20)])
def test_silence_at_either_end_is_listened_to(pause: tuple[float, float]) -> None:
    share = listening(voice(pause))
    assert share[0 if pause[0] == 0 else -1] == 1


def test_a_listener_moves_less_in_proportion() -> None:
    rng = np.random.default_rng(0)
    sway = np.cumsum(rng.standard_normal((500, 6)), axis=0) * 0.01
    sway -= sway.mean(axis=0)
    pose = as_listener(sway, np.zeros(500, bool), rng)
    assert pose.dtype == np.float32
    np.testing.assert_allclose(pose[:, 1:4], DEFAULT.stillness * sway[:, 1:4], rtol=1e-5)
    spoken = np.ones(500, bool)
    np.testing.assert_array_equal(as_listener(sway, spoken, rng), sway.astype(np.float32))


def test_a_still_head_breathes_a_dozen_times_a_minute() -> None:
    pose = as_listener(np.zeros((1500, 6)), np.zeros(1500, bool), np.random.default_rng(1))
    assert not pose[0].any() and 0.1 < np.degrees(np.abs(pose[:, 0]).max()) < 0.5
    breaths = (np.diff(np.sign(pose[:, 4])) > 0).sum()
    assert 11 <= breaths <= 19


def test_no_frames() -> None:
    assert as_listener(np.zeros((0, 6)), np.zeros(0, bool), np.random.default_rng(0)).shape == (0, 6)
