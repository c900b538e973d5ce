"""What a recording goes through before it is heard: telephones, lossy codecs, overload, compressors.

Each keeps the moment of every sound: codecs' delays are measured and undone.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

SAMPLE_RATE = 16000
LONGEST_DELAY_S = 0.15  # a codec's; mp3 at 8 kHz comes to about 0.13


def through(channel: str, wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The wave (n,) at 16 kHz as it comes out of one of CHANNELS: (n,) float32, in time with the original."""
    heard = CHANNELS[channel](wave.astype(np.float32), rng)
    return np.ascontiguousarray(heard, dtype=np.float32)


def _clean(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    del rng
    return wave


def _telephone(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """300 to 3400 Hz at 8 kHz, mu-law or GSM."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(
        3, (rng.uniform(150, 350), rng.uniform(3000, 3700)), "bandpass", fs=SAMPLE_RATE, output="sos"
    )
    passed = sosfiltfilt(band, wave).astype(np.float32)
    subtype = str(rng.choice(["ULAW", "GSM610"]))
    return _coded(passed, 8000, "WAV", subtype, 0.0)


def _mp3(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rate = int(rng.choice([8000, 16000, 16000, 24000]))
    return _coded(wave, rate, "MP3", "MPEG_LAYER_III", float(rng.uniform(0.6, 0.99)))


def _opus(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rate = int(rng.choice([8000, 16000, 24000]))
    return _coded(wave, rate, "OGG", "OPUS", float(rng.uniform(0.7, 1.0)))


def _vorbis(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _coded(wave, SAMPLE_RATE, "OGG", "VORBIS", float(rng.uniform(0.8, 1.0)))


def _overloaded(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut off at a level that its loudest 2 to 15 % of samples pass; the level stays."""
    top = max(float(np.quantile(np.abs(wave), 1 - rng.uniform(0.02, 0.15))), 1e-6)
    cut = np.clip(wave, -top, top) if rng.random() < 0.5 else top * np.tanh(wave / top)
    return cut * (np.std(wave) / max(float(np.std(cut)), 1e-9))


def _compressed(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A compressor of ratio 2 to 6 with quick attack: quiet sounds, breath and floor come up."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    power = uniform_filter1d(np.square(wave.astype(np.float64)), int(0.02 * SAMPLE_RATE))
    level_db = 10 * np.log10(maximum_filter1d(power, int(0.05 * SAMPLE_RATE)) + 1e-9)
    threshold_db = np.percentile(level_db, 95) - rng.uniform(15, 35)
    gain_db = (1 / rng.uniform(2, 6) - 1) * np.maximum(level_db - threshold_db, 0)
    out = wave * 10 ** (uniform_filter1d(gain_db, int(0.02 * SAMPLE_RATE)) / 20)
    return out * (np.std(wave) / max(float(np.std(out)), 1e-9))


def _low_level(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """20 to 32 dB too quiet, with the steps of 16 bits and a little hiss."""
    quiet = wave * 10 ** (-rng.uniform(20, 32) / 20) + rng.normal(0, 10 ** rng.uniform(-5, -4), len(wave))
    return np.round(quiet * 32768) / 32768


CHANNELS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "clean": _clean,
    "telephone": _telephone,
    "mp3": _mp3,
    "opus": _opus,
    "vorbis": _vorbis,
    "overloaded": _overloaded,
    "compressed": _compressed,
    "low_level": _low_level,
}


def _coded(wave: np.ndarray, rate: int, container: str, subtype: str, compression: float) -> np.ndarray:
    """Encoded and decoded in memory by libsndfile, back in time with the wave; compression 1 is the worst."""
    import soundfile
    import soxr

    peak = max(float(np.abs(wave).max()), 1e-6)
    sent = soxr.resample(wave * np.float32(0.7 / peak), SAMPLE_RATE, rate)
    sent = np.concatenate([sent, np.zeros(int(LONGEST_DELAY_S * rate), np.float32)])  # room for the delay
    file = io.BytesIO()
    more = {"compression_level": compression} if container != "WAV" else {}
    soundfile.write(file, sent, rate, format=container, subtype=subtype, **more)
    file.seek(0)
    decoded, got_rate = soundfile.read(file, dtype="float32")
    heard = soxr.resample(decoded, got_rate, SAMPLE_RATE) * (peak / 0.7)
    return _in_time(heard, wave)


def _in_time(heard: np.ndarray, wave: np.ndarray) -> np.ndarray:
    """`heard` moved to where it correlates best with the wave, and as long."""
    from scipy.signal import fftconvolve

    reach = int(LONGEST_DELAY_S * SAMPLE_RATE)
    likeness = fftconvolve(heard, wave[::-1])  # index len(wave) - 1 is no delay
    near = likeness[len(wave) - 1 - reach : len(wave) + reach]
    delay = int(np.argmax(near)) - min(reach, len(wave) - 1)
    moved = heard[delay:] if delay >= 0 else np.concatenate([np.zeros(-delay, np.float32), heard])
    return np.concatenate([moved, np.zeros(max(0, len(wave) - len(moved)), np.float32)])[: len(wave)]
