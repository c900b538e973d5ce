"""One clip's lip motion beside the phones it goes with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.evaluate.classes import UNKNOWN, split_phones
from sadtalker3d.mouth import LipMotion
from sadtalker3d.train.phones import SHAPES, Phone

FPS = 25
CLOSED_MM = 1.0
_CLOSED_SHARE = 0.15  # of the clip's 90th percentile: what counts as closed in a mouth that moves far
_WINDOW_S = 0.05
_FINE_HZ = 100  # phones are measured on a grid finer than the frames
_QUIET_S = 0.2  # silence counts from this far from any sound: lips part before and close after it
_LAG_REACH_S = 0.3


@dataclass(frozen=True)
class LipClip:
    """Lip motion on the frames and on a finer grid, with whole phones."""

    phones: Sequence[Phone]
    fps: float
    gap: np.ndarray  # (T,) mm
    frames: dict[str, np.ndarray]  # measure -> (T,) mm
    fine: dict[str, np.ndarray]  # measure -> values at k / _FINE_HZ s

    @classmethod
    def of(cls, motion: LipMotion, phones: Sequence[Phone], narrowing: float, fps: float) -> LipClip:
        """narrowing : width lost to each millimetre of gap by the jaw alone, see `Mouth.narrowing`"""
        width = motion.width_mm + narrowing * np.maximum(motion.gap_mm, 0)
        frames = {
            "gap": motion.gap_mm,
            "width": motion.width_mm,
            "protrusion": motion.protrusion_mm,
            "labiodental": motion.labiodental_mm,
            "rounding": motion.protrusion_mm - width / 2,
        }
        shown = (np.arange(len(motion.gap_mm)) + 0.5) / fps
        grid = np.arange(int(len(motion.gap_mm) / fps * _FINE_HZ)) / _FINE_HZ
        fine = {name: np.interp(grid, shown, values) for name, values in frames.items()}
        return cls(phones, fps, motion.gap_mm, frames, fine)

    def chosen(self, names: frozenset[str]) -> list[Phone]:
        """Phones of a class that lie within the clip."""
        return [p for p in self.phones if p.name in names and p.end_s <= len(self.gap) / self.fps]

    def at(self, measure: str, names: frozenset[str]) -> np.ndarray:
        """Mean of a measure in each phone's window, (n,)."""
        values = self.fine[measure]
        means = []
        for phone in self.chosen(names):
            centre = (phone.start_s + phone.end_s) / 2
            first, last = (round((centre + side * _WINDOW_S) * _FINE_HZ) for side in (-1, 1))
            means.append(values[max(first, 0) : last + 1].mean())
        return np.array(means)

    def smallest_gap(self, names: frozenset[str]) -> np.ndarray:
        """The smallest gap of the frames that each phone touches, (n,)."""
        found = []
        for phone in self.chosen(names):
            first, last = int(phone.start_s * self.fps), int(np.ceil(phone.end_s * self.fps))
            found.append(self.gap[first : max(last, first + 1)].min())
        return np.array(found)

    def closed(self, names: frozenset[str]) -> np.ndarray:
        """(n,) whether each phone's mean gap counts as closed."""
        limit = max(CLOSED_MM, _CLOSED_SHARE * float(np.percentile(self.gap, 90)))
        return self.at("gap", names) < limit

    def sounding(self) -> np.ndarray:
        """(T,) whether a known phone sounds in the middle of the frame."""
        return self._within({phone.name for phone in self.phones} - {"sil", UNKNOWN})

    def silent(self) -> np.ndarray:
        """(T,) frames at least 0.2 s from any sound, known or not."""
        noise = self._within({phone.name for phone in self.phones} - {"sil"})
        reach = int(_QUIET_S * self.fps)
        near = np.convolve(noise.astype(float), np.ones(2 * reach + 1))[reach : reach + len(noise)]
        return near < 0.5

    def lag_ms(self) -> float:
        """Where the gap correlates best with the phones' openness; + means face late, NaN where flat."""
        gap = self.fine["gap"]
        time = np.arange(len(gap)) / _FINE_HZ
        openness = np.zeros(len(gap))
        for phone in split_phones(self.phones):  # in halves: a diphthong closes while it sounds
            openness[(time >= phone.start_s) & (time < phone.end_s)] = SHAPES[phone.name].gap_mm
        reach = int(_LAG_REACH_S * _FINE_HZ)
        if len(gap) < 4 * reach:
            return float("nan")
        lags = np.arange(-reach, reach + 1)
        middle = gap[reach:-reach]
        windows = np.lib.stride_tricks.sliding_window_view(openness, len(middle))[::-1]
        middle, windows = middle - middle.mean(), windows - windows.mean(axis=1, keepdims=True)
        spread = np.linalg.norm(windows, axis=1) * np.linalg.norm(middle)
        if spread.min() < 1e-9:
            return float("nan")
        return float(lags[int(np.argmax(windows @ middle / spread))]) * 1000 / _FINE_HZ

    def _within(self, names: set[str]) -> np.ndarray:
        middle = (np.arange(len(self.gap)) + 0.5) / self.fps
        inside = np.zeros(len(middle), bool)
        for phone in self.phones:
            if phone.name in names:
                inside |= (middle >= phone.start_s) & (middle < phone.end_s)
        return inside
