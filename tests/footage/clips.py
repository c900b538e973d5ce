"""Small clips with what real footage has: odd times, turned pictures, several sounds, subtitles."""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from sadtalker3d.footage.planes import layout_of, planes_of

RATE_HZ = 48000


@dataclass(frozen=True)
class Sound:
    """A track of near silence with one click.

    starts_s : on the file's clock, which may be before 0
    click_s : on the file's clock
    """

    click_s: float
    starts_s: float = 0.0
    length_s: float = 1.2
    language: str | None = None
    codec: str = "aac"

    def samples(self) -> np.ndarray:
        made = np.zeros((1, round(self.length_s * RATE_HZ)), np.float32)
        at = round((self.click_s - self.starts_s) * RATE_HZ)
        made[0, at : at + 480] = 0.8 * np.sin(np.arange(480))
        return made


def pixels(number: int, height: int, width: int, most: int) -> np.ndarray:
    """(H, W) values of one plane, another for each number."""
    y, x = np.mgrid[:height, :width]
    return ((3 * x + 5 * y + 37 * number) % (most // 2) + most // 4).astype(np.uint16)


def clip(
    path: Path,
    frames: int = 30,
    *,
    size: tuple[int, int] = (96, 64),
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    turn: tuple[float, bool, bool] | None = None,
    sounds: Sequence[Sound] = (),
    flash: int | None = None,
    setup: Callable[[Any], None] | None = None,
    **tags: int,
) -> Path:
    """A video; without losses where it is H.264. `flash` is the number of the one white frame."""
    options = {"qp": "0", "preset": "ultrafast"} if options is None and codec == "libx264" else options or {}
    layout = layout_of(pixel_format)
    assert layout is not None
    with av.open(str(path), "w") as file:
        video = file.add_stream(codec, rate=25, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height = size
        video.pix_fmt = pixel_format
        video.time_base = video.codec_context.time_base = time_base
        for name, value in tags.items():
            setattr(video.codec_context, name, value)
        if turn is not None:
            video.set_display_rotation(*turn)
        tracks = []
        for sound in sounds:
            track = file.add_stream(sound.codec, rate=RATE_HZ, layout="mono")
            if sound.language:
                track.metadata["language"] = sound.language
            tracks.append(track)
        if setup is not None:
            setup(file)
        for number, at in enumerate(times or range(frames)):
            frame = av.VideoFrame(*size, pixel_format)
            for index, plane in enumerate(planes_of(frame, layout)):
                value = pixels(number + 7 * index, *plane.shape, 1 << layout.bits)
                if flash is not None:
                    value = np.full_like(value, 40 if index == 0 and number != flash else 128)
                    if index == 0 and number == flash:
                        value[:] = 220
                plane[:] = value
            frame.pts, frame.time_base = at, time_base
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        for sound, track in zip(sounds, tracks, strict=True):
            samples = sound.samples()
            for first in range(0, samples.shape[1], 1024):
                piece = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(samples[:, first : first + 1024]), "fltp", "mono"
                )
                piece.sample_rate = RATE_HZ
                piece.pts, piece.time_base = round(sound.starts_s * RATE_HZ) + first, Fraction(1, RATE_HZ)
                file.mux(track.encode(piece))
            file.mux(track.encode(None))
    return path


def speech(path: Path, click_s: float, length_s: float = 1.2) -> Path:
    """A new sound with one click."""
    samples = Sound(click_s, length_s=length_s).samples()[0]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@dataclass(frozen=True)
class Seen:
    """A stored frame: its planes, its time in seconds, and its turn in degrees."""

    planes: list[np.ndarray]
    time_s: float
    rotation: int
    format: str


def stored(path: Path) -> list[Seen]:
    """The frames as they are in a file."""
    made = []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            layout = layout_of(frame.format.name)
            assert layout is not None
            planes = [plane.copy() for plane in planes_of(frame, layout)]
            made.append(Seen(planes, float(frame.time), frame.rotation, frame.format.name))
    return made


def click_of(path: Path, track: int = 0) -> float:
    """When the click is heard, on the file's clock."""
    with av.open(str(path)) as file:
        for frame in file.decode(audio=track):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()).max(axis=0) > 0.2 * _most(frame))
            if len(loud):
                return float(frame.time) + loud[0] / frame.sample_rate
    raise AssertionError("no click")


def flash_of(path: Path) -> float:
    """When the white frame is shown, on the file's clock."""
    seen = stored(path)
    return seen[int(np.argmax([one.planes[0].mean() for one in seen]))].time_s


def _most(frame: av.AudioFrame) -> float:
    return 1.0 if frame.format.name.startswith("flt") else 32768.0
