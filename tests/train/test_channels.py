"""A channel changes how speech sounds, not when: bursts stay where they were, to 5 ms."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.train.channels import CHANNELS, through

BURSTS_S = (0.3, 0.75, 1.1)


def bursts() -> np.ndarray:
    """Three short vowels of 150 Hz with two formants, in silence."""
    t = np.arange(24000) / 16000
    wave = sum(np.sin(2 * np.pi * 150 * k * t) / (1 + abs(k * 150 - 700) / 300) for k in range(1, 25))
    gate = sum((t >= start) & (t < start + 0.12) for start in BURSTS_S)
    return (0.05 * wave * gate).astype(np.float32)


@pytest.mark.parametrize("channel", sorted(CHANNELS))
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bursts_stay_where_they_were(channel: str, seed: int) -> None:
    wave = bursts()
    heard = through(channel, wave, np.random.default_rng(seed))
    assert heard.shape == wave.shape
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    level = np.sqrt(np.convolve(np.square(heard), np.ones(80) / 80, "same"))
    loud = level > 0.3 * np.quantile(level, 0.95)
    for start in BURSTS_S:
        near = np.flatnonzero(loud[int((start - 0.1) * 16000) : int((start + 0.1) * 16000)])
        assert near[0] / 16000 - 0.1 == pytest.approx(0.0, abs=0.012 if channel == "telephone" else 0.008)


def test_a_telephone_has_no_top_and_a_weak_bottom() -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(32000)
    heard = through("telephone", noise, np.random.default_rng(1))
    power = np.square(np.abs(np.fft.rfft(heard)))
    hertz = np.fft.rfftfreq(len(heard), 1 / 16000)
    middle = power[(hertz > 800) & (hertz < 2500)].mean()
    assert power[hertz > 4500].mean() < 1e-3 * middle
    assert power[hertz < 80].mean() < 0.1 * middle


def test_a_low_level_is_low_and_a_compressor_lifts_the_quiet() -> None:
    rng = np.random.default_rng(0)
    wave = bursts()
    wave[16000:20000] += 0.001 * rng.standard_normal(4000).astype(np.float32)
    assert np.std(through("low_level", wave, rng)) < 0.12 * np.std(wave)
    lifted = through("compressed", wave, rng)
    assert np.std(lifted[19900:20000]) > 1.2 * np.std(wave[19900:20000])
