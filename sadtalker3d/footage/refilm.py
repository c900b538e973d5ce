"""A video again, with some pixels of each frame replaced, other sound, and everything else as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.clip.clock import track_begins_s
from sadtalker3d.errors import UserError
from sadtalker3d.files import check_outputs, replacing
from sadtalker3d.footage.encoding import add_pictures, encoding_for
from sadtalker3d.footage.frames import Found, Frames
from sadtalker3d.footage.plan import Shown, check_plan, in_time_until_s
from sadtalker3d.footage.retouch import Draw, Retouch
from sadtalker3d.footage.tracks import Tracks, chapters_of, kept_metadata
from sadtalker3d.render.ahead import Ahead
from sadtalker3d.render.containers import video_container
from sadtalker3d.render.soundtrack import Soundtrack, sound_stream

if TYPE_CHECKING:
    import av

    from sadtalker3d.progress import Report

FINE = (
    90000  # a second, where a plan's times are not the source's: television's clock, which most rates divide
)
FINEST = 1_000_000  # parts of a second that a container's clock may have


@dataclass(frozen=True)
class _Step:
    """One frame of the output.

    at, lasts : on the output's clock, in its time base
    time_s : when it is shown since the new sound began
    """

    at: int
    lasts: int
    time_s: float
    found: Found
    other: Found | None = None
    share: float = 0.0


def refilm(
    source: str | Path,
    out: str | Path,
    draw: Draw,
    *,
    sound: str | Path | None,
    plan: Iterable[Shown] | None = None,
    keep_sound: bool = False,
    progress: Report | None = None,
) -> tuple[str, ...]:
    """Write a video again with other pixels in places and another sound; returns what the user should know.

    The kind of file is chosen by `out`'s ending: H.264 in .mp4 and .mkv, VP9 in .webm, ProRes in .mov. The size,
    depth, colour tags, pixel aspect and times of the frames are the source's; how a phone was held is turned into the
    pixels. Further sound tracks, subtitles, chapters and what the file says about itself come along where `out` can
    hold them. What draws nothing, or with alpha 0, keeps the stored values until they are compressed again.
    An `out` that exists is replaced when the new one is complete.

    Parameters
    ----------
    draw : given an upright picture (H, W, 3) uint8, the source frame's number and the seconds since the new sound
        began, returns what is drawn over it, or None. Where two frames are dissolved, it is asked for either.
    sound : takes the place of the first sound track; it begins where that did (where there was none, or within half
        a frame of it, with the first frame), and is filled with silence, or cut, to end with the pictures. With None
        there is no such track.
    plan : frames in another order, at other times, in place of every frame at its own; see `Shown`
    keep_sound : the source's first sound track is kept too, behind `sound`

    Raises UserError: no video, one that changes its size, another ending, `out` is the source or cannot be written,
        or an unreadable sound. ValueError: a plan or a patch that cannot be.
    """
    import av

    source, out = Path(source), Path(out)
    container = video_container(out)
    shown = None if plan is None else list(plan)
    if shown is not None:
        check_plan(shown)
    with Frames(source) as frames:
        check_outputs([out], force=True, inputs=[source, *([] if sound is None else [Path(sound)])])
        zero_s = clock_zero_s(frames)
        begins_s = (
            zero_s
            if shown
            else min(frames.first.time_s, zero_s, zero_s if frames.sound_s is None else frames.sound_s)
        )
        retouch = Retouch(source, frames.first.frame, frames.pixel_aspect)
        encoding = encoding_for(container, retouch.layout, retouch.size)
        retouch.to(encoding)
        notes = [*retouch.notes, *encoding.notes]
        if container.format == "webm" and retouch.tags.pixel_aspect != 1:
            notes.append("its pixels are not square, which a .webm cannot say; an .mp4 keeps it")
        time_base = _time_base(frames, planned=shown is not None)
        # a bad sound is refused before a file is begun
        speech = None if sound is None else Soundtrack(sound, container.rates_hz, zero_s - begins_s)
        others_until_s = None if shown is None else _others_until_s(shown, frames)
        with (
            replacing(out) as partial,
            av.open(str(partial), "w", format=container.format, options=dict(container.options)) as file,
        ):
            pictures = add_pictures(file, encoding, retouch.size, frames.rate, time_base, retouch.tags)
            pictures.metadata.update(kept_metadata(frames.stream_metadata, container))
            pictures.disposition = av.stream.Disposition.default
            spoken = None if speech is None else sound_stream(file, speech, container)
            if spoken is not None:
                spoken.disposition = av.stream.Disposition.default
            with Tracks(source, file, container, begins_s, keep_sound, others_until_s) as tracks:
                file.metadata.update(kept_metadata(frames.metadata, container))
                file.set_chapters(chapters_of(frames.chapters, begins_s, others_until_s))
                _start(file, out)

                def encode(frame: av.VideoFrame, step: _Step) -> None:
                    frame.pts, frame.time_base, frame.duration = step.at, time_base, step.lasts
                    frame.pict_type = 0  # the encoder chooses what the next ones are made from
                    file.mux(pictures.encode(frame))
                    fill(step.at * time_base)

                def fill(time_s: Fraction) -> None:
                    if speech is not None and spoken is not None:
                        for piece in speech.up_to(round(time_s * speech.rate_hz)):
                            file.mux(spoken.encode(piece))
                    tracks.up_to(float(time_s))

                steps = _own_times(frames, begins_s, zero_s, time_base, notes) if shown is None else _planned(
                    shown, frames, time_base, notes
                )  # fmt: skip
                total, step = len(shown) if shown else frames.total or None, None
                with Ahead() as encoder:
                    for done, step in enumerate(steps, start=1):
                        frame = retouch.frame(step.found, step.time_s, draw)
                        if step.other is not None:
                            other = retouch.frame(step.other, step.time_s, draw)
                            frame = retouch.between(frame, other, step.share)
                        encoder.do(encode, frame, step)
                        if progress is not None:
                            progress(done, total)
                assert step is not None
                file.mux(pictures.encode(None))
                fill((step.at + step.lasts) * time_base)
                if spoken is not None:
                    file.mux(spoken.encode(None))
                tracks.end()
                notes += tracks.notes
        if shown is None and frames.broken:
            notes.append(f"it breaks off after {frames.last_s:.2f} s; what can be read is used")
    return tuple(f"{source.name}: {note}" for note in notes)


def clock_zero_s(frames: Frames) -> float:
    """When a track of this video, as `clip.fit_clip` makes it, begins, on the file's clock."""
    return track_begins_s(frames.first.time_s, frames.sound_s, frames.fps)


