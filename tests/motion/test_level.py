"""Levels far from usual are brought near it; usual ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.mel import frame_windows, mel_spectrogram
from sadtalker3d.motion.level import FOR_HEAD, FOR_LIPS, Louder, Range, gain_db
from sadtalker3d.motion.silence import group_levels


def noise(loudness: float) -> np.ndarray:
    return mel_spectrogram(loudness * np.random.default_rng(0).standard_normal(32000))


def levels(mel: np.ndarray) -> np.ndarray:
    return group_levels(frame_windows(mel, 0, int(mel.shape[1] / 3.2)))


@pytest.mark.parametrize("wanted", [FOR_LIPS, FOR_HEAD], ids=["lips", "head"])
@pytest.mark.parametrize("loudness", [1e-3, 0.01, 0.3])
def test_any_level_comes_into_the_range(loudness: float, wanted: Range) -> None:
    mel = noise(loudness)
    brought = np.concatenate(list(Louder([mel], gain_db(levels(mel), wanted))), axis=1)
    loud_db = np.percentile(levels(brought).max(axis=1), 95)
    assert wanted.quietest_db - 0.2 <= loud_db <= wanted.loudest_db + 0.2


def test_usual_levels_and_silence_stay() -> None:
    usual = levels(noise(0.01))
    usual -= usual.max() + 5
    assert gain_db(usual, FOR_LIPS) == 0
    silence = np.full((80, 100), -4.0, np.float32)
    np.testing.assert_array_equal(next(iter(Louder([silence], 30.0))), silence)
    assert gain_db(np.zeros((0, 8)), FOR_LIPS) == 0
