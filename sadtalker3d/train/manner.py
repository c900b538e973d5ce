"""Other ways and other throats to say the same line: whispered, sung, or in a voice the engine has not.

A vocoder of the simplest kind: the smooth envelope of each short spectrum is the throat, and what is left is
the source. A whisper replaces the source by noise, a song by pulses on notes, another throat moves the
envelope and leaves the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.train.phones import VOWELS, Phone

SAMPLE_RATE = 16000
FFT_SAMPLES = 512
HOP_SAMPLES = 128
ENVELOPE_QUEFRENCY_S = 0.0016  # under half a pitch period of high voices: harmonics are smoothed away
UNVOICED = frozenset({"p", "t", "k", "f", "th", "s", "sh", "ch", "hh", "x", "q", "ph", "sil"})
MANNERS = ("plain", "throat", "whisper", "song")


@dataclass(frozen=True)
class Song:
    """How lines are sung."""

    lowest_hz: tuple[float, float] = (98.0, 330.0)  # keynote, from a bass to a soprano
    steps: tuple[int, ...] = (0, 2, 4, 5, 7, 9, 11, 12)  # of a major scale, in semitones
    vibrato_semitones: float = 0.4
    vibrato_hz: float = 5.5
    vowel_stretch: tuple[float, float] = (1.3, 3.0)


def said(
    manner: str, wave: np.ndarray, phones: list[Phone], rng: np.random.Generator
) -> tuple[np.ndarray, list[Phone]]:
    """The line (n,) at 16 kHz in one of MANNERS, with the phones' new times; only songs move them."""
    if manner == "throat":
        return other_throat(wave, rng), phones
    if manner == "whisper":
        return whispered(wave, rng), phones
    if manner == "song":
        return sung(wave, phones, rng)
    return wave, phones


