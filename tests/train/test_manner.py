"""Whispers, songs and other throats keep the phones' times true, and change what they are meant to change."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.train.manner import MANNERS, other_throat, said, sung, whispered
from sadtalker3d.train.phones import Phone

PHONES = [Phone("sil", 0.0, 0.2), Phone("aa", 0.2, 0.6), Phone("p", 0.6, 0.7), Phone("iy", 0.7, 1.0)]


def voice() -> np.ndarray:
    """Pulses at 120 Hz while the vowels of PHONES sound."""
    t = np.arange(16000) / 16000
    wave = sum(np.sin(2 * np.pi * 120 * k * t) / (1 + abs(k * 120 - 700) / 200) for k in range(1, 50))
    for phone in PHONES:
        if phone.name in ("sil", "p"):
            wave[int(phone.start_s * 16000) : int(phone.end_s * 16000)] = 0
    return 0.05 * wave


def periodicity(wave: np.ndarray, hertz: float) -> float:
    lag = round(16000 / hertz)
    return float(np.corrcoef(wave[:-lag], wave[lag:])[0, 1])


@pytest.mark.parametrize("manner", MANNERS)
def test_silence_and_closure_stay_quiet_where_the_phones_say(manner: str) -> None:
    wave, phones = said(manner, voice(), PHONES, np.random.default_rng(0))
    assert [phone.name for phone in phones] == [phone.name for phone in PHONES]
    assert np.isfinite(wave).all()
    level = {p.name: np.std(wave[int((p.start_s + 0.035) * 16000) : int((p.end_s - 0.035) * 16000)])
             for p in phones}  # fmt: skip
    assert level["p"] < 0.1 * level["aa"]
    assert level["sil"] < 0.1 * level["aa"]
    assert phones[-1].end_s == pytest.approx(len(wave) / 16000, abs=0.01)


def test_a_whisper_has_no_pitch_and_a_throat_keeps_it() -> None:
    rng = np.random.default_rng(0)
    plain, vowel = voice(), slice(4000, 9000)
    assert periodicity(plain[vowel], 120) > 0.95
    assert abs(periodicity(whispered(plain, rng)[vowel], 120)) < 0.4
    assert periodicity(other_throat(plain, rng)[vowel], 120) > 0.7


def test_songs_lengthen_vowels_only() -> None:
    _, phones = sung(voice(), PHONES, np.random.default_rng(0))
    lengths = [phone.end_s - phone.start_s for phone in phones]
    assert lengths[0] == pytest.approx(0.2, abs=0.01)
    assert lengths[2] == pytest.approx(0.1, abs=0.01)
    assert 1.3 * 0.4 <= lengths[1] <= 3.0 * 0.4


def test_every_draw_is_another_throat() -> None:
    one, other = (other_throat(voice(), np.random.default_rng(seed)) for seed in (1, 2))
    assert np.corrcoef(np.abs(np.fft.rfft(one)), np.abs(np.fft.rfft(other)))[0, 1] < 0.99
