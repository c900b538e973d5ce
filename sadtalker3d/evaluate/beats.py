"""Beat alignment of heads, next to what chance gives: alone it says nothing (real heads score at chance)."""

from __future__ import annotations

import numpy as np

from sadtalker3d.mel import SAMPLE_RATE

FPS = 25
SIGMA_FRAMES = 3.0
_SHIFTS = 20  # of the sound around the clip, for chance
_HOP_SAMPLES = 160
FORMULA = "mean over head beats h of exp(-min over onsets s of (h - s)^2 / (2 * 3^2 frames))"


def onset_frames(wave: np.ndarray) -> np.ndarray:
    """Onsets of sound at 16 kHz in (fractional) frames of 1/25 s: peaks of spectral flux, librosa's rule."""
    import librosa

    onsets = librosa.onset.onset_detect(y=wave, sr=SAMPLE_RATE, hop_length=_HOP_SAMPLES, units="samples")
    return np.asarray(onsets, np.float64) / SAMPLE_RATE * FPS


def head_beats(rotation: np.ndarray) -> np.ndarray:
    """Frames at which angular speed has a local minimum; rotation (T, 3) radians."""
    speed = np.linalg.norm(np.gradient(rotation, axis=0), axis=1)
    inner = speed[1:-1]
    return np.flatnonzero((inner < speed[:-2]) & (inner <= speed[2:])) + 1.0


def alignment(beats: np.ndarray, onsets: np.ndarray, sigma_frames: float = SIGMA_FRAMES) -> np.ndarray:
    """(n,) how near an onset is to each beat, 1 at the same time: Li et al. 2021 (AIST++), FORMULA above."""
    if len(beats) == 0 or len(onsets) == 0:
        return np.zeros(0)
    nearest = np.abs(beats[:, None] - onsets).min(axis=1)
    return np.exp(-np.square(nearest) / (2 * sigma_frames**2))


def alignment_by_chance(beats: np.ndarray, onsets: np.ndarray, frames: int) -> np.ndarray:
    """(n,) the mean of `alignment` over shifts of the onsets around the clip: same rhythms, no relation."""
    if len(beats) == 0 or len(onsets) == 0:
        return np.zeros(0)
    shifts = frames * np.arange(1, _SHIFTS + 1) / (_SHIFTS + 1)
    return np.mean([alignment(beats, (onsets + shift) % frames) for shift in shifts], axis=0)
