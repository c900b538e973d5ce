"""A video's further sound tracks and its subtitles, carried into another file beside new pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sadtalker3d.face.video import opened
from sadtalker3d.render.containers import Container

if TYPE_CHECKING:
    import av

# what players expect in a container, of what its format could hold; others are compressed again
PLAYED = {
    "mp4": ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"),
    "mov": ("aac", "mp3", "ac3", "eac3", "alac", "pcm"),
}
TEXT = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt", "matroska": "subrip"}
# languages that FFmpeg's QuickTime table knows by their other ISO 639-2 code
QUICKTIME = {"deu": "ger", "nld": "dut", "ell": "gre", "isl": "ice", "zho": "chi", "sqi": "alb"}
MILLISECOND = Fraction(1, 1000)
# what a muxer writes about the file that it made is not about this one
ABOUT_THE_FILE = (
    "major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id", "bps",
    "number_of_frames", "number_of_bytes", "_statistics", "rotate",
)  # fmt: skip


@dataclass
class _Way:
    """From a track to a track. `encode` makes packets of one where it cannot be copied."""

    source: Any
    target: Any
    kind: str  # "copy", "sound" or "text"
    last_dts: int | None = None


class Tracks:
    """What else is in a video, on its way into a file that is written; memory stays flat.

    Made before the first packet is written to `file`. `notes` says what is changed or left out.

    Parameters
    ----------
    origin_s : the time on the source's clock that becomes the output's 0
    keep_sound : the first sound track comes along too
    until_s : on the output's clock, where they end; None with the pictures, 0 leaves all out
    """

    def __init__(
        self, source: Path, file: av.container.OutputContainer, container: Container, origin_s: float,
        keep_sound: bool, until_s: float | None = None,
    ) -> None:  # fmt: skip
        self.notes: list[str] = []
        self._file, self._container, self._origin_s = file, container, origin_s
        self._closing = ExitStack()
        self._until_s = until_s
        opened_file, _ = self._closing.enter_context(opened(source))
        self._ways: dict[int, _Way] = {}
        sounds = opened_file.streams.audio[0 if keep_sound else 1 :]
        if until_s == 0:
            if sounds or opened_file.streams.subtitles:
                self.notes.append(
                    "its other sound tracks and subtitles left out: the pictures have other times now"
                )
        else:
            for sound in sounds:
                self._add(sound, self._sound(sound), "sound track")
            for subtitle in opened_file.streams.subtitles:
                self._add(subtitle, self._subtitle(subtitle), "subtitle track")
        further = len(opened_file.streams.video) - 1
        if further:
            self.notes.append(f"{further} further track{'s' if further > 1 else ''} of pictures left out")
        self._packets = self._read(opened_file)
        self._held = next(self._packets, None)

    def __enter__(self) -> Tracks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def up_to(self, time_s: float) -> None:
        """Write what begins before `time_s` on the output's clock."""
        if self._until_s is not None and self._until_s < time_s:
            time_s = self._until_s
        while self._held is not None and _time_s(self._held) - self._origin_s < time_s:
            self._carry(self._held)
            self._held = next(self._packets, None)

    def end(self) -> None:
        """Nothing more comes."""
        for way in self._ways.values():
            if way.kind == "sound":
                self._file.mux(way.target.encode(None))
        if self._ways and self._held is not None and self._until_s is not None:
            self.notes.append(
                f"its other sound tracks and subtitles end at {self._until_s:.2f} s, where the pictures leave their "
                "own times"
            )

    def _add(self, stream: Any, way: _Way | None, kind: str) -> None:
        codec = stream.codec_context.name if stream.codec_context else "unknown"
        name = f"{kind} {stream.index}" + (f" ({stream.language})" if stream.language else "")
        if way is None:
            ending = "" if self._container.format == "matroska" else "; an .mkv may hold it"
            self.notes.append(f"{name} left out: {codec} has no place in this kind of file{ending}")
            return
        if way.kind == "sound":
            self.notes.append(f"{name} compressed again, from {codec} to {way.target.codec_context.name}")
        way.target.metadata.update(kept_metadata(stream.metadata, self._container))
        way.target.disposition = stream.disposition
        self._ways[stream.index] = way

    def _sound(self, stream: Any) -> _Way | None:
        if stream.codec_context is None:
            return None
        played = PLAYED.get(self._container.format)
        if played is None or stream.codec_context.name.startswith(played):
            try:
                return _Way(stream, self._file.add_stream_from_template(stream), "copy")
            except ValueError:  # the format does not hold it
                pass
        rates = self._container.rates_hz
        rate = stream.codec_context.sample_rate
        channels = stream.codec_context.layout.nb_channels
        layout = stream.codec_context.layout.name
        if (
            channels <= 2 or self._container.sound_codec == "libopus"
        ):  # whose order of more channels is its own
            layout = "mono" if channels == 1 else "stereo"
        elif layout == "5.1(side)":  # for AAC the same places, but one that every player knows
            layout = "5.1"
        target: Any = self._file.add_stream(
            self._container.sound_codec, rate=rate if rate in rates else rates[-1], layout=layout
        )
        if self._container.sound_bit_rate is not None:
            target.bit_rate = self._container.sound_bit_rate * max(channels, 2) // 2
        return _Way(stream, target, "sound")

    def _subtitle(self, stream: Any) -> _Way | None:
        import av

        if stream.codec_context is None:
            return None
        try:
            return _Way(stream, self._file.add_stream_from_template(stream), "copy")
        except ValueError:  # the format does not hold it
            pass
        text = TEXT[self._container.format]
        try:
            stream.codec_context.open(strict=False)
            header = stream.codec_context.subtitle_header
            if not header:  # pictures of text
                return None
            target: Any = self._file.add_stream(text)
        except (av.FFmpegError, ValueError):
            return None
        target.codec_context.subtitle_header = header
        target.codec_context.time_base = target.time_base = MILLISECOND
        return _Way(stream, target, "text")

    def _read(self, opened_file: av.container.InputContainer) -> Iterator[av.Packet[Any]]:
        import av

        if not self._ways:
            return
        packets = opened_file.demux([way.source for way in self._ways.values()])
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, ValueError, OSError, IndexError):
                # cut off: what came before it is there
                return
            if packet is None:
                return
            if packet.pts is not None or packet.dts is not None:
                yield packet

    def _carry(self, packet: av.Packet[Any]) -> None:
        way = self._ways[packet.stream_index]
        shift = round(self._origin_s / packet.time_base)
        if way.kind == "sound":
            self._encode(way, packet, shift)
            return
        if way.kind == "text":
            made = _text(way, packet)
            if made is None:
                return
            packet = made
            shift = round(self._origin_s / MILLISECOND)
        pts = packet.dts if packet.pts is None else packet.pts
        dts = packet.pts if packet.dts is None else packet.dts
        assert pts is not None and dts is not None
        packet.pts, packet.dts = pts - shift, dts - shift
        if way.last_dts is not None and packet.dts <= way.last_dts:  # the source's clock jumped back
            return
        way.last_dts = packet.dts
        packet.stream = way.target
        self._file.mux(packet)

    def _encode(self, way: _Way, packet: av.Packet[Any], shift: int) -> None:
        import av

        try:
            frames = packet.decode()
        except av.FFmpegError:  # damaged: silence
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= shift
            self._file.mux(way.target.encode(frame))


