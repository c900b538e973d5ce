"""The augmentation changes the recording, not the moment: level, colour and noise move, the speech stays."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.train.augment import AugmentConfig, in_a_room, mel_windows_augmented

torch = pytest.importorskip("torch")


def windows(count: int) -> torch.Tensor:
    """A burst in the middle columns, over a quiet floor."""
    mel = torch.full((count, 80, 16), -3.0)
    mel[:, 10:50, 6:10] = 1.0
    return mel


def test_same_generator_same_result_and_range() -> None:
    once, again = (
        mel_windows_augmented(windows(8), torch.full((8, 80, 16), -3.5), torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    assert torch.equal(once, again)
    assert once.min() >= -4 and once.max() <= 4


def test_each_window_is_another_recording_but_the_burst_stays_where_it_is() -> None:
    out = mel_windows_augmented(windows(64), torch.full((64, 80, 16), -3.5), torch.Generator().manual_seed(0))
    profile = out.mean(1)  # (64, 16)
    assert torch.isin(profile.argmax(1), torch.arange(6, 10)).float().mean() > 0.95
    assert out[:, 20:30, 8].mean(1).std() > 0.3  # level and colour differ


def test_noise_is_added_in_power() -> None:
    quiet = AugmentConfig().weakened(0.0)
    config = AugmentConfig(
        **{**vars(quiet), "noise_chance": 1.0, "noise_snr_db": (0.0, 0.0), "gain_db": (0.0, 0.0)}
    )
    loud = torch.full((4, 80, 16), 0.0)
    out = mel_windows_augmented(loud, loud, torch.Generator().manual_seed(0), config)
    assert float(out.mean()) == pytest.approx(3.01 / 12.5, abs=0.02)  # two equal powers: +3 dB


def test_a_room_keeps_the_level_and_adds_a_tail() -> None:
    rng = np.random.default_rng(0)
    wave = np.zeros(16000, np.float32)
    wave[2000:4000] = rng.standard_normal(2000)
    heard = in_a_room(wave, rng)
    assert np.std(heard) == pytest.approx(np.std(wave), rel=0.01)
    assert np.abs(heard[4200:5200]).mean() > 1e-3
    assert not heard[:1900].any() or np.abs(heard[:1900]).max() < 1e-6
