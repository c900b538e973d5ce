"""The head measures on motion whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.evaluate.head import (
    FPS,
    HeadTake,
    border_jump,
    distances,
    drift,
    head_numbers,
    loudness_correlation,
    seed_spread,
    speech_over_pause,
)


def wave(hertz: float, degrees: float, seconds: float = 30.0) -> np.ndarray:
    """All three axes swing alike: (T, 3) radians."""
    t = np.arange(int(seconds * FPS)) / FPS
    return np.radians(degrees * np.sin(2 * np.pi * hertz * t))[:, None].repeat(3, axis=1)


def walk(seed: int, frames: int = 3000) -> np.ndarray:
    """Random motion that keeps near rest."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(np.random.default_rng(seed).standard_normal((frames, 3)), 6, axis=0) * 0.2


def test_numbers_of_a_sine() -> None:
    numbers = head_numbers([HeadTake(wave(1.4, 5.0))])
    assert numbers.spread_deg == pytest.approx((5 / np.sqrt(2),) * 3, rel=0.03)
    assert numbers.range_deg == pytest.approx((10.0,) * 3, rel=0.02)
    speed_rms = 5 * 2 * np.pi * 1.4 / np.sqrt(2)
    assert numbers.velocity_rms_deg_s == pytest.approx((speed_rms,) * 3, rel=0.02)
    assert numbers.spectrum[1] > 0.95
    assert np.isnan(numbers.loudness_r)


def test_distance_of_a_set_to_itself_is_zero_and_grows_with_the_gain() -> None:
    real = [HeadTake(walk(0)), HeadTake(walk(1))]
    assert distances(real, real)["speed"] == (0.0, 0.0, 0.0)
    calm, calmer = (distances([HeadTake(g * t.rotation) for t in real], real) for g in (0.8, 0.4))
    for name in ("angle", "speed", "acceleration"):
        assert all(a < b for a, b in zip(calm[name], calmer[name], strict=True))


def test_a_head_that_leads_the_voice() -> None:
    rng = np.random.default_rng(2)
    from scipy.ndimage import gaussian_filter1d

    loud = gaussian_filter1d(rng.standard_normal(3006), 4)
    pace = np.maximum(0, 1 + 3 * loud[6:])[:, None] * [1.0, 0, 0]
    rotation = np.cumsum(pace * 0.01, axis=0)
    lags, r = loudness_correlation([HeadTake(rotation, loud[:3000])])
    assert lags[r.argmax()] in (6, 7)  # speed is measured between frames
    assert r.max() > 0.7
    lags, r = loudness_correlation([HeadTake(walk(5), loud[:3000])])
    assert np.abs(r).max() < 0.25


def test_speech_over_pause() -> None:
    speaking = np.repeat(np.tile([1.0, 0.0], 20), 50)
    rotation = np.cumsum(np.where(speaking > 0, 0.02, 0.01))[:, None] * [1.0, 0, 0]
    assert speech_over_pause([HeadTake(rotation, speaking)]) == pytest.approx(2.0, rel=0.02)


def test_a_jump_at_every_32nd_frame_shows() -> None:
    smooth = walk(3)
    jumps = np.random.default_rng(0).standard_normal((len(smooth) // 32 + 1, 3)) * 0.05
    jumpy = smooth + np.cumsum(jumps, axis=0)[np.maximum(np.arange(len(smooth)) - 1, 0) // 32]
    assert border_jump([HeadTake(smooth)]) == pytest.approx(1.0, abs=0.1)
    assert border_jump([HeadTake(jumpy)]) > 2


def test_seeds() -> None:
    same = [HeadTake(walk(0))] * 3
    assert seed_spread(same) == pytest.approx(0, abs=1e-6)
    assert seed_spread([HeadTake(walk(seed)) for seed in range(5)]) == pytest.approx(1.0, abs=0.1)


def test_drift() -> None:
    away = np.linspace(0, np.radians(20), 10 * 60 * FPS)[:, None] * [0.0, 1.0, 0.0]
    assert drift(HeadTake(away)) == pytest.approx(19.0, abs=0.1)
    assert drift(HeadTake(wave(1.0, 5.0, 600))) < 0.1
