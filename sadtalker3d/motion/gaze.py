"""Gaze: eyes that stay with the listener while the head turns, wander a little, and look away now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class GazeConfig:
    """Angles in degrees, times in seconds.

    Measured on people talking: the iris deviates by .024 and .015 eye widths, about 3.5 and 2.2 degrees, and
    moves further than .06 about once in 11 s.
    """

    kept: float = 0.75  # share of the head's turn that the eyes take back
    wander_deg: tuple[float, float] = (1.6, 1.0)  # standard deviation of yaw and pitch
    wander_every_s: float = 1.1  # median
    away_deg: tuple[float, float] = (8.0, 3.5)
    away_every_s: float = 7.5
    away_s: tuple[float, float] = (0.5, 1.5)  # then back to the listener
    gap_sigma: float = 0.6  # of both gaps, log scale
    most_deg: tuple[float, float] = (11.0, 7.0)  # further the head would turn too
    # what a weight of 1 turns the embedded head's eyes; ARKit does not say
    full_deg: tuple[float, float] = (14.4, 10.2)


DEFAULT = GazeConfig()
_LEFT_OF_SUBJECT = ("eyeLookOutLeft", "eyeLookInRight")
_RIGHT_OF_SUBJECT = ("eyeLookInLeft", "eyeLookOutRight")
_DOWN = ("eyeLookDownLeft", "eyeLookDownRight")
_UP = ("eyeLookUpLeft", "eyeLookUpRight")


def gaze_shifts(rotation: np.ndarray, rng: np.random.Generator, config: GazeConfig = DEFAULT) -> np.ndarray:
    """Columns of a performance in which only the gaze moves.

    rotation : (T, 3) radians of the head: pitch (+ chin down), yaw (+ to the subject's left), roll
    Returns (T, 64) float32 in 0..1.
    """
    frames = len(rotation)
    offset = _held(frames, rng, config.wander_every_s, config.gap_sigma, config.wander_deg)
    offset += _away(frames, rng, config)
    angles = _as_saccades(offset) - config.kept * np.degrees(rotation[:, [1, 0]])  # (T, 2) yaw, pitch
    angles = np.clip(angles, -np.array(config.most_deg), config.most_deg) / config.full_deg
    columns = np.zeros((frames, len(OPEN_64)), np.float32)
    for axis, positive, negative in ((0, _LEFT_OF_SUBJECT, _RIGHT_OF_SUBJECT), (1, _DOWN, _UP)):
        for sign, names in ((1, positive), (-1, negative)):
            for name in names:
                columns[:, OPEN_64.index(name)] = np.maximum(sign * angles[:, axis], 0)
    return columns


def _held(
    frames: int, rng: np.random.Generator, every_s: float, sigma: float, spread_deg: tuple[float, float]
) -> np.ndarray:
    """(T, 2) degrees: one place after the other, each held until the next."""
    starts = _starts(frames, rng, every_s, sigma)
    places = rng.standard_normal((len(starts) + 1, 2)) * spread_deg
    places[0] = 0.0
    return places[np.searchsorted(starts, np.arange(frames), side="right")]


def _away(frames: int, rng: np.random.Generator, config: GazeConfig) -> np.ndarray:
    """(T, 2) degrees: zero, but for moments of looking aside."""
    offset = np.zeros((frames, 2))
    for start in _starts(frames, rng, config.away_every_s, config.gap_sigma):
        length = round(rng.uniform(*config.away_s) * FPS)
        side = rng.choice([-1.0, 1.0])
        yaw_deg, pitch_deg = config.away_deg
        offset[start : start + length] = [
            side * yaw_deg * rng.uniform(0.6, 1.2),
            pitch_deg * rng.standard_normal(),
        ]
    return offset


def _starts(frames: int, rng: np.random.Generator, every_s: float, sigma: float) -> np.ndarray:
    """Frames at which something begins, with log-normal gaps."""
    enough = int(4 * frames / FPS / every_s) + 8
    gaps_s = every_s * np.exp(sigma * rng.standard_normal(enough))
    starts = np.round(np.cumsum(gaps_s) * FPS).astype(int)
    return starts[starts < frames]


def _as_saccades(offset: np.ndarray) -> np.ndarray:
    """(T, 2) steps that take two frames: a saccade of ten degrees lasts 50 ms."""
    before = np.concatenate([offset[:1], offset[:-1]])
    return (offset + before) / 2
