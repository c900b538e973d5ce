"""Brows rise on accents, now and then, gently, and not in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.audio import frame_windows, mel_spectrogram, open_audio
from sadtalker3d.motion.brows import brow_raises
from sadtalker3d.motion.silence import group_levels, speech_gate
from sadtalker3d.rig.arkit import OPEN_64

INNER = OPEN_64.index("browInnerUp")


@pytest.fixture(scope="module")
def levels() -> np.ndarray:
    """A minute of real speech."""
    speech = Path(__file__).parents[2] / "samples" / "speech.wav"
    wave = np.tile(open_audio(speech).read(), 10)
    return group_levels(frame_windows(mel_spectrogram(wave), 0, 1500))


def raises(inner: np.ndarray) -> np.ndarray:
    return np.flatnonzero((inner[1:] > 0) & (inner[:-1] == 0))


def test_real_speech_raises_them_now_and_then(levels: np.ndarray) -> None:
    brows = brow_raises(levels, speech_gate(levels), np.random.default_rng(0))
    assert brows.shape == (1500, 64) and brows.dtype == np.float32
    assert 6 <= len(raises(brows[:, INNER])) <= 40  # a minute
    assert 0.1 < brows.max() <= 0.45
    assert np.abs(np.diff(brows[:, INNER])).max() < 0.15  # no twitch
    assert not np.delete(
        brows, [OPEN_64.index(f"brow{n}") for n in ("InnerUp", "OuterUpLeft", "OuterUpRight")], 1
    ).any()


def test_seeded(levels: np.ndarray) -> None:
    gate = speech_gate(levels)
    a, b, c = (brow_raises(levels, gate, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_louder_moments_are_where_they_rise() -> None:
    levels = np.full((500, 8), -20.0)
    accents = np.arange(50, 500, 50)
    levels[(accents[:, None] + np.arange(-2, 3)).ravel()] = -8.0
    gate = np.ones(500)
    inner = sum(brow_raises(levels, gate, np.random.default_rng(s))[:, INNER] for s in range(20))
    assert all(inner[a] > 2 * inner[a - 15] for a in accents)


def test_silence_and_single_frames() -> None:
    rng = np.random.default_rng(0)
    assert not brow_raises(np.full((100, 8), -50.0), np.zeros(100), rng).any()
    assert brow_raises(np.zeros((1, 8)), np.ones(1), rng).shape == (1, 64)
