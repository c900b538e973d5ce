"""Windows of sound in pieces are those of the whole spectrogram, and come in time."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.mel import frame_windows, mel_spectrogram
from sadtalker3d.motion.live_mel import HEARD_COLUMNS, LiveMel


@pytest.mark.parametrize("samples", [640, 3000, 16000, 20479])
def test_windows_are_the_spectrograms(samples: int) -> None:
    wave = 0.1 * np.random.default_rng(samples).standard_normal(samples)
    mel, windows, at = LiveMel(), [], 0
    for length in [1, 399, 2000, 37] * 9:
        mel.hear(wave[at : at + length])
        at += length
        while mel.ready():
            windows.append(mel.window())
    mel.finish()
    while mel.ready():
        windows.append(mel.window())
    expected = frame_windows(mel_spectrogram(wave), 0, samples // 640)[:, 0, :, :HEARD_COLUMNS]
    np.testing.assert_allclose(windows, expected, atol=1e-5)


def test_the_window_of_the_frame_before_is_whole() -> None:
    wave = 0.1 * np.random.default_rng(0).standard_normal(32000)
    mel, expected = LiveMel(), frame_windows(mel_spectrogram(wave), 0, 50)[:, 0]
    mel.hear(wave)
    for frame in range(40):
        mel.window()
        if frame:
            np.testing.assert_allclose(mel.window_of(frame - 1), expected[frame - 1], atol=1e-5)