def _time_base(frames: Frames, planned: bool) -> Fraction:
    if not planned and frames.time_base.denominator <= FINEST:
        return frames.time_base
    return Fraction(1, frames.rate.numerator * -(-FINE // frames.rate.numerator))


def _own_times(
    frames: Frames, begins_s: float, zero_s: float, time_base: Fraction, notes: list[str]
) -> Iterator[_Step]:
    """Every frame once, when it is shown; but none that would be shown before one that came earlier."""
    begins, number, last, back = round(begins_s / time_base), 0, None, 0
    usual = round(1 / frames.rate / time_base)
    while (found := frames.get(number)) is not None:
        number += 1
        stamp = found.frame.pts
        same_clock = stamp is not None and found.frame.time_base == time_base
        at = (stamp if same_clock and stamp is not None else round(found.time_s / time_base)) - begins
        if last is not None and at <= last:
            back += 1
            continue
        last = at
        lasts = (found.frame.duration if same_clock else 0) or max(usual, 1)
        yield _Step(at, lasts, found.time_s - zero_s, found)
    if back:
        notes.append(f"its clock jumps back; {back} frames that are shown before others are left out")


def _planned(
    shown: Sequence[Shown], frames: Frames, time_base: Fraction, notes: list[str]
) -> Iterator[_Step]:
    lasts, last, beyond = max(round(1 / frames.rate / time_base), 1), -1, 0
    for one in shown:
        found = frames.get(one.source)
        if found is None:  # less can be read than the plan was made for
            beyond += 1
            found = frames.get(frames.known - 1)
            assert found is not None
        dissolved = one.other is not None and one.share > 0
        other = frames.get(one.other) if dissolved and one.other is not None else None
        at = max(round(one.time_s / time_base), last + 1)
        last = at
        yield _Step(at, lasts, one.time_s, found, other, one.share)
    if beyond:
        notes.append(f"it ends before {beyond} of the frames that are to be shown; its last is shown instead")


def _others_until_s(shown: Sequence[Shown], frames: Frames) -> float:
    """How long the other tracks fit the pictures, on the output's clock: 0 where not even half of the time."""
    first_s = frames.first.time_s - clock_zero_s(frames)
    until_s, end_s = in_time_until_s(shown, frames.fps, first_s), shown[-1].time_s + 1 / frames.fps
    return until_s if until_s >= 0.5 * end_s else 0.0


def _start(file: av.container.OutputContainer, out: Path) -> None:
    """Open the encoders and begin the file."""
    import av

    try:
        file.start_encoding()
    except av.FFmpegError as error:
        if isinstance(error, OSError):  # the disk, not the pictures
            raise
        raise UserError(
            f"{out}: cannot hold such pictures ({error}); choose another ending, or convert the source first"
        ) from None
