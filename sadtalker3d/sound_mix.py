"""A sound with other sounds put in its place from certain times on: the sound of a dub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sadtalker3d.audio import SAMPLE_RATE, open_audio
from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing

FADE_S = 0.02  # long enough not to click, short enough to leave a word's beginning
PIECE = 1 << 18  # values of a block


def write_dubbed_sound(
    old: str | Path | None, new: Sequence[tuple[float, float, Path]], out: str | Path, length_s: float
) -> Path:
    """Write `length_s` of `old` (silence where there is none) with other sounds in it, as 16-bit WAV.

    new : (start_s, end_s, file) each: from start to end the file is heard and the old sound is not; a file that is
        shorter leaves silence

    The result has the highest rate and the most channels of what goes in. The old sound streams; each new one is
    held at once.

    Raises UserError for a sound that cannot be read.
    """
    rates, widths = [], []
    for path in [*([] if old is None else [Path(old)]), *(path for _, _, path in new)]:
        sound = open_audio(path)
        stored = sound.reader == "soundfile"
        rates.append(sound.rate_hz if stored else SAMPLE_RATE)
        widths.append(sound.channels if stored else 1)
    if not rates:
        raise UserError("there is no sound to write")
    rate_hz, channels = max(rates), min(max(widths), 2)
    total = round(length_s * rate_hz)
    pieces = [
        (round(start * rate_hz), round(end * rate_hz), _whole(path, rate_hz, channels))
        for start, end, path in new
    ]
    import soundfile

    base = None if old is None else _whole(Path(old), rate_hz, channels)
    fade = max(round(FADE_S * rate_hz), 1)
    with (
        replacing(out) as partial,
        soundfile.SoundFile(partial, "w", rate_hz, channels, "PCM_16", format="WAV") as file,
    ):
        for first in range(0, total, PIECE):
            last = min(first + PIECE, total)
            block = np.zeros((last - first, channels), np.float32)
            if base is not None and first < len(base):
                part = base[first:last]
                block[: len(part)] = part
            for start, end, voice in pieces:
                _put(block, first, start, end, voice, fade)
            file.write(block)
    return Path(out)


def _put(block: np.ndarray, first: int, start: int, end: int, voice: np.ndarray, fade: int) -> None:
    """Let `voice` be heard from `start` to `end` in a block that begins at `first`, old and new fading at the seams."""
    low, high = max(start, first), min(end, first + len(block))
    if low >= high:
        return
    at = np.arange(low, high)
    inside = np.clip(np.minimum(at - start + 1, end - at) / fade, 0, 1)[:, None].astype(np.float32)
    said = np.zeros((high - low, block.shape[1]), np.float32)
    part = voice[low - start : high - start]
    said[: len(part)] = part
    place = slice(low - first, high - first)
    block[place] = block[place] * (1 - inside) + said * inside


def _whole(path: Path, rate_hz: int, channels: int) -> np.ndarray:
    """(n, channels) float32 of a sound at a rate."""
    import soundfile
    import soxr

    sound = open_audio(path)
    if sound.reader == "soundfile":
        values, stored_hz = soundfile.read(path, dtype="float32", always_2d=True)
    else:
        values, stored_hz = np.concatenate([*sound.blocks(), np.zeros(0, np.float32)])[:, None], SAMPLE_RATE
    if stored_hz != rate_hz:
        values = soxr.resample(values, stored_hz, rate_hz)
    if values.shape[1] > channels:
        values = values.mean(axis=1, keepdims=True)
    return (
        np.broadcast_to(values, (len(values), channels))
        if values.shape[1] < channels
        else values[:, :channels]
    )
