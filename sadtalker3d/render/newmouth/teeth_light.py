"""How bright a film's teeth are, learnt from the frames that show some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TeethConfig:
    """How far what is seen corrects the estimate."""

    gain: tuple[float, float] = (0.6, 2.0)
    power: tuple[float, float] = (0.5, 1.0)
    most_lifted: float = 2.0  # a molar in the dark stays there


@dataclass(frozen=True)
class TeethLight:
    """How a film's teeth differ from what is estimated: the bright ones by `gain`, darker ones less dark by `power`.

    bright : of the estimate, where the gain holds as it is; see `brightness`
    """

    gain: float = 1.0
    power: float = 1.0
    bright: float = 180.0

    @classmethod
    def learnt(cls, seen: np.ndarray, config: TeethConfig | None = None) -> TeethLight:
        """From (frames, 2, 2): `brightness` of the teeth as each frame shows them, and of the estimate there."""
        config = config or TeethConfig()
        (middle_here, here), (middle, bright) = np.log(np.median(seen, axis=0))
        power = np.clip((here - middle_here) / max(bright - middle, 0.05), *config.power)
        return cls(float(np.clip(np.exp(here - bright), *config.gain)), float(power), float(np.exp(bright)))

    def on(self, rgb: np.ndarray, config: TeethConfig | None = None) -> np.ndarray:
        """(n, 1) factors on (n, 3) estimated colours 0..255."""
        config = config or TeethConfig()
        light = rgb.mean(axis=1, keepdims=True) + DARK
        return self.gain * np.minimum((light / self.bright) ** (self.power - 1), config.most_lifted)


DARK = 8.0  # added to colours before their ratio is taken: the darkest ones are noise


def brightness(rgb: np.ndarray) -> np.ndarray:
    """(2,) of (n, 3) teeth's colours: the middle one, and what a fifth of them exceeds."""
    return np.asarray(np.percentile(rgb.mean(axis=1) + DARK, (50, 80)))
