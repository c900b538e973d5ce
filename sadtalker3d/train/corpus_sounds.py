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


def _voiced(hertz: np.ndarray, rng: np.random.Generator, high_hz: float) -> np.ndarray:
    """The buzz of a throat at a pitch curve (samples,), through a few resonances, mean power 1."""
    pulses = np.diff(np.floor(np.cumsum(hertz) / SAMPLE_RATE), prepend=0.0)
    spectrum = np.fft.rfft(pulses)
    bins = np.fft.rfftfreq(len(hertz), 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (bins / rng.uniform(150, 500)) ** 2) / (1 + (bins / high_hz) ** 4)
    for centre in (rng.uniform(300, 900), rng.uniform(900, 2000), rng.uniform(2200, 3200)):
        spectrum *= 1 + 8 / (1 + ((bins - centre) / rng.uniform(50, 150)) ** 2)
    wave = np.fft.irfft(spectrum, len(hertz))
    wave -= wave.mean()
    return wave / max(float(np.std(wave)), 1e-9)


def _laughter(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Bouts of ha-ha: 3 to 10 bursts, four or five a second, falling in pitch; voiced or only breath."""
    wave = 0.002 * rng.standard_normal(samples)
    at = int(rng.uniform(0, 8000))
    while at < samples - 3200:
        base_hz, voiced = rng.uniform(120, 450), rng.random() < 0.7
        for k in range(int(rng.integers(3, 11))):
            length = int(rng.uniform(0.07, 0.16) * SAMPLE_RATE)
            if at + length >= samples:
                break
            t = np.linspace(0, 1, length)
            burst = 0.5 * _band(length, rng, rng.uniform(400, 1000), rng.uniform(3000, 6000))
            if voiced:
                burst = 0.4 * burst + _voiced(base_hz * 0.96**k * (1.1 - 0.25 * t), rng, 4000.0)
            wave[at : at + length] += 0.93**k * rng.uniform(0.6, 1) * burst * np.sin(np.pi * t) ** 0.7
            at += length + int(rng.uniform(0.05, 0.14) * SAMPLE_RATE)
        at += int(rng.uniform(0.3, 2.0) * SAMPLE_RATE)
    return wave


def _coughs(samples: int, rng: np.random.Generator) -> np.ndarray:
    """A sharp burst, a rough middle and sometimes a voiced end, once to three times; throat clearing too."""
    wave = 0.003 * rng.standard_normal(samples)
    at = int(rng.uniform(0, 16000))
    while at < samples - 9600:
        for _ in range(int(rng.integers(1, 4))):
            length = min(int(rng.uniform(0.15, 0.4) * SAMPLE_RATE), samples - at - 1)
            if length < 1600:
                break
            t = np.linspace(0, 1, length)
            cough = _band(length, rng, rng.uniform(200, 700), rng.uniform(2500, 6500))
            if rng.random() < 0.6:
                rough_hz = rng.uniform(70, 220) * (1 + 0.15 * rng.standard_normal(length // 160 + 2))
                cough += _voiced(np.repeat(rough_hz, 160)[:length], rng, 3000.0)
            wave[at : at + length] += cough * np.exp(-t * rng.uniform(2, 6)) * np.minimum(t * 40, 1)
            at += length + int(rng.uniform(0.05, 0.3) * SAMPLE_RATE)
        at += int(rng.uniform(0.5, 3.0) * SAMPLE_RATE)
    return wave


def _sniffs(samples: int, rng: np.random.Generator) -> np.ndarray:
    """High noise that rises and is cut off, through the nose."""
    wave = 0.003 * rng.standard_normal(samples)
    for at in rng.integers(0, samples - 9600, max(1, samples // SAMPLE_RATE // 2)):
        length = int(rng.uniform(0.1, 0.5) * SAMPLE_RATE)
        shape = np.linspace(0, 1, length) ** rng.uniform(0.5, 2) * np.minimum(
            (length - np.arange(length)) / 400, 1
        )
        wave[at : at + length] += shape * _band(length, rng, rng.uniform(900, 2500), rng.uniform(5000, 7500))
    return wave


def _applause(samples: int, rng: np.random.Generator) -> np.ndarray:
    """2 to 60 people clap, each at a rate of his own."""
    people = int(np.exp(rng.uniform(np.log(2), np.log(60))))
    claps = np.zeros(samples)
    for _ in range(people):
        moments = np.cumsum(rng.normal(1 / rng.uniform(2.5, 5), 0.02, int(samples / SAMPLE_RATE * 5)))
        moments = (moments[moments * SAMPLE_RATE < samples - 1] * SAMPLE_RATE).astype(int)
        claps[moments[moments >= 0]] += rng.uniform(0.2, 1)
    length = 800
    hit = _band(length, rng, rng.uniform(400, 1200), rng.uniform(3000, 7000)) * np.exp(
        -np.arange(length) / 120
    )
    return np.convolve(claps, hit)[:samples] + 0.003 * rng.standard_normal(samples)


def _hummed(samples: int, rng: np.random.Generator) -> np.ndarray:
    """A tune with closed lips: notes of a scale, little above 1 kHz."""
    notes = rng.choice([0, 2, 4, 5, 7, 9, 12], int(samples / SAMPLE_RATE * 3) + 2)
    length_s = rng.uniform(0.25, 0.8)
    t = np.arange(samples) / SAMPLE_RATE
    tune = notes[np.minimum((t / length_s).astype(int), len(notes) - 1)].astype(float)
    tune = np.convolve(np.pad(tune, (800, 799), "edge"), np.ones(1600) / 1600, "valid")
    vibrato = rng.uniform(0, 0.3) * np.sin(2 * np.pi * 5.5 * t)
    wave = _voiced(rng.uniform(90, 320) * 2 ** ((tune + vibrato) / 12), rng, rng.uniform(600, 1300))
    breaks = np.sin(2 * np.pi * t / rng.uniform(2, 5) + rng.uniform(0, 6)) > -0.8  # breath
    return wave * np.convolve(breaks, np.ones(800) / 800, "same") + 0.002 * rng.standard_normal(samples)


_MAKERS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "hum": _hum,
    "breath": _breath,
    "music": _music,
    "clicks": _clicks,
    "tones": _tones,
    "near_silence": _near_silence,
    "laughter": _laughter,
    "coughs": _coughs,
    "sniffs": _sniffs,
    "applause": _applause,
    "hummed": _hummed,
}
KINDS = tuple(_MAKERS)
