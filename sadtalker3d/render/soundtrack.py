"""The speech for a video: as it is stored, mono or stereo, at a rate that its codec takes, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.audio import Sound, open_audio

if TYPE_CHECKING:
    import av

    from sadtalker3d.render.containers import Container

BLOCK = 4096  # samples


class Soundtrack:
    """A sound file's samples, handed out piece by piece; silence follows when they end.

    It is read by the same library as `sadtalker3d.audio` chooses, so that sample 0 is the one from which the
    track was made, and what a damaged file holds before it breaks off is the sound.

    Parameters
    ----------
    rates_hz : those that the video may have; a sound at any other is resampled to the last
    silence_s : before it begins

    Attributes
    ----------
    layout : "mono" or "stereo"; more channels than two are averaged
    rate_hz : of the samples handed out

    Raises
    ------
    UserError : the file is missing or holds no sound that can be read
    """

    def __init__(self, path: str | Path, rates_hz: tuple[int, ...], silence_s: float = 0.0) -> None:
        self._sound = open_audio(path)
        self._channels = 2 if self._sound.channels == 2 else 1
        self.layout = ("mono", "stereo")[self._channels - 1]
        self.rate_hz = self._sound.rate_hz if self._sound.rate_hz in rates_hz else rates_hz[-1]
        self._silence = round(silence_s * self.rate_hz)
        self._blocks = self._resampled()
        self._left = np.empty((1, 0), np.float32)  # of the last block
        self._given = 0

    def up_to(self, sample: int) -> Iterator[av.AudioFrame]:
        """The pieces from where the last call ended up to `sample`."""
        while self._given < sample:
            if not self._left.size:
                self._left = next(self._blocks)
            piece, self._left = np.split(self._left, [sample - self._given], axis=1)
            frame = self._frame(piece, self.rate_hz)
            frame.pts, frame.time_base = self._given, Fraction(1, self.rate_hz)
            self._given += piece.shape[1]
            yield frame

    def _resampled(self) -> Iterator[np.ndarray]:
        """Blocks of (channels, n) float32 at `rate_hz`, without end."""
        import av

        for first in range(0, self._silence, BLOCK):
            yield np.zeros((self._channels, min(BLOCK, self._silence - first)), np.float32)
        resampler = av.AudioResampler("fltp", self.layout, self.rate_hz)
        stored = _from_soundfile if self._sound.reader == "soundfile" else _from_av
        for block in stored(self._sound):
            mixed = block
            if len(block) != self._channels:
                mixed = np.repeat(block.mean(axis=0, keepdims=True), self._channels, axis=0)
            finite = np.nan_to_num(mixed, nan=0.0, posinf=1.0, neginf=-1.0)
            for frame in resampler.resample(self._frame(finite, self._sound.rate_hz)):
                yield frame.to_ndarray()
        for frame in resampler.resample(None):
            yield frame.to_ndarray()
        while True:
            yield np.zeros((self._channels, BLOCK), np.float32)

    def _frame(self, samples: np.ndarray, rate_hz: int) -> av.AudioFrame:
        import av

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), "fltp", self.layout)
        frame.sample_rate = rate_hz
        return frame


def sound_stream(
    file: av.container.OutputContainer, sound: Soundtrack, container: Container
) -> av.AudioStream:
    """A track of a file for it."""
    import av

    stream = file.add_stream(container.sound_codec, rate=sound.rate_hz, layout=sound.layout)
    assert isinstance(stream, av.AudioStream)
    if container.sound_bit_rate is not None:
        stream.bit_rate = container.sound_bit_rate
    return stream


def _from_soundfile(sound: Sound) -> Iterator[np.ndarray]:
    """Blocks of (channels, n) at the stored rate."""
    import soundfile

    with sound.path.open("rb") as stream, soundfile.SoundFile(stream) as file:
        while True:
            try:
                block = file.read(BLOCK, dtype="float32", always_2d=True)
            except soundfile.SoundFileError:  # cut off
                return
            if not len(block):
                return
            yield block.T


def _from_av(sound: Sound) -> Iterator[np.ndarray]:
    """Blocks of (channels, n) at the rate of the first frame."""
    import av

    # a playlist could name files or addresses elsewhere: nothing but the file itself is opened
    options = {"protocol_whitelist": "none"}
    with (
        sound.path.open("rb") as stream,
        av.open(stream, "r", metadata_errors="replace", options=options) as file,
    ):
        converter, shape = None, None
        frames = file.decode(file.streams.audio[0])
        while True:
            try:
                frame = next(frames, None)
            except av.FFmpegError:  # cut off
                return
            if frame is None:
                return
            if (frame.format.name, frame.layout.name, frame.sample_rate) != shape:
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                converter = av.AudioResampler("fltp", frame.layout, sound.rate_hz)
            assert converter is not None
            frame.pts = None  # gaps and offsets of the container are not the speech's
            for converted in converter.resample(frame):
                yield converted.to_ndarray()
