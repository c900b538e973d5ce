"""Sound at any rate to 16 kHz while it comes in, with a delay that is known: 2 ms.

soxr, which serves files, holds back far more than that. This filter is shorter: flat to 7.2 kHz, while the
highest mel band ends at 7.6 kHz.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.mel import SAMPLE_RATE

RATES_HZ = (8000, 192_000)
REACH_S = 0.002  # of the filter to either side
CUTOFF = 0.96  # of half the lower rate
KAISER_BETA = 6.0  # what would fold back lies 60 dB down from 8.3 kHz on


class Resampler:
    """Pieces at `rate_hz` -> pieces at 16 kHz, the same numbers however the sound is cut.

    Raises UserError when the rate is not a whole number from 8000 to 192000.
    """

    def __init__(self, rate_hz: int) -> None:
        if isinstance(rate_hz, bool) or not isinstance(rate_hz, int):
            raise UserError(f"sample rate {rate_hz!r} is not a whole number; give samples a second")
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise UserError(
                f"sample rate {rate_hz} cannot be used; give {RATES_HZ[0]} to {RATES_HZ[1]} samples a second"
            )
        self.rate_hz = rate_hz
        self.reach = 0 if rate_hz == SAMPLE_RATE else int(np.ceil(REACH_S * rate_hz))  # samples before, after
        self._up = SAMPLE_RATE // gcd(SAMPLE_RATE, rate_hz)
        self._down = rate_hz // gcd(SAMPLE_RATE, rate_hz)
        self._made = 0  # samples at 16 kHz
        self._first = -self.reach  # of the samples held; before the beginning lies silence
        self._held = np.zeros(self.reach)
        self._taps = _filters(rate_hz, self._up, self.reach) if self.reach else np.ones((1, 1))

    def hear(self, wave: np.ndarray) -> np.ndarray:
        """(n,) float64 at `rate_hz` -> what can be said of it at 16 kHz, (m,) float64."""
        if not self.reach:
            return wave
        self._held = np.concatenate([self._held, wave])
        # output k lies at input k down/up and needs `reach` inputs beyond it
        last = self._first + len(self._held) - self.reach  # outputs must lie before this input
        return self._make(max(self._made, -(-last * self._up // self._down)))

    def finish(self) -> np.ndarray:
        """The rest, as if silence followed: whole samples at 16 kHz of the time that was heard."""
        return self.hear(np.zeros(self.reach))

    def _make(self, end: int) -> np.ndarray:
        places = np.arange(self._made, end, dtype=np.int64) * self._down
        whole, phase = places // self._up - self._first, places % self._up
        rows = whole[:, None] + np.arange(-self.reach + 1, self.reach + 1)
        made = (self._held[rows] * self._taps[phase]).sum(axis=1)
        self._made = end
        kept = end * self._down // self._up - self.reach + 1  # the first input the next output needs
        if kept > self._first:
            self._held = self._held[kept - self._first :]
            self._first = kept
        return made


def _filters(rate_hz: int, phases: int, reach: int) -> np.ndarray:
    """Windowed sinc for each place between two inputs: (phases, 2 reach), each row of sum 1."""
    cutoff = CUTOFF * min(1.0, SAMPLE_RATE / rate_hz)
    places = np.arange(-reach + 1, reach + 1) - np.arange(phases)[:, None] / phases  # input samples
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (places / reach) ** 2, 0, 1)))
    taps = np.sinc(cutoff * places) * window
    return taps / taps.sum(axis=1, keepdims=True)
