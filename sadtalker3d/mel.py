"""Mel spectrograms as SadTalker's networks were trained on, and the window of each video frame.

Formulas and constants: Wav2Lip's audio front end (librosa's Slaney filters, magnitude STFT, decibels to +-4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

SAMPLE_RATE = 16000
FPS = 25
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
FFT_SAMPLES = 800
HOP_SAMPLES = 200  # 80 columns a second
BANDS = 80
LOWEST_HZ, HIGHEST_HZ = 55.0, 7600.0
PREEMPHASIS = 0.97
REFERENCE_DB = 20.0
FLOOR_DB = -100.0  # maps to -4, as do all quieter sounds; -100 + 100 dB maps to +4
WINDOW_COLUMNS = 16  # 0.2 s: 80 ms before to 120 ms after the beginning of the video frame

_COLUMNS_AT_ONCE = 2048  # bounds the memory of the transform to 13 MB a step


def frame_count(samples: int) -> int:
    """Whole video frames in so many samples at 16 kHz; the rest of the sound is left out."""
    return samples // SAMPLES_PER_FRAME


def mel_spectrogram(wave: np.ndarray) -> np.ndarray:
    """Normalised log-mel spectrogram of sound at 16 kHz.

    wave : (samples,) in -1..1 -> (80, 1 + samples // 200) float32 in -4..4. Column k is centred on
    sample 200 k; beyond the ends lies silence.
    """
    wave = np.asarray(wave, dtype=np.float64)
    edge = np.zeros(FFT_SAMPLES // 2)
    return columns_of(np.concatenate([edge, emphasised(wave, 0.0), edge]))


def mel_blocks(waves: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """`mel_spectrogram` of sound that comes in pieces, cut to whole video frames.

    waves : pieces of any length at 16 kHz -> blocks (80, n); together they are the spectrogram of the whole.
    """
    rest = np.zeros(0)  # samples that do not fill a video frame yet
    pending = np.zeros(FFT_SAMPLES // 2)  # emphasised samples from half a window before the next column on
    last = 0.0
    for wave in waves:
        wave = np.concatenate([rest, wave])
        whole = frame_count(len(wave)) * SAMPLES_PER_FRAME
        wave, rest = wave[:whole], wave[whole:]
        if not whole:
            continue
        pending = np.concatenate([pending, emphasised(wave, last)])
        last = wave[-1]
        block = columns_of(pending)
        pending = pending[block.shape[1] * HOP_SAMPLES :]
        yield block
    yield columns_of(np.concatenate([pending, np.zeros(FFT_SAMPLES // 2)]))


def window_columns(first: int, last: int) -> np.ndarray:
    """Mel columns of the windows of video frames first..last-1, not clamped: (last - first, 16) int."""
    # truncation towards zero is upstream's: the windows of frames 0 and 1 begin at -6 and -3
    starts = np.trunc(SAMPLE_RATE / HOP_SAMPLES * (np.arange(first, last) - 2) / FPS).astype(np.int64)
    return starts[:, None] + np.arange(WINDOW_COLUMNS)


def frame_windows(mel: np.ndarray, first: int, last: int) -> np.ndarray:
    """The networks' input for video frames first..last-1: (80, n) -> (last - first, 1, 80, 16).

    Where a window reaches beyond the sound, the first or last column is repeated.
    """
    columns = np.clip(window_columns(first, last), 0, mel.shape[1] - 1)
    return mel[:, columns].transpose(1, 0, 2)[:, None]


def window_blocks(mels: Iterable[np.ndarray], frames: int) -> Iterator[np.ndarray]:
    """`frame_windows` of a spectrogram that comes in blocks (80, n): arrays (up to `frames`, 1, 80, 16)."""
    mel = np.zeros((BANDS, 0), np.float32)
    offset = 0  # of the first column in `mel`
    first = 0
    for block in mels:
        mel = np.concatenate([mel, block], axis=1)
        while window_columns(first + frames - 1, first + frames)[0, -1] < offset + mel.shape[1]:
            yield _windows_from(mel, offset, first, first + frames)
            first += frames
            used = max(window_columns(first, first + 1)[0, 0], 0) - offset
            mel, offset = mel[:, used:], offset + used
    total = _frames_of(offset + mel.shape[1])
    for start in range(first, total, frames):
        yield _windows_from(mel, offset, start, min(start + frames, total))


def _windows_from(mel: np.ndarray, offset: int, first: int, last: int) -> np.ndarray:
    columns = np.clip(window_columns(first, last) - offset, 0, mel.shape[1] - 1)
    return mel[:, columns].transpose(1, 0, 2)[:, None]


def _frames_of(columns: int) -> int:
    """Video frames of a spectrogram cut to whole frames: columns = 1 + floor(3.2 frames)."""
    return -(-(columns - 1) * HOP_SAMPLES // SAMPLES_PER_FRAME)


def emphasised(wave: np.ndarray, before: float) -> np.ndarray:
    """y[n] = x[n] - 0.97 x[n-1], where x[-1] is `before`."""
    return wave - PREEMPHASIS * np.concatenate([[before], wave[:-1]])


def columns_of(wave: np.ndarray) -> np.ndarray:
    """Mel columns of all windows that fit into `emphasised` sound: (samples,) -> (80, n) float32."""
    total = max(0, (len(wave) - FFT_SAMPLES) // HOP_SAMPLES + 1)
    mel = np.empty((BANDS, total), np.float32)
    for first in range(0, total, _COLUMNS_AT_ONCE):
        last = min(first + _COLUMNS_AT_ONCE, total)
        samples = wave[first * HOP_SAMPLES : (last - 1) * HOP_SAMPLES + FFT_SAMPLES]
        windows = np.lib.stride_tricks.sliding_window_view(samples, FFT_SAMPLES)[::HOP_SAMPLES]
        spectrum = np.abs(np.fft.rfft(windows * _taper()))  # (n, 401)
        loudness_db = 20 * np.log10(np.maximum(spectrum @ mel_filters().T, 1e-5)) - REFERENCE_DB
        mel[:, first:last] = np.clip(8 * (loudness_db - FLOOR_DB) / -FLOOR_DB - 4, -4, 4).T
    return mel


@lru_cache(maxsize=1)
def _taper() -> np.ndarray:
    # np.hanning is symmetric; one point more, cut off, makes it periodic
    return np.hanning(FFT_SAMPLES + 1)[:-1]


@lru_cache(maxsize=1)
def mel_filters() -> np.ndarray:
    """Slaney's triangular filters of equal area, as librosa builds them: (80, 401)."""
    bins_hz = np.linspace(0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1)
    lowest_mel, highest_mel = _hz_to_mel(np.array([LOWEST_HZ, HIGHEST_HZ])).tolist()
    edges_mel = np.linspace(lowest_mel, highest_mel, BANDS + 2)
    low, centre, high = (_mel_to_hz(edges_mel)[i : i + BANDS, None] for i in range(3))
    rising = (bins_hz - low) / (centre - low)
    falling = (high - bins_hz) / (high - centre)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


# Slaney's scale: linear to 1 kHz (3 mel each 200 Hz), above it 27 mel for each factor of 6.4
_BREAK_HZ, _BREAK_MEL, _MEL_PER_HZ, _MEL_PER_LOG = 1000.0, 15.0, 3 / 200, 27 / np.log(6.4)


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    above = _BREAK_MEL + _MEL_PER_LOG * np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ)
    return np.where(hz < _BREAK_HZ, hz * _MEL_PER_HZ, above)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    above = _BREAK_HZ * np.exp((np.maximum(mel, _BREAK_MEL) - _BREAK_MEL) / _MEL_PER_LOG)
    return np.where(mel < _BREAK_MEL, mel / _MEL_PER_HZ, above)
