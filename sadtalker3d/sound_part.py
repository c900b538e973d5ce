"""A part of a sound as a WAV file, for a track that was cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sadtalker3d.audio import READ_VALUES, SAMPLE_RATE, Sound, open_audio
from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing


def write_sound_part(sound: str | Path, out: str | Path, start_s: float, length_s: float) -> Path:
    """Write `length_s` of a sound from `start_s` on, less where it ends before; memory stays flat.

    What libsndfile reads keeps its rate and channels, everything else becomes 16 kHz mono; 16 bits.

    Raises UserError: a sound that cannot be read, or one that ends before `start_s`
    """
    import soundfile

    source, written = open_audio(sound), 0
    kept = source.reader == "soundfile"
    rate_hz, channels = (source.rate_hz, source.channels) if kept else (SAMPLE_RATE, 1)
    first, last = round(start_s * rate_hz), round((start_s + length_s) * rate_hz)
    with replacing(out) as partial:
        with soundfile.SoundFile(partial, "w", rate_hz, channels, "PCM_16", format="WAV") as file:
            at = 0
            for block in _stored(source) if kept else source.blocks():
                part = block[max(first - at, 0) : max(last - at, 0)]
                file.write(part)
                written, at = written + len(part), at + len(block)
                if at >= last:
                    break
        if not written:
            raise UserError(f"{sound}: ends before {start_s:g} s, so there is nothing to cut out of it")
    return Path(out)


def _stored(source: Sound) -> Iterator[np.ndarray]:
    """(n, channels) float32 as stored."""
    import soundfile

    with source.path.open("rb") as stream, soundfile.SoundFile(stream) as file:
        while len(
            block := file.read(max(1, READ_VALUES // source.channels), dtype="float32", always_2d=True)
        ):
            yield block
