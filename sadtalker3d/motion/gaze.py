"""Gaze: eyes that stay with the listener while the head turns, wander a little, and look away now and then.

Speakers tend to look away as they begin to speak and back at the listener as they come to an end (Kendon 1967,
"Some functions of gaze-direction in social interaction"). Look-ahead: 2 s, to look back as a phrase ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.motion.prosody import Prosody
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
    away_deg: tuple[float, float] = (7.5, 3.3)
    away_every_s: float = 10.5
    away_s: tuple[float, float] = (0.5, 1.5)  # then back to the listener
    gap_sigma: float = 0.6  # of both gaps, log scale
    # chosen: the measured clips (70 pauses) are too few to show when people look away
    start_probability: float = 0.5  # of looking away to go to a phrase's beginning that is near
    start_reach_s: float = 1.5
    start_delay_s: tuple[float, float] = (-0.3, 0.2)
    end_probability: float = 0.7  # of looking back to go to a phrase's end that is near
    end_reach_s: float = 0.6
    end_delay_s: tuple[float, float] = (-0.25, 0.15)
    shortest_away_s: float = 0.3
    quiet: float = 0.6  # size of what the eyes do while nobody speaks
    most_deg: tuple[float, float] = (11.0, 7.0)  # further the head would turn too
    # what a weight of 1 turns the embedded head's eyes; ARKit does not say
    full_deg: tuple[float, float] = (14.4, 10.2)


DEFAULT = GazeConfig()
_LEFT_OF_SUBJECT = ("eyeLookOutLeft", "eyeLookInRight")
_RIGHT_OF_SUBJECT = ("eyeLookInLeft", "eyeLookOutRight")
_DOWN = ("eyeLookDownLeft", "eyeLookDownRight")
_UP = ("eyeLookUpLeft", "eyeLookUpRight")


@dataclass(frozen=True, eq=False)
class GazePlan:
    """Where the eyes go, apart from making up for the head."""

    offset_deg: np.ndarray
    """(T, 2) yaw to the subject's left and pitch down, from the listener."""
    shifts: np.ndarray
    """Frames at which the eyes leave the listener for somewhere else, and come back."""


def gaze_plan(
    frames: int, rng: np.random.Generator, prosody: Prosody | None = None, config: GazeConfig = DEFAULT
) -> GazePlan:
    """Seeded wandering and looking away, timed by the voice where one is given."""
    for_wander, for_away = rng.spawn(2)
    size = np.ones(frames) if prosody is None else config.quiet + (1 - config.quiet) * prosody.active
    offset = _held(size, for_wander, config)
    shifts = []
    for first, last, place in _away(size, for_away, prosody, config):
        offset[first:last] += place
        shifts += [first, last]
    inside = np.unique([frame for frame in shifts if 0 < frame < frames]).astype(np.int64)
    return GazePlan(_as_saccades(offset), inside)


def look(offset_deg: np.ndarray, rotation: np.ndarray, config: GazeConfig = DEFAULT) -> np.ndarray:
    """Columns of a performance in which only the gaze moves.

    offset_deg : (T, 2) see `GazePlan`
    rotation : (T, 3) radians of the head: pitch (+ chin down), yaw (+ to the subject's left), roll
    Returns (T, 64) float32 in 0..1.
    """
    angles = offset_deg - config.kept * np.degrees(rotation[:, [1, 0]])  # (T, 2) yaw, pitch
    angles = np.clip(angles, -np.array(config.most_deg), config.most_deg) / config.full_deg
    columns = np.zeros((len(offset_deg), len(OPEN_64)), np.float32)
    for axis, positive, negative in ((0, _LEFT_OF_SUBJECT, _RIGHT_OF_SUBJECT), (1, _DOWN, _UP)):
        for sign, names in ((1, positive), (-1, negative)):
            for name in names:
                columns[:, OPEN_64.index(name)] = np.maximum(sign * angles[:, axis], 0)
    return columns


def _held(size: np.ndarray, rng: np.random.Generator, config: GazeConfig) -> np.ndarray:
    """(T, 2) degrees: one place after the other, each held until the next."""
    starts = _starts(len(size), rng, config.wander_every_s, config.gap_sigma)
    places = rng.standard_normal((len(starts) + 1, 2)) * config.wander_deg
    places[0] = 0.0
    places[1:] *= size[starts, None]
    return places[np.searchsorted(starts, np.arange(len(size)), side="right")]


def _away(
    size: np.ndarray, rng: np.random.Generator, prosody: Prosody | None, config: GazeConfig
) -> list[tuple[int, int, np.ndarray]]:
    """First frame, frame after the last, and degrees (2,) of each moment of looking aside."""
    frames = len(size)
    moments = []
    free = 1  # the eyes begin with the listener
    for start in _starts(frames, rng, config.away_every_s, config.gap_sigma):
        length = round(rng.uniform(*config.away_s) * FPS)
        side = rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.2)
        place = np.array([side, rng.standard_normal()]) * config.away_deg
        to_start, to_end = rng.random(2) < (config.start_probability, config.end_probability)
        start_delay_s, end_delay_s = rng.uniform(*config.start_delay_s), rng.uniform(*config.end_delay_s)
        first, last = int(start), int(start) + length
        if prosody is not None and to_start:
            first = _moved(first, prosody.phrase_starts, config.start_reach_s, start_delay_s)
            last = first + length
        if prosody is not None and to_end:
            last = _moved(last, prosody.phrase_ends, config.end_reach_s, end_delay_s)
        first, last = max(first, free), max(last, first + round(config.shortest_away_s * FPS))
        if first < frames and first < last:
            moments.append((first, last, size[first] * place))
            free = last + 1
    return moments


def _moved(frame: int, targets: np.ndarray, reach_s: float, delay_s: float) -> int:
    """The nearest of the targets, with a delay, if it is near enough; else the frame itself."""
    if not len(targets):
        return frame
    nearest = int(targets[np.abs(targets - frame).argmin()])
    return nearest + round(delay_s * FPS) if abs(nearest - frame) <= reach_s * FPS else frame


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
