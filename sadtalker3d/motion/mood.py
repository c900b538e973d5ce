"""How evenly a head moves: liveliness wanders over a recording, and big turns come between small ones.

PoseVAE draws every window from the same distribution. Within a take that is right for nods, but measured heads
now and then turn or tilt much further than they mostly do, and one day's take is livelier than another's. Both
are smooth random factors of the motion, so that no draw is thrown away and nothing jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FPS = 25
YAW, ROLL, SIDEWAYS = 1, 2, 3  # columns of a pose


@dataclass(frozen=True)
class MoodConfig:
    """Spreads are standard deviations of the log of a factor whose mean square is 1."""

    mood_s: float = 12.0  # from one mood to the next
    # Style 0 is everybody: log speeds of measured speakers spread by 0.45 from person to person, and with 0.5 the
    # average speaker's 95th percentile of speed over its median is nearest theirs. A style of its own is one
    # person, whose takes differ less.
    everybody: float = 0.5
    one_person: float = 0.2
    turn_s: float = 1.6  # from one turn to the next
    # Within a take measured yaw and roll have a kurtosis of 4.6 and 3.8, PoseVAE's 3.1; pitch is alike in both.
    turns: float = 0.4  # yaw, and the sideways travel that goes with it
    tilts: float = 0.3  # roll


DEFAULT = MoodConfig()


def moods(frames: int, style: int, rng: np.random.Generator, config: MoodConfig = DEFAULT) -> np.ndarray:
    """Factors (frames, 6) float32 for pitch, yaw, roll and x, y, z. The first frames do not depend on `frames`."""
    for_mood, for_turns, for_tilts = rng.spawn(3)
    spread = config.one_person if style else config.everybody
    factors = np.repeat(wandering(frames, config.mood_s, spread, for_mood)[:, None], 6, axis=1)
    turns = wandering(frames, config.turn_s, config.turns, for_turns)
    factors[:, YAW] *= turns
    factors[:, SIDEWAYS] *= turns
    factors[:, ROLL] *= wandering(frames, config.turn_s, config.tilts, for_tilts)
    return factors.astype(np.float32)


def wandering(frames: int, every_s: float, spread: float, rng: np.random.Generator) -> np.ndarray:
    """A log-normal factor (frames,) of mean square 1 that goes smoothly from one draw to the next."""
    at = np.arange(frames) / (every_s * FPS)
    knots = spread * rng.standard_normal(int(at[-1]) + 2 if frames else 2)
    before = at.astype(int)
    share = at - before
    share = share * share * (3 - 2 * share)
    return np.exp(knots[before] + share * (knots[before + 1] - knots[before]) - spread * spread)
