"""Recordings that are far too quiet or too loud are brought to a level the networks were taught with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sadtalker3d.motion.silence import DB_PER_UNIT


@dataclass(frozen=True)
class Range:
    """Level of the loudest part of the spectrum in a recording's loud frames (95th percentile), dB."""

    quietest_db: float
    loudest_db: float


# the mouth's training speech has -7 to 2 in its middle 80 %, and is drawn up to 16 dB quieter and 14 dB louder
FOR_LIPS = Range(-10.0, -1.0)
# the recordings that heads were measured and tuned on have 4 to 22, half of them 8 to 17
FOR_HEAD = Range(6.0, 18.0)
MOST_DB = 45.0  # more would only lift what digital silence has left


def gain_db(levels: np.ndarray, wanted: Range) -> float:
    """What brings a recording into the range: levels (T, 8) in dB, see `silence.group_levels`."""
    if not len(levels):
        return 0.0
    loud_db = float(np.percentile(levels.max(axis=1), 95))
    return float(
        np.clip(np.clip(loud_db, wanted.quietest_db, wanted.loudest_db) - loud_db, -MOST_DB, MOST_DB)
    )


class Louder:
    """A mel spectrogram in blocks (80, n), made louder by `gain_db`; as often as it is asked for."""

    def __init__(self, mel: Iterable[np.ndarray], gain_db: float) -> None:
        self._mel, self._shift = mel, np.float32(gain_db / DB_PER_UNIT)

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._mel:
            # what is at the floor is silence and stays there
            yield np.where(block > -4, np.clip(block + self._shift, -4, 4), block)