def whispered(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The wave with noise for a voice: (n,); the glottis is open, so the low end falls and the top rises."""
    spectrum = _short_spectra(wave)
    noise = _unit(_short_spectra(rng.standard_normal(len(wave))))
    tilt_db = np.linspace(-10, 4, len(spectrum)) + rng.uniform(-2, 2)
    return _wave(noise * _envelope(spectrum) * 10 ** (tilt_db[:, None] / 20), len(wave))


def other_throat(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The wave with its formants moved, low and high ones by different factors, some breath and tilt: (n,)."""
    spectrum = _short_spectra(wave)
    envelope = _envelope(spectrum)
    share = np.linspace(0, 1, len(spectrum))
    low, high = 2 ** rng.uniform(-0.25, 0.25, 2)
    place = share / (low + (high - low) * share)  # where in the old envelope each new bin looks
    moved = _looked_up(np.log(envelope), place * (len(spectrum) - 1))
    tilt_db = rng.uniform(-8, 8) * (share - 0.3)
    source = spectrum / envelope
    breath = rng.uniform(0, 0.35) * share[:, None]
    noise = _unit(_short_spectra(rng.standard_normal(len(wave))))
    source = (1 - breath) * source + breath * noise
    return _wave(source * np.exp(moved) * 10 ** (tilt_db[:, None] / 20), len(wave))


def sung(
    wave: np.ndarray, phones: list[Phone], rng: np.random.Generator, config: Song | None = None
) -> tuple[np.ndarray, list[Phone]]:
    """The wave (n,) on notes of a scale, one a vowel, vowels lengthened: (m,) and the phones' new times."""
    config = config or Song()
    stretch = np.array([rng.uniform(*config.vowel_stretch) if p.name in VOWELS else 1.0 for p in phones])
    old, new = _time_map(phones, stretch, len(wave) / SAMPLE_RATE)
    samples = int(new[-1] * SAMPLE_RATE)

    spectrum = _envelope(_short_spectra(wave))
    moment = np.arange(samples // HOP_SAMPLES + 1) * HOP_SAMPLES / SAMPLE_RATE
    frames = np.interp(moment, new, old) * SAMPLE_RATE / HOP_SAMPLES
    envelope = np.exp(_looked_up(np.log(spectrum.T), np.minimum(frames, spectrum.shape[1] - 1)).T)

    placed = [
        Phone(p.name, float(np.interp(p.start_s, old, new)), float(np.interp(p.end_s, old, new)), p.stress)
        for p in phones
    ]
    pulses = _unit(_short_spectra(_pulses(placed, samples, rng, config)))
    noise = _unit(_short_spectra(rng.standard_normal(samples)))
    voiced = np.zeros(len(moment))
    for phone in placed:
        if phone.name not in UNVOICED:
            voiced[(moment >= phone.start_s) & (moment < phone.end_s)] = 1.0
    airy = np.clip(np.linspace(-0.3, 0.7, len(envelope)), 0.02, 0.6)[:, None]  # the top of a voice is breath
    source = voiced * ((1 - airy) * pulses + airy * noise) + (1 - voiced) * noise
    return _wave(source * envelope, samples), placed


def _time_map(phones: list[Phone], stretch: np.ndarray, end_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Knots of old and new time, s, both rising."""
    old, new = [0.0], [0.0]
    for phone, factor in zip(phones, stretch, strict=True):
        start, end = max(phone.start_s, old[-1]), min(phone.end_s, end_s)
        if end <= start:
            continue
        if start > old[-1]:
            new.append(new[-1] + start - old[-1])
            old.append(start)
        new.append(new[-1] + float(factor) * (end - start))
        old.append(end)
    if end_s > old[-1]:
        new.append(new[-1] + end_s - old[-1])
        old.append(end_s)
    return np.array(old), np.array(new)


def _pulses(phones: list[Phone], samples: int, rng: np.random.Generator, config: Song) -> np.ndarray:
    """A pulse each pitch period: (samples,); a new note with each vowel, reached in about 60 ms."""
    key_hz = np.exp(rng.uniform(*np.log(config.lowest_hz)))
    step, note = int(rng.integers(len(config.steps))), np.zeros(samples)
    for phone in phones:
        if phone.name in VOWELS:
            step = int(np.clip(step + rng.integers(-2, 3), 0, len(config.steps) - 1))
        note[int(phone.start_s * SAMPLE_RATE) :] = config.steps[step]
    glide = int(0.06 * SAMPLE_RATE)
    note = np.convolve(
        np.pad(note, (glide // 2, glide - 1 - glide // 2), "edge"), np.ones(glide) / glide, "valid"
    )
    moment = np.arange(samples) / SAMPLE_RATE
    note = note + config.vibrato_semitones * rng.uniform(0, 1) * np.sin(
        2 * np.pi * config.vibrato_hz * moment
    )
    periods = np.cumsum(key_hz * 2 ** (note / 12)) / SAMPLE_RATE
    return np.diff(np.floor(periods), prepend=0.0)


# short spectra ----------------------------------------------------------------------------------------


def _short_spectra(wave: np.ndarray) -> np.ndarray:
    """(FFT_SAMPLES / 2 + 1, 1 + n // HOP_SAMPLES) complex."""
    padded = np.pad(wave.astype(np.float64), (FFT_SAMPLES // 2, FFT_SAMPLES))
    count = len(wave) // HOP_SAMPLES + 1
    blocks = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[::HOP_SAMPLES][:count]
    return np.fft.rfft(blocks * np.hanning(FFT_SAMPLES + 1)[:-1]).T


def _wave(spectrum: np.ndarray, samples: int) -> np.ndarray:
    """The wave (samples,) of short spectra, overlapped and added."""
    window = np.hanning(FFT_SAMPLES + 1)[:-1]
    blocks = np.fft.irfft(spectrum.T, FFT_SAMPLES) * window
    count, each = len(blocks), FFT_SAMPLES // HOP_SAMPLES
    out = np.zeros((count + each, HOP_SAMPLES))
    for k in range(each):
        out[k : k + count] += blocks[:, k * HOP_SAMPLES : (k + 1) * HOP_SAMPLES]
    level = np.square(window).reshape(each, HOP_SAMPLES).sum(axis=0)
    flat = (out / level).reshape(-1)[FFT_SAMPLES // 2 :]
    return np.pad(flat, (0, max(0, samples - len(flat))))[:samples].astype(np.float32)


def _envelope(spectrum: np.ndarray) -> np.ndarray:
    """The smooth magnitude of short spectra (bins, T), by the low end of the cepstrum."""
    log = np.log(np.abs(spectrum) + 1e-5)
    cepstrum = np.fft.irfft(log, axis=0)
    keep = int(ENVELOPE_QUEFRENCY_S * SAMPLE_RATE)
    cepstrum[keep + 1 : -keep] = 0
    return np.exp(np.fft.rfft(cepstrum, axis=0).real)


def _unit(spectrum: np.ndarray) -> np.ndarray:
    """Short spectra with mean magnitude about 1 in every column."""
    return spectrum / (np.abs(spectrum).mean(axis=0, keepdims=True) + 1e-9)


def _looked_up(rows: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Rows at fractional places, linearly between neighbours, the ends repeated."""
    place = np.clip(place, 0, len(rows) - 1)
    low = np.minimum(place.astype(int), len(rows) - 2)
    part = (place - low)[:, None]
    return rows[low] * (1 - part) + rows[low + 1] * part
