"""The live gate opens with the sound, closes softly, and learns a steady noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from sadtalker3d.mel import frame_windows, mel_spectrogram
from sadtalker3d.motion.live import NEXT_COLUMNS
from sadtalker3d.motion.live_gate import LiveGate
from sadtalker3d.motion.silence import group_levels

SPEECH = soundfile.read(Path(__file__).parents[2] / "samples" / "speech.wav")[0][8000:56000]  # 3 s


def gate(wave: np.ndarray) -> np.ndarray:
    windows = frame_windows(mel_spectrogram(wave), 0, len(wave) // 640)
    live = LiveGate()
    return np.array(
        [
            live.next(*pair)
            for pair in zip(group_levels(windows), group_levels(windows, NEXT_COLUMNS), strict=True)
        ]
    )


def noise(seconds: float, amplitude: float) -> np.ndarray:
    return amplitude * np.random.default_rng(0).standard_normal(int(16000 * seconds))


def test_it_opens_with_the_first_sound_and_closes_softly() -> None:
    open_ = gate(np.concatenate([np.zeros(16000), SPEECH, np.zeros(16000)]))
    assert not open_[:23].any()
    assert open_[26:95].min() > 0.99
    assert not open_[114:].any()
    assert np.diff(open_).min() > -0.4


def test_speech_at_once_is_heard_at_once() -> None:
    assert gate(SPEECH)[2:].min() > 0.9


def test_a_room_is_quiet_at_once_and_a_loud_noise_is_learned() -> None:
    assert not gate(noise(10, 1e-3)).any()
    assert not gate(noise(10, 0.05))[100:].any()


def test_speech_is_found_in_noise() -> None:
    background = noise(12, 1e-3)
    background[16000 * 8 : 16000 * 11] += SPEECH
    open_ = gate(background)
    assert not open_[100:197].any() and open_[202:274].mean() > 0.95 and not open_[290:].any()
