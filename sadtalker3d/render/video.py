"""Pictures and speech to an MP4 file: H.264 and AAC, streamed, cut to the same length."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.render.soundtrack import Soundtrack

if TYPE_CHECKING:
    import av

AHEAD = 4  # pictures that may wait for the encoder, of 0.8 MB each at 512 x 512


@dataclass(frozen=True)
class Encoding:
    """How the streams are compressed."""

    crf: int = 18  # H.264 quality: 18 is hard to tell from the original
    preset: str = "veryfast"  # leaves the processor to the renderer; slower ones save 10 % of the size
    threads: int = 2  # fixed, because x264's output depends on it and the same input gives the same bytes
    audio_bit_rate: int = 128_000


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: float,
    audio_path: str | Path | None = None,
    *,
    encoding: Encoding | None = None,
) -> int:
    """Write frames, and the sound when there is one, as an MP4 file; returns the number of frames.

    The sound starts with the first frame and is cut, or filled with silence, to end with the last.
    Both are streamed, so memory does not grow with the length.

    Parameters
    ----------
    frames : (H, W, 3) uint8 sRGB pictures of one size; an odd width or height grows by one pixel,
        because 4:2:0 video has none
    fps : frames per second
    audio_path : any sound or video file; its first sound stream is used, as mono or stereo

    Raises
    ------
    UserError : no frames, an unreadable sound, or a place that cannot be written
    ValueError : a frame of another size or type
    """
    import av

    encoding = encoding or Encoding()
    path = Path(path)
    source = iter(frames)
    first = next(source, None)
    if first is None:
        raise UserError(f"{path}: there are no frames to write a video from")
    rate = Fraction(fps).limit_denominator(1001)
    sound = None if audio_path is None else Soundtrack(audio_path)  # refused before a file is begun
    with (
        replacing(path) as partial,
        av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as file,
    ):
        video = _video_stream(file, first, rate, encoding)
        audio = None if sound is None else _audio_stream(file, sound, encoding)

        def encode(frame: av.VideoFrame, count: int) -> None:
            frame = _yuv(frame)
            frame.pts = count - 1
            frame.time_base = 1 / rate
            file.mux(video.encode(frame))
            if sound is not None and audio is not None:
                for piece in sound.up_to(round(count / rate * sound.rate_hz)):
                    file.mux(audio.encode(piece))

        count = 0
        # one thread encodes in the pictures' order while the next ones are drawn
        with ThreadPoolExecutor(1) as encoder:
            waiting: deque[Future[None]] = deque()
            for count, picture in enumerate(_with_first(first, source), start=1):
                waiting.append(encoder.submit(encode, _rgb(picture, video), count))
                if len(waiting) > AHEAD:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
        for stream in (video, audio):
            if stream is not None:
                file.mux(stream.encode(None))
    return count


def _with_first(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from rest


def _video_stream(
    file: av.container.OutputContainer, first: np.ndarray, rate: Fraction, encoding: Encoding
) -> av.VideoStream:
    stream = file.add_stream(
        "libx264", rate=rate, options={"crf": str(encoding.crf), "preset": encoding.preset}
    )
    height, width = first.shape[:2]
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = "yuv420p"
    stream.time_base = 1 / rate
    context = stream.codec_context
    context.time_base = 1 / rate
    context.thread_count = encoding.threads
    # 1 is BT.709 in all three tables of ITU-T H.273, and limited range
    context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
    return stream


def _rgb(picture: np.ndarray, stream: av.VideoStream) -> av.VideoFrame:
    """A copy, because who draws may use the array again for the next picture."""
    import av

    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"a frame is (H, W, 3) uint8, not {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    if (height + height % 2, width + width % 2) != (stream.height, stream.width):
        raise ValueError(f"a frame is {width} x {height}, but the video is {stream.width} x {stream.height}")
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")


def _yuv(frame: av.VideoFrame) -> av.VideoFrame:
    from av.video.reformatter import ColorRange, Colorspace

    return frame.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG,
    )  # fmt: skip


def _audio_stream(
    file: av.container.OutputContainer, sound: Soundtrack, encoding: Encoding
) -> av.AudioStream:
    stream = file.add_stream("aac", rate=sound.rate_hz, layout=sound.layout)
    stream.bit_rate = encoding.audio_bit_rate
    return stream