def kept_metadata(found: Mapping[str, str], container: Container) -> dict[str, str]:
    """What a file or a track says about its content."""
    kept = {key: value for key, value in found.items() if not key.lower().startswith(ABOUT_THE_FILE)}
    if container.format == "mov" and "language" in kept:
        kept["language"] = QUICKTIME.get(kept["language"], kept["language"])
    return kept


def chapters_of(
    found: Sequence[Mapping[str, Any]], origin_s: float, until_s: float | None
) -> list[av.container.core.Chapter]:
    """Chapters on the output's clock, as far as they fit it; see `Tracks`."""
    kept = []
    for chapter in found:
        shift = round(origin_s / chapter["time_base"])
        start, end = chapter["start"] - shift, chapter["end"] - shift
        if end > 0 and (until_s is None or start * chapter["time_base"] < until_s):
            kept.append({**chapter, "start": max(start, 0), "end": end})
    return kept  # type: ignore[return-value]


def _text(way: _Way, packet: av.Packet[Any]) -> av.Packet[Any] | None:
    import av

    try:
        shown = way.source.decode2(packet) if packet.size else None
        if shown is None or not len(shown):
            return None
        made = way.target.codec_context.encode_subtitle(shown)
    except av.FFmpegError:  # damaged
        return None
    assert packet.pts is not None
    made.time_base = MILLISECOND
    made.pts = made.dts = round(packet.pts * packet.time_base / MILLISECOND)
    made.duration = round((packet.duration or 0) * packet.time_base / MILLISECOND)
    return made


def _time_s(packet: av.Packet[Any]) -> float:
    stamp = packet.pts if packet.pts is not None else packet.dts
    assert stamp is not None
    return float(stamp * packet.time_base)
