"""A head that listens: it settles when the voice has been silent for a while and wakes before it sets in.

Pauses within speech are left to PoseVAE, which has learnt them from people; this is for those in which somebody
else speaks, or nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FPS = 25
PITCH, UP = 0, 4  # columns of a pose
NEVER_S = 1e6


@dataclass(frozen=True)
class ListenerConfig:
    """Seconds, and shares of the speaker's motion."""

    after_s: float = 2.0  # longer than a pause within speech
    settling_s: float = 2.0
    waking_s: float = 0.8  # about as long as the breath before speaking
    ahead_s: float = 0.24  # measured heads set off that long before the voice
    stillness: float = 0.5  # of the motion PoseVAE gives silence, which is less than half that in speech
    breath_hz: tuple[float, float] = (0.2, 0.3)  # 12 to 18 breaths a minute, another rate in every take
    breath_rad: float = 0.005  # chin up and down by a third of a degree
    breath_m: float = 0.0006  # the shoulders lift the head a little


DEFAULT = ListenerConfig()


def listening(spoken: np.ndarray, config: ListenerConfig = DEFAULT) -> np.ndarray:
    """How far the head is a listener's, (T,) in 0..1, from where there is voice, (T,) bool.

    A recording that begins or ends in silence begins or ends with a listener.
    """
    frame = np.arange(len(spoken))
    last = np.maximum.accumulate(np.where(spoken, frame, -NEVER_S * FPS))
    following = np.minimum.accumulate(np.where(spoken, frame, NEVER_S * FPS)[::-1])[::-1]
    settled = _smoothstep(((frame - last) / FPS - config.after_s) / config.settling_s)
    asleep = _smoothstep(((following - frame) / FPS - config.ahead_s) / config.waking_s)
    return np.minimum(settled, asleep)


def as_listener(
    pose: np.ndarray, spoken: np.ndarray, rng: np.random.Generator, config: ListenerConfig = DEFAULT
) -> np.ndarray:
    """The pose (T, 6) where there is voice; elsewhere a small share of it about rest, and breath. float32."""
    share = listening(spoken, config)
    breath = np.sin(2 * np.pi * rng.uniform(*config.breath_hz) * np.arange(len(pose)) / FPS)
    result = pose * (1 - (1 - config.stillness) * share[:, None])
    result[:, PITCH] -= share * config.breath_rad * breath  # chin up while the chest is full
    result[:, UP] += share * config.breath_m * breath
    return result.astype(np.float32)


def _smoothstep(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)
