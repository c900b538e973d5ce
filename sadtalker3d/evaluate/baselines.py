"""What a mouth must beat, and what it can hope for: a jaw driven by loudness, and the teacher on the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.evaluate.classes import split_phones
from sadtalker3d.mel import FPS, SAMPLE_RATE
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.phones import Phone

_LEVEL_HZ = 80  # of the teacher's loudness
_FLOOR = 1e-4  # -80 dB: digital silence has no level


@dataclass(frozen=True)
class LoudnessJaw:
    """A jaw that opens with the level: what many talking characters have."""

    smooth_s: float = 0.04  # standard deviation: as far as syllables stay apart
    closed_db: float = -30.0  # below the clip's loud parts: shut
    open_weight: float = 0.33  # of jawOpen at the loud parts: a range of 9 mm in speech, as in real captures


def loudness_jaw(wave: np.ndarray, frames: int, config: LoudnessJaw | None = None) -> np.ndarray:
    """Expressions (frames, 64) of sound (n,) at 16 kHz; nothing but jawOpen moves."""
    from scipy.ndimage import gaussian_filter1d

    config = config or LoudnessJaw()
    power = level_power(wave, _LEVEL_HZ)
    level_db = 10 * np.log10(
        gaussian_filter1d(power, config.smooth_s * _LEVEL_HZ, mode="constant") + _FLOOR**2
    )
    shown = (np.arange(frames) + 0.5) / FPS * _LEVEL_HZ - 0.5
    level_db = np.interp(shown, np.arange(len(level_db)), level_db)
    loud_db = np.percentile(level_db, 95) if len(level_db) else 0.0
    expression = np.zeros((frames, len(OPEN_64)), np.float32)
    share = np.clip((level_db - loud_db) / -config.closed_db + 1, 0, 1)
    expression[:, OPEN_64.index("jawOpen")] = config.open_weight * share * (level_db > -75)
    return expression


def teacher_motion(phones: Sequence[Phone], wave: np.ndarray, frames: int, mouth: Mouth) -> np.ndarray:
    """Expressions (frames, 64) of the coarticulation model that is told the true phones."""
    from sadtalker3d.train.teacher import open_targets

    loudness_db = 10 * np.log10(level_power(wave, _LEVEL_HZ) + _FLOOR**2)
    return open_targets(split_phones(phones), frames, mouth, loudness_db=loudness_db)


def level_power(wave: np.ndarray, hertz: int) -> np.ndarray:
    """Mean square of the sound, `hertz` values a second."""
    step = SAMPLE_RATE // hertz
    whole = -(-len(wave) // step) * step
    padded = np.pad(np.asarray(wave, np.float64), (0, whole - len(wave)))
    return np.square(padded.reshape(-1, step)).mean(axis=1)
