"""The speech for the page: small, and in a format that every browser plays."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

RATE_HZ = 24000  # speech keeps its sibilants; half the bits of 48 kHz
BIT_RATES = (64_000, 48_000, 40_000, 32_000, 24_000)  # the best that fits the room is taken


@dataclass(frozen=True)
class Speech:
    """An encoded sound: `data` is MP3 of `bit_rate` bits a second, mono."""

    MIME: ClassVar[str] = "audio/mpeg"

    data: bytes
    bit_rate: int


def encode(path: Path, duration_s: float, room_bytes: int) -> Speech:
    """The first `duration_s` of a sound file as MP3, silence after its end.

    MP3 with a constant bit rate: every browser decodes it by itself, seeks in it to the sample, and cuts off the
    encoder's delay, which its header tells. The bit rate is the highest with which it has at most `room_bytes`, or
    the lowest.

    Raises UserError when the sound cannot be read.
    """
    import av

    from sadtalker3d.render.soundtrack import Soundtrack

    fitting = [rate for rate in BIT_RATES if duration_s * rate / 8 <= room_bytes]
    bit_rate = fitting[0] if fitting else BIT_RATES[-1]
    soundtrack = Soundtrack(path, (RATE_HZ,))
    file = io.BytesIO()
    with av.open(file, "w", format="mp3", options={"id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout="mono", bit_rate=bit_rate)
        resampler = av.AudioResampler("fltp", "mono", RATE_HZ)
        for piece in soundtrack.up_to(round(duration_s * RATE_HZ)):
            for frame in resampler.resample(piece):
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Speech(file.getvalue(), bit_rate)
