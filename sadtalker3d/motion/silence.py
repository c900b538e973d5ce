"""Where nobody speaks: a soft gate from the mel windows that lets the face come to rest.

The gate only closes on what stands out of the background in no part of the spectrum, so that quiet
consonants, which are strong in their own bands, pass. What is loud but not speech is the network's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import BANDS

DB_PER_UNIT = 12.5  # a normalised mel spans 100 dB in 8 units
FLOOR_DB = -4 * DB_PER_UNIT  # the lowest value a mel takes: digital silence
GROUPS = 8  # ten mel bands each: narrow enough to see an f, wide enough to average noise
FRAME_COLUMNS = slice(6, 10)  # of the window's 16, those that fall into the video frame itself


@dataclass(frozen=True)
class GateConfig:
    """Decibels above the background, and frames of 40 ms."""

    closed_db: float = 6.0  # a steady noise stays below this in all groups
    open_db: float = 12.0
    background_percentile: float = 10.0  # per group: even fast speech leaves each group free that often
    background_reach: int = 125  # frames to either side: 5 s
    background_hop: int = 25
    shortest_background: int = 75  # frames; a shorter clip may hold no pause to measure the background in
    loud_percentile: float = 95.0
    range_db: float = 55.0  # what lies so far below the loud parts is nothing, however much it stands out
    unmeasured_db: float = 25.0  # the background below the loud parts where it cannot be measured
    ahead: int = 3  # frames the mouth may move before the sound
    after: int = 2  # with `ahead` it bridges 200 ms, longer than the closure of any stop
    softening: int = 5  # frames


DEFAULT = GateConfig()


def group_levels(windows: np.ndarray, columns: slice = FRAME_COLUMNS) -> np.ndarray:
    """Level of each video frame in eight parts of the spectrum, dB: (N, 1, 80, 16) -> (N, 8) float32.

    columns : those of the window that are looked at; the frame's own unless given
    """
    power = 10 ** (windows[:, 0, :, columns] * (DB_PER_UNIT / 10))  # (N, 80, 4)
    grouped = power.reshape(len(windows), GROUPS, BANDS // GROUPS * power.shape[2]).mean(axis=2)
    return (10 * np.log10(grouped)).astype(np.float32)


def speech_gate(levels: np.ndarray, config: GateConfig = DEFAULT) -> np.ndarray:
    """How far each frame is speech rather than silence: levels (T, 8) -> (T,) float32 in 0..1."""
    loud = np.percentile(levels, config.loud_percentile, axis=0)  # (8,)
    background = _background(levels, config)  # (T, 8)
    if len(levels) < config.shortest_background:
        background = np.minimum(background, loud - config.unmeasured_db)
    background = np.maximum(background, max(loud.max() - config.range_db, FLOOR_DB))
    above = (levels - background).max(axis=1)
    gate = smoothstep((above - config.closed_db) / (config.open_db - config.closed_db))
    return _softened(_spread(gate, config.ahead, config.after), config.softening).astype(np.float32)


def _background(levels: np.ndarray, config: GateConfig) -> np.ndarray:
    """Running percentile: measured every second, linear between."""
    centres = np.arange(0, len(levels), config.background_hop)
    measured = np.stack(
        [
            np.percentile(
                levels[max(0, centre - config.background_reach) : centre + config.background_reach],
                config.background_percentile,
                axis=0,
            )
            for centre in centres
        ]
    )
    frames = np.arange(len(levels))
    return np.stack([np.interp(frames, centres, column) for column in measured.T], axis=1)


def _spread(gate: np.ndarray, ahead: int, after: int) -> np.ndarray:
    """Maximum over the frames from `after` before to `ahead` behind."""
    padded = np.pad(gate, (after, ahead))
    return np.lib.stride_tricks.sliding_window_view(padded, ahead + after + 1).max(axis=1)


def _softened(gate: np.ndarray, frames: int) -> np.ndarray:
    """Zero-lag smoothing that does not bleed beyond the ends of the recording."""
    kernel = np.hanning(frames + 2)[1:-1]
    padded = np.pad(gate, frames // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, level at both ends."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)
