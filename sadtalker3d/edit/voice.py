"""What an emotion needs to know of the voice: how loud it is, and when it speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.edit.smoothing import gaussian
from sadtalker3d.track import Track

FPS_OF_LEVELS = 25.0
RANGE_DB = 30.0  # from the loud syllables down to what no longer counts
SYLLABLE_S = 0.3  # a face does not follow single sounds
MARGIN_S = 0.2  # lips get ready for a sound that long before it, and come to rest after it

# What a weight of 1 opens the embedded head's lips by, mm (`sadtalker3d.mouth`); the others open them by less than 1.
OPENS_MM = {
    "jawOpen": 31.0, "mouthClose": -33.5, "mouthFunnel": 9.7, "tongueOut": 9.4, "mouthFlare": 9.0, "mouthRound": 2.9,
    "mouthSpread": 2.4, "mouthLowerUnderTeeth": 2.3, "mouthUpperUpLeft": 1.0, "mouthUpperUpRight": 1.0,
    "mouthLowerDownLeft": 0.8, "mouthLowerDownRight": 0.8,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice at a track's frames: `loudness` (T,) from 0 silent to 1 loud, `speaking` (T,) from 0 to 1."""

    loudness: np.ndarray
    speaking: np.ndarray


def voice_of_sound(levels: np.ndarray, track: Track, start_s: float = 0.0) -> Voice:
    """The voice in a sound, of which the track begins at `start_s`; after the sound's end it is silent.

    levels : (n, 8) dB at 25 frames a second, see `motion.silence.group_levels`
    """
    from sadtalker3d.motion.silence import speech_gate

    loud_db = levels.max(axis=1)
    loudness = np.clip(1 - (np.percentile(loud_db, 95) - loud_db) / RANGE_DB, 0, 1)
    frames = (start_s + np.arange(len(track)) / track.fps) * FPS_OF_LEVELS

    def at_track(values: np.ndarray) -> np.ndarray:
        return np.interp(frames, np.arange(len(values)), values, right=0.0)

    gate = at_track(speech_gate(levels))
    return Voice(_smooth(at_track(loudness) * gate, track.fps, SYLLABLE_S), _with_margin(gate, track.fps))


def voice_of_mouth(track: Track) -> Voice:
    """The voice that the mouth's motion tells of, for a track without its sound."""
    opening = lip_opening_mm(track)
    busy = _smooth(
        np.abs(np.gradient(opening)) * track.fps if len(track) > 1 else opening * 0, track.fps, SYLLABLE_S
    )
    gate = np.clip(busy / 15.0, 0, 1)  # mm/s: lips that talk do 40 on average
    usual = max(float(np.percentile(opening, 95)), 2.0)
    loudness = _smooth(np.clip(opening / usual, 0, 1), track.fps, SYLLABLE_S) * gate
    return Voice(loudness, _with_margin(gate, track.fps))


def lip_opening_mm(track: Track) -> np.ndarray:
    """(T,) about how far the lips of the embedded head are apart."""
    return sum(
        (opens * track.column(name).astype(np.float64) for name, opens in OPENS_MM.items()),
        np.zeros(len(track)),
    )


def _smooth(values: np.ndarray, fps: float, width_s: float) -> np.ndarray:
    return gaussian(values[:, None], width_s * fps / np.sqrt(8 * np.log(2)))[:, 0].astype(np.float64)


def _with_margin(gate: np.ndarray, fps: float) -> np.ndarray:
    reach = max(round(MARGIN_S * fps), 1)
    padded = np.pad(gate, reach, mode="edge")
    return _smooth(
        np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1), fps, MARGIN_S / 2
    )
