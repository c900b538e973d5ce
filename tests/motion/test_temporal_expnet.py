"""TemporalExpNet sees its neighbours and no further; the live one never looks ahead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sadtalker3d.audio import open_audio
from sadtalker3d.mel import (
    FFT_SAMPLES,
    HOP_SAMPLES,
    SAMPLE_RATE,
    frame_windows,
    mel_spectrogram,
    window_columns,
)
from sadtalker3d.motion import listen
from sadtalker3d.motion.temporal_expnet import FILE, LIVE, LiveExpNet, TemporalExpNet, TemporalExpNetConfig

SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"


def lively(config: TemporalExpNetConfig) -> TemporalExpNet:
    """Random weights and running statistics, so that every path carries something."""
    torch.manual_seed(1)
    net = TemporalExpNet(config).eval()
    for name, buffer in net.named_buffers():
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
        elif name.endswith("running_mean"):
            buffer.normal_(0, 0.5)
    return net


def touched(net: TemporalExpNet, frame: int, frames: int = 140) -> np.ndarray:
    """Which answers change when the sound of one frame does."""
    windows = torch.randn(frames, 1, 80, 16, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        before = net.said(windows)
        windows[frame] += 1
        return np.flatnonzero((net.said(windows) != before).any(1).numpy())


@pytest.mark.parametrize("config", [FILE, LIVE], ids=["file", "live"])
def test_an_answer_depends_on_the_frames_within_reach(config: TemporalExpNetConfig) -> None:
    net = lively(config)
    changed = touched(net, 70)
    back, ahead = net.reach
    assert changed.min() >= 70 - ahead and changed.max() <= 70 + back
    assert changed.min() <= 70 - ahead / 2 and changed.max() >= 70 + back / 2


def test_the_live_network_hears_80_ms_ahead_at_most() -> None:
    net = lively(LIVE)
    windows = torch.randn(40, 1, 80, 16)
    with torch.inference_mode():
        before = net.said(windows)
        windows[..., LIVE.columns :] += 1
        assert torch.equal(net.said(windows), before)
    for frame in range(5, 30):
        last = window_columns(frame, frame + 1)[0, LIVE.columns - 1]
        heard_s = (last * HOP_SAMPLES + FFT_SAMPLES / 2) / SAMPLE_RATE
        assert heard_s - (frame + 0.5) / 25 <= 0.080
    assert touched(net, 70).min() == 70


@pytest.mark.parametrize("together", [7, 64])
def test_in_pieces_it_says_the_same(monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    net, sound = lively(FILE), open_audio(SPEECH)
    wave = np.concatenate(list(sound.blocks()))
    frames = len(wave) // 640
    mel = mel_spectrogram(wave[: frames * 640])
    with torch.inference_mode():
        whole = net.said(torch.from_numpy(frame_windows(mel, 0, frames))).numpy()
    monkeypatch.setattr(listen, "TOGETHER", together)
    np.testing.assert_allclose(listen.answer(listen.KeptMel(sound), net, frames), whole, atol=2e-5)


def test_live_weights_have_a_network_of_their_own() -> None:
    assert LiveExpNet().config == LIVE
