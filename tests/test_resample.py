"""Live resampling: the sound it was, soon, however it is cut."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.resample import REACH_S, Resampler

RATES_HZ = [8000, 11025, 22050, 44100, 48000, 192000]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_tone_stays_that_tone(rate_hz: int) -> None:
    resampler = Resampler(rate_hz)
    made = resampler.hear(np.sin(2 * np.pi * 1000 * np.arange(rate_hz) / rate_hz))
    assert len(made) >= 16000 * (1 - REACH_S) - 2
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(made)) / 16000)
    np.testing.assert_allclose(made[100:-100], expected[100:-100], atol=2e-3)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_pieces_change_nothing(rate_hz: int) -> None:
    wave = np.random.default_rng(0).standard_normal(rate_hz // 4)
    whole, pieces = Resampler(rate_hz), Resampler(rate_hz)
    together = np.concatenate([whole.hear(wave), whole.finish()])
    parts = [pieces.hear(part) for part in np.split(wave, [1, 2, 5, 99, 100, 1000, 1001])]
    np.testing.assert_array_equal(np.concatenate([*parts, pieces.finish()]), together)
    assert len(together) == -(-len(wave) * 16000 // rate_hz)


def test_what_16_khz_cannot_hold_does_not_fold_back() -> None:
    made = Resampler(48000).hear(np.sin(2 * np.pi * 9000 * np.arange(48000) / 48000))
    assert np.abs(made[100:]).max() < 0.002


def test_16_khz_passes_untouched() -> None:
    wave = np.random.default_rng(0).standard_normal(100)
    assert Resampler(16000).hear(wave) is wave


@pytest.mark.parametrize("rate_hz", [0, 7999, 192001, "16000", True])
def test_rates_that_cannot_be_used(rate_hz: object) -> None:
    with pytest.raises(UserError, match=str(rate_hz)):
        Resampler(rate_hz)  # type: ignore[arg-type]
