"""Mel columns of sound that is still being spoken, each frame's as soon as its sound is there."""

from __future__ import annotations

import numpy as np

from sadtalker3d.mel import (
    BANDS,
    FFT_SAMPLES,
    HOP_SAMPLES,
    columns_of,
    emphasised,
    frame_count,
    window_columns,
)

HEARD_COLUMNS = 13  # of the window's 16: they end at most 80 ms after the middle of the frame
KEPT_COLUMNS = 32  # enough for the whole window of the frame before
HALF = FFT_SAMPLES // 2


class LiveMel:
    """The same numbers as `mel_spectrogram` of the whole sound, window by window.

    Columns are computed frame by frame, never piece by piece, so that not even rounding depends on the pieces.
    """

    def __init__(self) -> None:
        self.samples = 0  # heard so far
        self.frame = 0  # the next one
        self._sound = np.zeros(HALF)  # emphasised, from half a window before column `_next` on
        self._next = 0  # the first column that is not computed
        self._last_sample = 0.0
        self._ended = False
        self._columns = np.zeros((BANDS, 0), np.float32)  # the last ones, up to `_next`

    def hear(self, wave: np.ndarray) -> None:
        """(n,) float64 at 16 kHz."""
        if len(wave):
            self._sound = np.concatenate([self._sound, emphasised(wave, self._last_sample)])
            self._last_sample = float(wave[-1])
            self.samples += len(wave)

    def finish(self) -> None:
        """No more sound follows: silence lies behind it."""
        self._sound = np.concatenate([self._sound, np.zeros(HALF)])
        self._ended = True

    def ready(self) -> bool:
        """Whether the next frame's sound is there."""
        if self._ended:
            return self.frame < frame_count(self.samples)
        return _last_column(self.frame) * HOP_SAMPLES + HALF <= self.samples

    def window(self) -> np.ndarray:
        """Mel of the next frame, which must be ready: (80, 13)."""
        self._compute(_last_column(self.frame))
        window = self.window_of(self.frame)[:, :HEARD_COLUMNS]
        self.frame += 1
        return window

    def window_of(self, frame: int) -> np.ndarray:
        """Mel of a frame that was asked for lately, (80, 16), where the rest is not there its last column."""
        columns = np.clip(window_columns(max(frame, 0), max(frame, 0) + 1)[0], 0, self._next - 1)
        return self._columns[:, columns - self._next + self._columns.shape[1]]

    def _compute(self, last: int) -> None:
        """Columns up to `last`, or where the sound ends up to its last."""
        wanted = last + 1 - self._next
        if wanted <= 0:
            return
        new = columns_of(self._sound[: (wanted - 1) * HOP_SAMPLES + FFT_SAMPLES])
        self._sound = self._sound[new.shape[1] * HOP_SAMPLES :]
        self._next += new.shape[1]
        self._columns = np.concatenate([self._columns, new], axis=1)[:, -KEPT_COLUMNS:]


def _last_column(frame: int) -> int:
    return int(window_columns(frame, frame + 1)[0, 0]) + HEARD_COLUMNS - 1
