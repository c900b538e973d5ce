"""The gate closes on silence and steady noise, and lets every speech sound pass, with some time before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sadtalker3d.mel import frame_count, frame_windows, mel_spectrogram
from sadtalker3d.motion.silence import group_levels, speech_gate

RATE_HZ = 16000
SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"


def gate_of(wave: np.ndarray) -> np.ndarray:
    frames = frame_count(len(wave))
    return speech_gate(group_levels(frame_windows(mel_spectrogram(wave), 0, frames)))


def noise(seconds: float, level: float, seed: int = 0, high_pass: bool = False) -> np.ndarray:
    wave = level * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return np.diff(wave, prepend=0.0, n=2) if high_pass else wave


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return soundfile.read(SPEECH, dtype="float32")[0][8000:80000]  # 4.5 s without the pauses at its ends


@pytest.mark.parametrize("background", [0.0, 1e-4, 1e-3])
def test_pauses_close_it_and_words_open_it(speech: np.ndarray, background: float) -> None:
    pause = np.zeros(RATE_HZ * 2)
    wave = np.concatenate([pause, speech, pause, speech, pause])
    gate = gate_of(wave + noise(len(wave) / RATE_HZ, background))
    words = len(speech) / 640
    for first in (50, 50 + words + 50):
        assert (gate[round(first) : round(first + words)] > 0.9).all()
    for middle in (20, 50 + words + 25, len(gate) - 20):
        assert not gate[round(middle) - 15 : round(middle) + 15].any()


def test_it_opens_before_the_sound() -> None:
    wave = np.concatenate([np.zeros(RATE_HZ), noise(1.0, 0.1), np.zeros(RATE_HZ * 2)])
    gate = gate_of(wave)
    assert (gate[24:50] > 0.9).all()
    assert 1 <= 25 - np.flatnonzero(gate > 0.5)[0] <= 4  # frames of 40 ms


def test_a_stop_does_not_close_it(speech: np.ndarray) -> None:
    closure = np.zeros(round(0.12 * RATE_HZ))
    gate = gate_of(np.concatenate([speech[:32000], closure, speech[32000:], np.zeros(RATE_HZ)]))
    assert (gate[:100] > 0.9).all()


def test_soft_consonants_pass(speech: np.ndarray) -> None:
    """A hiss 40 dB below the vowels, like an f at the end of a word, in a quiet room."""
    loud = np.abs(speech).max()
    hiss = noise(0.2, 1.0, high_pass=True)
    hiss *= loud / 100 / np.abs(hiss).max()
    room = noise(8.0, 1e-5)
    wave = np.concatenate([np.zeros(RATE_HZ), speech, np.zeros(8000), hiss, np.zeros(RATE_HZ)])
    wave += room[: len(wave)]
    begin = (RATE_HZ + len(speech) + 8000) // 640
    assert (gate_of(wave)[begin : begin + 5] > 0.9).all()


def test_steady_noise_is_silence() -> None:
    for level in (1e-5, 1e-3, 0.1):
        assert not gate_of(noise(10.0, level)).any()


@pytest.mark.parametrize("frames", [1, 2, 5, 74, 75, 76])
def test_any_length(frames: int) -> None:
    gate = gate_of(noise(frames * 0.04, 0.1))
    assert gate.shape == (frames,) and gate.dtype == np.float32
    assert gate.min() >= 0 and gate.max() <= 1


def test_a_short_clip_without_pauses_is_speech(speech: np.ndarray) -> None:
    assert (gate_of(speech[:16000]) > 0.9).all()
