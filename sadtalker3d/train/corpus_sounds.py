"""Sounds that are not speech, made from formulas: the mouth rests through them, and they are mixed under
speech.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SAMPLE_RATE = 16000


def sound(kind: str, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """`seconds` of one of KINDS at 16 kHz, float32, its loudest tenth of a second at about -20 dB."""
    wave = _MAKERS[kind](int(seconds * SAMPLE_RATE), rng)
    blocks = wave[: len(wave) // 1600 * 1600].reshape(-1, 1600)
    loudest = np.sqrt(np.square(blocks).mean(axis=1)).max()
    return (0.1 * wave / max(loudest, 1e-9)).astype(np.float32)


def coloured_noise(samples: int, rng: np.random.Generator, slope_db: float) -> np.ndarray:
    """Gaussian noise whose spectrum falls by `slope_db` an octave (0 white, 3 pink, 6 brown)."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 20.0)
    return np.fft.irfft(spectrum * hertz ** (-slope_db / 6.02), samples)


def _noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    wave = coloured_noise(samples, rng, rng.uniform(-1, 7))
    if rng.random() < 0.5:  # gusts, traffic, crackle: the level wanders
        knots = rng.normal(0, 6, samples // 8000 + 3)
        wave = wave * 10 ** (np.interp(np.arange(samples) / 8000, np.arange(len(knots)), knots) / 20)
    return wave


def _hum(samples: int, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(samples) / SAMPLE_RATE
    base = rng.choice([50.0, 60.0, rng.uniform(70, 250)])
    tones = sum(
        rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6.28))
        for k in range(1, 12)
    )
    return tones / np.std(tones) + 0.3 * coloured_noise(samples, rng, 4) / 1.0


def _breath(samples: int, rng: np.random.Generator) -> np.ndarray:
    """In and out: bands of noise between 400 Hz and 6 kHz that swell for 0.3 to 1.5 s, with pauses."""
    wave = np.zeros(samples)
    at = int(rng.uniform(0, 8000))
    while at < samples - 1600:
        length = min(int(rng.uniform(0.25, 1.5) * SAMPLE_RATE), samples - at)
        shape = np.sin(np.pi * np.linspace(0, 1, length) ** rng.uniform(0.5, 1.6)) ** rng.uniform(1, 2)
        wave[at : at + length] = shape * _band(length, rng, rng.uniform(300, 1200), rng.uniform(2500, 7000))
        at += length + int(rng.uniform(0.2, 1.2) * SAMPLE_RATE)
    return wave + 0.003 * rng.standard_normal(samples)


def _band(samples: int, rng: np.random.Generator, low_hz: float, high_hz: float) -> np.ndarray:
    spectrum = np.fft.rfft(coloured_noise(samples, rng, rng.uniform(0, 5)))
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (low_hz / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / high_hz) ** 4)
    for _ in range(3):  # the throat's resonances
        centre, width = rng.uniform(500, 5000), rng.uniform(100, 500)
        spectrum *= 1 + rng.uniform(0, 3) / (1 + ((hertz - centre) / width) ** 2)
    wave = np.fft.irfft(spectrum, samples)
    return wave / max(float(np.std(wave)), 1e-9)


def _music(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Notes of a scale in two to four parts, plucked or bowed, over a beat of drums now and then."""
    wave = np.zeros(samples + 2 * SAMPLE_RATE)
    root, beat_s = 55 * 2 ** rng.uniform(0, 2), rng.uniform(0.2, 0.7)
    scale = np.array([0, 2, 4, 5, 7, 9, 11]) if rng.random() < 0.6 else np.array([0, 2, 3, 5, 7, 8, 10])
    for _ in range(int(rng.integers(2, 5))):
        octave, partials = int(rng.integers(0, 3)), int(rng.integers(2, 14))
        fall, decay_s = rng.uniform(0.5, 2), rng.choice([rng.uniform(0.1, 0.6), rng.uniform(1, 4)])
        vibrato, every = rng.choice([0.0, rng.uniform(0.002, 0.01)]), int(rng.choice([1, 1, 2, 4]))
        for beat in range(0, int(samples / SAMPLE_RATE / beat_s) + 1, every):
            if rng.random() < 0.25:
                continue
            length = min(int((decay_s + beat_s * every) * SAMPLE_RATE), 2 * SAMPLE_RATE)
            t = np.arange(length) / SAMPLE_RATE
            hertz = root * 2 ** (octave + rng.choice(scale) / 12)
            phase = 2 * np.pi * hertz * t + vibrato * hertz / 5 * np.sin(2 * np.pi * 5 * t)
            tone = sum(np.sin(k * phase) / k**fall for k in range(1, partials + 1) if k * hertz < 7500)
            start = int(beat * beat_s * SAMPLE_RATE)
            envelope = np.minimum(t / rng.uniform(0.003, 0.08), 1) * np.exp(-t / decay_s)
            wave[start : start + length] += (tone * envelope)[: len(wave) - start] * rng.uniform(0.3, 1)
    if rng.random() < 0.5:
        for beat in range(int(samples / SAMPLE_RATE / beat_s) + 1):
            start, length = int(beat * beat_s * SAMPLE_RATE), 3200
            hit = coloured_noise(length, rng, rng.uniform(-2, 8))
            hit *= np.exp(-np.arange(length) / rng.uniform(200, 1200)) / np.std(hit)
            wave[start : start + length] += rng.uniform(0.5, 2) * hit[: len(wave) - start]
    return wave[:samples] + 1e-4 * rng.standard_normal(samples)


def _clicks(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Keys, steps, doors: short bursts at random times over a little noise."""
    wave = 0.01 * coloured_noise(samples, rng, rng.uniform(0, 5)) / 1.0
    for at in rng.integers(0, samples - 3200, max(1, int(samples / SAMPLE_RATE * rng.uniform(1, 8)))):
        length = int(rng.uniform(100, 3200))
        burst = _band(length, rng, rng.uniform(50, 800), rng.uniform(1000, 7000))
        wave[at : at + length] += rng.uniform(0.2, 1) * burst * np.exp(-np.arange(length) / (length / 5))
    return wave


def _tones(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Beeps, rings and sweeps."""
    t = np.arange(samples) / SAMPLE_RATE
    hertz = rng.uniform(200, 3000) * (1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(0.05, 3) * t))
    gate = (np.sin(2 * np.pi * rng.uniform(0.3, 4) * t) > rng.uniform(-0.9, 0.5)).astype(float)
    gate = np.convolve(gate, np.ones(160) / 160, mode="same")
    return np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE) * gate + 1e-3 * rng.standard_normal(samples)


def _near_silence(samples: int, rng: np.random.Generator) -> np.ndarray:
    """An empty room with one bump in it, so that levelling leaves the rest very quiet."""
    wave = 10 ** rng.uniform(-4, -2.5) * coloured_noise(samples, rng, rng.uniform(0, 6))
    wave[:1600] += _band(1600, rng, 100, 1000)
    return wave


_MAKERS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "hum": _hum,
    "breath": _breath,
    "music": _music,
    "clicks": _clicks,
    "tones": _tones,
    "near_silence": _near_silence,
}
KINDS = tuple(_MAKERS)
