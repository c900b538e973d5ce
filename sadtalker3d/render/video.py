"""Pictures and speech to a video file (MP4, WebM or MOV), streamed, cut to the same length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.render.ahead import Ahead
from sadtalker3d.render.containers import SEE_THROUGH, Pictures, video_container
from sadtalker3d.render.soundtrack import Soundtrack, sound_stream

if TYPE_CHECKING:
    import av

THREADS = 2  # fixed, because an encoder's output depends on it and the same input gives the same bytes


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: float,
    audio_path: str | Path | None = None,
) -> int:
    """Write frames, and the sound when there is one, as a video file; returns the number of frames.

    The ending chooses among `containers.CONTAINERS`: .mp4 (H.264, AAC), .webm (VP9, Opus), .mov (ProRes, PCM).

    The sound starts with the first frame and is cut, or filled with silence, to end with the last.
    Both are streamed, so memory does not grow with the length.

    Parameters
    ----------
    frames : (H, W, 3) uint8 sRGB pictures of one size, or (H, W, 4) with straight alpha, which MP4 cannot
        hold; an odd width or height grows by one pixel, because 4:2:0 video has none
    fps : frames per second
    audio_path : any sound or video file; its first sound stream is used, as mono or stereo

    Raises
    ------
    UserError : no frames, another ending, transparent frames for an MP4, an unreadable sound, or a place that
        cannot be written
    ValueError : a frame of another size or type
    """
    import av

    path = Path(path)
    container = video_container(path)
    source = iter(frames)
    first = next(source, None)
    if first is None:
        raise UserError(f"{path}: there are no frames to write a video from")
    channels = first.shape[-1]
    pictures = container.see_through if channels == 4 else container.opaque
    if pictures is None:
        raise UserError(f"{path}: {path.suffix} holds no transparency; choose {SEE_THROUGH}")
    rate = Fraction(fps).limit_denominator(1001)
    # a bad sound is refused before a file is begun
    sound = None if audio_path is None else Soundtrack(audio_path, container.rates_hz)
    with (
        replacing(path) as partial,
        av.open(str(partial), "w", format=container.format, options=dict(container.options)) as file,
    ):
        video = _video_stream(file, first, rate, pictures)
        audio = None if sound is None else sound_stream(file, sound, container)

        def encode(frame: av.VideoFrame, count: int) -> None:
            frame = _yuv(frame, pictures)
            frame.pts = count - 1
            frame.time_base = 1 / rate
            file.mux(video.encode(frame))
            if sound is not None and audio is not None:
                for piece in sound.up_to(round(count / rate * sound.rate_hz)):
                    file.mux(audio.encode(piece))

        count = 0
        # one thread encodes in the pictures' order while the next ones are drawn
        with Ahead() as encoder:
            for count, picture in enumerate(_with_first(first, source), start=1):
                encoder.do(encode, _rgb(picture, video, channels), count)
        for stream in (video, audio):
            if stream is not None:
                file.mux(stream.encode(None))
    return count


def _with_first(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from rest


def _video_stream(
    file: av.container.OutputContainer, first: np.ndarray, rate: Fraction, pictures: Pictures
) -> av.VideoStream:
    import av

    stream = file.add_stream(pictures.codec, rate=rate, options=dict(pictures.options))
    assert isinstance(stream, av.VideoStream)
    height, width = first.shape[:2]
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = pictures.pixel_format
    stream.time_base = 1 / rate
    context = stream.codec_context
    context.time_base = 1 / rate
    context.thread_count = THREADS
    context.bit_rate = 0  # the quality is constant instead
    # 1 is BT.709 in all three tables of ITU-T H.273, and limited range
    context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
    return stream


def _rgb(picture: np.ndarray, stream: av.VideoStream, channels: int) -> av.VideoFrame:
    """A copy, because who draws may use the array again for the next picture."""
    import av

    if (
        picture.dtype != np.uint8
        or picture.ndim != 3
        or picture.shape[2] != channels
        or channels not in (3, 4)
    ):
        raise ValueError(
            f"a frame is (H, W, 3) or, all of them, (H, W, 4) uint8, not {picture.shape} {picture.dtype}"
        )
    height, width = picture.shape[:2]
    if (height + height % 2, width + width % 2) != (stream.height, stream.width):
        raise ValueError(f"a frame is {width} x {height}, but the video is {stream.width} x {stream.height}")
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return av.VideoFrame.from_ndarray(
        np.ascontiguousarray(picture), format="rgba" if channels == 4 else "rgb24"
    )


def _yuv(frame: av.VideoFrame, pictures: Pictures) -> av.VideoFrame:
    from av.video.reformatter import ColorRange, Colorspace

    return frame.reformat(
        format=pictures.pixel_format, dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG,
    )  # fmt: skip
