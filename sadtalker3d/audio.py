"""Sound from any audio or video file, as a stream at 16 kHz; its mel windows are in `sadtalker3d.mel`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.mel import (
    FPS,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    frame_count,
    frame_windows,
    mel_blocks,
    mel_spectrogram,
    window_blocks,
)

if TYPE_CHECKING:
    import av

__all__ = [
    "FPS",
    "SAMPLES_PER_FRAME",
    "SAMPLE_RATE",
    "Sound",
    "frame_count",
    "frame_windows",
    "mel_blocks",
    "mel_spectrogram",
    "open_audio",
    "window_blocks",
]  # fmt: skip

BLOCK_S = 10.0  # long enough that calls cost nothing, short enough for memory
READ_VALUES = 1 << 14  # of all channels together, at once: what is lost where a file is cut off
PADDING_SAMPLES = 4096  # at most two packets, with which encoders fill up the end
RATES_HZ = (1000, 1_000_000)  # what a header may say without being damaged


@dataclass(frozen=True)
class Sound:
    """A sound file that has been looked at but not read.

    Attributes
    ----------
    path : the file
    rate_hz, channels : as stored
    duration_s : what the header says, or None; only good for a progress bar
    reader : "soundfile" or "av", the library that opens it
    """

    path: Path
    rate_hz: int
    channels: int
    duration_s: float | None
    reader: str

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the sound as pieces (n,) float32 at 16 kHz, channels averaged; memory stays flat.

        Raises UserError when the sound holds something that is not a number, or nothing can be decoded.
        """
        read = _soundfile_blocks if self.reader == "soundfile" else _av_blocks
        stored = _joined(read(self), math.ceil(BLOCK_S * self.rate_hz))
        samples = 0
        for block in _resampled(self._checked(stored), self.rate_hz):
            samples += len(block)
            yield block
        if samples == 0:
            raise UserError(
                f"{self.path}: no sound can be read from it; it is empty or cut off, export it again"
            )
        if samples < SAMPLES_PER_FRAME:
            raise UserError(
                f"{self.path}: holds only {1000 * samples / SAMPLE_RATE:.0f} ms of sound; "
                f"one video frame needs {1000 / FPS:.0f} ms"
            )

    def read(self) -> np.ndarray:
        """The whole sound, (samples,) float32 at 16 kHz."""
        return np.concatenate(list(self.blocks()))

    def _checked(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        read = 0
        for block in blocks:
            bad = ~np.isfinite(block)
            if bad.any():
                second = (read + int(np.argmax(bad))) / self.rate_hz
                raise UserError(
                    f"{self.path}: a sample at {second:.2f} s is not a finite number; export the sound again"
                )
            read += len(block)
            yield block


def open_audio(path: str | Path) -> Sound:
    """Open any file that soundfile or PyAV can read, video too.

    Raises UserError: missing, a folder, empty, unreadable, not sound, or without a sound track.
    """
    path = Path(path)
    if os.path.isdir(path):  # pathlib's own raises for a name that is too long
        raise UserError(f"{path}: is a folder; name a sound or video file in it")
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise UserError(f"{path}: is empty; export the sound again")
    except FileNotFoundError:
        raise UserError(f"{path}: no such sound file; check the name") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from None
    sound = _probe_soundfile(path) or _probe_av(path)
    if not RATES_HZ[0] <= sound.rate_hz <= RATES_HZ[1]:
        raise UserError(f"{path}: its header says {sound.rate_hz} samples a second; it is damaged")
    return sound


def _probe_soundfile(path: Path) -> Sound | None:
    import soundfile

    try:
        with path.open("rb") as file:
            # PyAV reads these; libsndfile would print to the terminal about damaged ones
            if _is_mpeg(file.read(3)):
                return None
            file.seek(0)
            info = soundfile.info(file)
    except (soundfile.SoundFileError, TypeError):
        return None
    if info.subtype.startswith("MPEG"):  # soundfile seeks after each read: an MP3 loses samples by that
        return None
    duration_s = info.frames / info.samplerate if info.samplerate and info.frames < 1 << 40 else None
    return Sound(path, info.samplerate, info.channels, duration_s, "soundfile")


def _is_mpeg(start: bytes) -> bool:
    """Whether a file begins as MP3 does: with an ID3 tag or the eleven set bits of a frame."""
    return start == b"ID3" or (len(start) > 1 and start[0] == 0xFF and start[1] >= 0xE0)


def _soundfile_blocks(sound: Sound) -> Iterator[np.ndarray]:
    import soundfile

    frames = max(1, READ_VALUES // sound.channels)
    with sound.path.open("rb") as stream, soundfile.SoundFile(stream) as file:
        while True:
            try:
                block = file.read(frames, dtype="float32", always_2d=True)  # (n, channels)
            except soundfile.SoundFileError:  # cut off: what came before it is the sound
                return
            if not len(block):
                return
            yield _averaged(block, axis=1)


def _probe_av(path: Path) -> Sound:
    import av

    try:
        with _open_av(path) as container:
            if not container.streams.audio:
                raise UserError(f"{path}: has no sound track; give a file with speech in it")
            stream = container.streams.audio[0]
            # the header of HE-AAC may state half the rate that is decoded: believe the first frame
            frame = next(container.decode(stream))
            duration_s = container.duration / av.time_base if container.duration else None
            return Sound(path, frame.sample_rate, frame.layout.nb_channels, duration_s, "av")
    except StopIteration:
        raise UserError(f"{path}: no sound can be decoded from it; export it again") from None
    except (av.FFmpegError, ValueError, OSError):
        raise UserError(
            f"{path}: not a sound or video file that can be read, or cut off; "
            "export it as WAV, FLAC, MP3 or MP4"
        ) from None


def _av_blocks(sound: Sound) -> Iterator[np.ndarray]:
    with _open_av(sound.path) as container:
        stream = container.streams.audio[0]
        blocks = _av_decoded(container, stream, sound.rate_hz)
        if stream.duration is None or stream.time_base is None:
            yield from blocks
        else:
            length_s = stream.duration * stream.time_base
            yield from _without_padding(blocks, round(length_s * sound.rate_hz))


def _av_decoded(
    container: av.container.InputContainer, stream: av.AudioStream, rate_hz: int
) -> Iterator[np.ndarray]:
    import av

    converter, shape = None, None
    frames = container.decode(stream)
    while True:
        try:
            frame = next(frames, None)
        except av.FFmpegError:  # cut off: what came before it is the sound
            return
        if frame is None:
            return
        if (frame.format.name, frame.layout.name, frame.sample_rate) != shape:
            shape = (frame.format.name, frame.layout.name, frame.sample_rate)
            converter = av.AudioResampler("fltp", frame.layout, rate_hz)
        assert converter is not None
        for converted in converter.resample(frame):
            yield _averaged(converted.to_ndarray(), axis=0)


def _without_padding(blocks: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Cut the end at the stated length, unless so much follows that the statement must be wrong."""
    read = 0
    beyond: list[np.ndarray] = []
    for block in blocks:
        inside = max(0, samples - read)
        read += len(block)
        if read - samples > PADDING_SAMPLES:
            yield from [*beyond, block]
            beyond = []
            continue
        yield block[:inside]
        beyond.append(block[inside:])


@contextmanager
def _open_av(path: Path) -> Iterator[av.container.InputContainer]:
    import av

    # a playlist could name files or addresses elsewhere: nothing but the file itself is opened
    options = {"protocol_whitelist": "none"}
    with path.open("rb") as file, av.open(file, "r", metadata_errors="replace", options=options) as container:
        yield container


def _averaged(block: np.ndarray, axis: int) -> np.ndarray:
    return block.mean(axis=axis, dtype=np.float32)


def _joined(blocks: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Small pieces -> pieces of at least `samples`."""
    parts: list[np.ndarray] = []
    held = 0
    for block in blocks:
        parts.append(block)
        held += len(block)
        if held >= samples:
            yield np.concatenate(parts)
            parts, held = [], 0
    if parts:
        yield np.concatenate(parts)


def _resampled(blocks: Iterator[np.ndarray], rate_hz: int) -> Iterator[np.ndarray]:
    """Pieces (n,) at any rate -> pieces at 16 kHz, the same as if resampled whole."""
    if rate_hz == SAMPLE_RATE:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
