"""Raw sound in, one JSON line a frame out, while it is spoken: what `sadtalker3d stream` does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, TextIO

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.mel import FPS
from sadtalker3d.rig.arkit import OPEN_64

if TYPE_CHECKING:
    from sadtalker3d.motion.live import LiveFace, LiveFrames

AT_MOST_BYTES = 4096  # read at once; less when less is there
DIGITS = 5  # a hundred-thousandth of a shape, a radian, a metre
WAV = b"RIFF"  # as sound it would be a click


def stream(face: LiveFace, sound: BinaryIO, out: TextIO) -> int:
    """Animate 16-bit little-endian mono samples at the face's rate until `sound` ends; the number of frames.

    Each line is written as soon as its frame is ready:
    `{"time_s": ..., "expression": {name: weight}, "rotation": [3], "translation": [3]}`.

    Raises UserError when the sound is a WAV file or ends within a sample; BrokenPipeError when nobody reads.
    """
    lines = 0
    for samples in pcm_pieces(sound):
        lines += _write(face.hear(samples), out)
    return lines + _write(face.finish(), out)


def pcm_pieces(sound: BinaryIO) -> Iterator[np.ndarray]:
    """Pieces (n,) int16, as they come."""
    rest = b""
    first = True
    while data := _read_some(sound):
        data = rest + data
        if first and len(data) < len(WAV):
            rest = data
            continue
        if first and data.startswith(WAV):
            raise UserError(
                "standard input: is a WAV file; send raw samples, for instance with `arecord -t raw`"
            )
        first = False
        whole = len(data) // 2 * 2
        data, rest = data[:whole], data[whole:]
        yield np.frombuffer(data, "<i2").astype(np.int16)
    if len(rest) % 2:
        raise UserError("standard input: ends within a sample; send 16-bit mono samples")
    if rest:
        yield np.frombuffer(rest, "<i2").astype(np.int16)


def _read_some(sound: BinaryIO) -> bytes:
    """What is there, without waiting for more; nothing at the end."""
    read = getattr(sound, "read1", sound.read)
    return read(AT_MOST_BYTES)


def _write(frames: LiveFrames, out: TextIO) -> int:
    for index in range(len(frames)):
        line = {
            "time_s": round((frames.first + index) / FPS, 3),
            "expression": dict(zip(OPEN_64, _rounded(frames.expression[index]), strict=True)),
            "rotation": _rounded(frames.rotation[index]),
            "translation": _rounded(frames.translation[index]),
        }
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
        out.flush()
    return len(frames)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(value, DIGITS) for value in values.tolist()]
