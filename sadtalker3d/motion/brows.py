"""Brows: raises on some of the voice's accents, a frown on a few, a lift where phrases begin, a slow drift.

People raise their brows on about a third of the stressed words, with the rise before the loudest moment
(Cavé et al. 1996, "About the relationship between eyebrow movements and F0 variations"). Loudness stands in
for stress here. Look-ahead: half a second, for the slowest rise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.motion.bumps import apart, bumps
from sadtalker3d.motion.prosody import Prosody
from sadtalker3d.rig.arkit import OPEN_64


@dataclass(frozen=True)
class BrowConfig:
    """Where movements fall and how they look; times in seconds. Sizes and speeds are chosen by eye."""

    chance: float = 0.6  # of a raise on the strongest accents; on weaker ones in proportion
    frown_chance: float = 0.12  # of lowered brows instead, on strong accents alone
    strong: float = 0.6  # prominence from which an accent is strong
    phrase_chance: float = 0.3  # of a small lift as a phrase begins
    apart_s: float = 0.9  # longer than most of the movements: each is seen on its own
    # a high raise takes longer, so that the highest, .5, moves by .085 a frame
    rise_s: float = 0.2
    rise_s_per_height: float = 0.35
    fall_s: float = 0.55
    lead_s: float = 0.06  # the brows arrive before the loudest moment
    height: float = 0.22  # median of browInnerUp
    height_sigma: float = 0.4  # log scale
    highest: float = 0.5
    frown: float = 0.14  # median of browDown
    frown_highest: float = 0.3
    lift: float = 0.09  # median, of the inner brows at a phrase's beginning
    outer: float = 0.8  # share of a raise that the outer brows take
    uneven: float = 0.12  # standard deviation of each side's share: nobody's brows rise alike
    drift: float = 0.035  # standard deviation; above 0 the brows are raised, below it lowered
    drift_s: float = 3.0


DEFAULT = BrowConfig()


def brow_motion(prosody: Prosody, rng: np.random.Generator, config: BrowConfig = DEFAULT) -> np.ndarray:
    """Columns of a performance in which only the brows move: (T, 64) float32 in 0..1, 0 where nobody speaks."""
    for_accents, for_phrases, for_drift = rng.spawn(3)
    raised, frowned, sides = _on_accents(prosody, for_accents, config)
    lifted = _at_phrases(prosody, for_phrases, config)
    drift = _drift(len(prosody), for_drift, config)
    up, down = np.maximum(drift, 0), np.maximum(-drift, 0)
    columns = np.zeros((len(prosody), len(OPEN_64)), np.float32)
    for name, moved in (
        ("browInnerUp", np.maximum(raised, lifted) + up),
        ("browOuterUpLeft", config.outer * sides[:, 0] * raised + 0.5 * up),
        ("browOuterUpRight", config.outer * sides[:, 1] * raised + 0.5 * up),
        ("browDownLeft", sides[:, 0] * frowned + down),
        ("browDownRight", sides[:, 1] * frowned + down),
    ):
        columns[:, OPEN_64.index(name)] = np.clip(moved * prosody.active, 0, 1)
    return columns


def _on_accents(
    prosody: Prosody, rng: np.random.Generator, config: BrowConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raises (T,), frowns (T,) and how much of them each side shows (T, 2)."""
    accents = np.flatnonzero(prosody.prominence)
    strength = prosody.prominence[accents]
    draw = rng.random(len(accents))
    spread = np.exp(config.height_sigma * rng.standard_normal(len(accents)))
    uneven = np.clip(1 + config.uneven * rng.standard_normal((len(accents), 2)), 0.5, 1.5)
    rises = draw < config.chance * strength
    frowns = (draw > 1 - config.frown_chance) & (strength > config.strong)
    chosen = np.flatnonzero(rises | frowns)
    chosen = chosen[apart(accents[chosen], round(config.apart_s * FPS))]
    rises, frowns, spread = rises[chosen], frowns[chosen], spread[chosen]
    peaks_s = accents[chosen] / FPS - config.lead_s
    frames = len(prosody)

    def movement(which: np.ndarray, median: float, highest: float) -> np.ndarray:
        heights = np.minimum(median * spread[which], highest)
        rise_s = config.rise_s + config.rise_s_per_height * heights
        return bumps(frames, peaks_s[which], heights, rise_s, rise_s + config.fall_s - config.rise_s)

    # each side's share stays for a movement and changes half-way to the next, where the brows are at rest
    between = (accents[chosen][1:] + accents[chosen][:-1]) // 2
    nth = np.searchsorted(between, np.arange(frames), side="right")
    sides = uneven[chosen][nth] if len(chosen) else np.ones((frames, 2))
    return (
        movement(rises, config.height, config.highest),
        movement(frowns, config.frown, config.frown_highest),
        sides,
    )


def _at_phrases(prosody: Prosody, rng: np.random.Generator, config: BrowConfig) -> np.ndarray:
    starts = prosody.phrase_starts
    lifts = rng.random(len(starts)) < config.phrase_chance
    spread = np.exp(config.height_sigma * rng.standard_normal(len(starts)))
    heights = np.minimum(config.lift * spread, config.highest)[lifts]
    rise_s = config.rise_s + config.rise_s_per_height * heights
    return bumps(len(prosody), starts[lifts] / FPS + 0.1, heights, rise_s, 2 * rise_s)


def _drift(frames: int, rng: np.random.Generator, config: BrowConfig) -> np.ndarray:
    """Slow smooth noise: a random place every `drift_s`, half-cosines between."""
    every = round(config.drift_s * FPS)
    places = config.drift * rng.standard_normal(frames // every + 2)
    nth, part = np.divmod(np.arange(frames), every)
    share = 0.5 - 0.5 * np.cos(np.pi * part / every)
    return places[nth] + share * (places[nth + 1] - places[nth])
