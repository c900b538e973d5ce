"""What the voice does that a face answers to: accents, phrases and pauses.

Loudness stands in for stress: a stressed syllable is louder than its surroundings. Look-ahead needed to do the
same in a stream: 1.5 s for accents (half of `around_s`), 0.2 s to know that a pause is one, 0.6 s for `active`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.motion.silence import GateConfig, speech_gate

# without the margins that keep a mouth alive through a stop, so that pauses begin where the sound ends
_GATE = GateConfig(ahead=0, after=0, softening=1)


@dataclass(frozen=True)
class ProsodyConfig:
    """Times in seconds."""

    syllable_s: float = 0.2  # smooths the loudness to about a syllable
    around_s: float = 3.0  # a syllable is compared with what is spoken within this time
    # measured on people: half of the syllables stand out by 6 dB, a tenth by 12
    weak_db: float = 4.0  # below it a syllable is no accent
    strong_db: float = 11.0
    pause_s: float = 0.2  # shorter silences are stops and breaths within a phrase
    word_s: float = 0.12  # shorter sounds on their own are clicks, not phrases
    early_s: float = 0.3  # the face wakes before the voice
    late_s: float = 1.0  # and stays alive this long after it: most pauses within speech are shorter
    fade_s: float = 0.6


@dataclass(frozen=True, eq=False)
class Prosody:
    """One recording, frame by frame at 25 a second."""

    prominence: np.ndarray
    """(T,) above 0 at the middle of accented syllables only: 0 weak to 1 strong."""
    speaking: np.ndarray
    """(T,) bool; pauses of 0.2 s and more are False."""
    phrase_starts: np.ndarray
    """Frames at which speech begins, after a pause or at the beginning of the recording."""
    phrase_ends: np.ndarray
    """First frames of pauses; not the end of the recording."""
    active: np.ndarray
    """(T,) 1 while somebody is talking, short pauses included, fading to 0 where nobody speaks for long."""

    def __len__(self) -> int:
        return len(self.prominence)


DEFAULT = ProsodyConfig()


def hear_prosody(levels: np.ndarray, config: ProsodyConfig = DEFAULT) -> Prosody:
    """Levels (T, 8) in dB, see `silence.group_levels`, of a whole recording."""
    frames = len(levels)
    silent = speech_gate(levels, _GATE) <= 0.5
    speaking = ~_without_short(silent, round(config.pause_s * FPS))
    speaking = _without_short(speaking, round(config.word_s * FPS))
    starts, ends = spans(speaking)
    return Prosody(
        _prominence(levels, speaking, config),
        speaking,
        starts,
        ends[ends < frames],
        _active(speaking, starts, ends, config),
    )


def spans(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First frames of the runs of True, and the first frames after them."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def mean_around(values: np.ndarray, seconds: float) -> np.ndarray:
    """Running mean over about `seconds`, at either end over as much as there is."""
    half = max(1, round(seconds * FPS / 2))
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    frames = np.arange(len(values))
    first, last = np.maximum(frames - half, 0), np.minimum(frames + half + 1, len(values))
    return (total[last] - total[first]) / (last - first)


def _prominence(levels: np.ndarray, speaking: np.ndarray, config: ProsodyConfig) -> np.ndarray:
    loudness_db = 10 * np.log10((10 ** (levels / 10)).mean(axis=1))
    syllables_db = mean_around(loudness_db, config.syllable_s)
    spoken = mean_around(speaking.astype(float), config.around_s)
    # pauses do not count, or everything beside a pause would stand out
    around_db = mean_around(syllables_db * speaking, config.around_s) / np.maximum(spoken, 1e-9)
    padded = np.pad(syllables_db, 1, constant_values=-np.inf)
    peak = (syllables_db > padded[:-2]) & (syllables_db >= padded[2:]) & speaking
    above = (syllables_db - around_db - config.weak_db) / (config.strong_db - config.weak_db)
    return np.where(peak, np.clip(above, 0, 1), 0.0)


def _active(speaking: np.ndarray, starts: np.ndarray, ends: np.ndarray, config: ProsodyConfig) -> np.ndarray:
    frames = len(speaking)
    change = np.zeros(frames + 1)
    np.add.at(change, np.maximum(starts - round(config.early_s * FPS), 0), 1)
    np.add.at(change, np.minimum(ends + round(config.late_s * FPS), frames), -1)
    awake = (np.cumsum(change[:-1]) > 0).astype(float)
    kernel = np.hanning(round(config.fade_s * FPS) // 2 * 2 + 3)[1:-1]
    padded = np.pad(awake, len(kernel) // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid") if frames else awake


def _without_short(mask: np.ndarray, least: int) -> np.ndarray:
    """Runs of True shorter than `least` frames become False."""
    starts, ends = spans(mask)
    short = ends - starts < least
    change = np.zeros(len(mask) + 1, np.int64)
    change[starts[short]] += 1
    change[ends[short]] -= 1
    return mask & (np.cumsum(change[:-1]) == 0)
