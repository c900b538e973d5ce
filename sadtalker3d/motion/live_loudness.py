"""How loud the voice is, compared with itself over the last seconds."""

from __future__ import annotations

import numpy as np

from sadtalker3d.motion.live_recent import RecentLevels

COMPARED = 125  # frames: 5 s
QUIET, LOUD = 0.1, 0.9  # shares of the frames that are less loud
LEAST_RANGE = 1.0  # of the mel, 12.5 dB: a steady noise is not loud at times
MOST = 1.2
HEARD = slice(8, 12)  # of the window's columns: the second half of the frame and the half frame behind it


class LiveLoudness:
    """0 where the voice pauses, 1 where it is loud."""

    def __init__(self) -> None:
        self._recent = RecentLevels(COMPARED, 1)

    def next(self, window: np.ndarray) -> float:
        """Mel of the next frame, (80, 13) -> 0 to 1.2."""
        mean = window[:, HEARD].mean(keepdims=True)[0]  # (1,)
        self._recent.add(mean)
        quiet, loud = self._recent.percentiles(QUIET, LOUD)
        return float(np.clip((mean - quiet) / np.maximum(loud - quiet, LEAST_RANGE), 0, MOST)[0])
