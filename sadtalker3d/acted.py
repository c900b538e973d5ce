"""The performance that is dubbed: a track, or a video that is looked at first."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.export import read
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import Track, find_audio

if TYPE_CHECKING:
    from sadtalker3d.clip.film import Film
    from sadtalker3d.clip.follow import Choice

VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv")


@dataclass(frozen=True)
class Acted:
    """A performance.

    sound : the file with what was said, None where there is none
    footage, film : the video and what was seen in it, where pictures are wanted; begins_s, the track's time 0 on its
        clock
    """

    track: Track
    sound: Path | None
    notes: tuple[str, ...] = ()
    footage: Path | None = None
    film: Film | None = None
    begins_s: float = 0.0


def acted_by(path: Path, face: Choice, *, footage: bool, stack: ExitStack, show: Mode) -> Acted:
    """Read a performance; with `footage`, or for a video, its pictures are looked at, and kept until `stack` closes.

    Raises UserError: what cannot be read, and a track without the video it was made of where that is needed.
    """
    if path.suffix.lower() in VIDEOS:
        return _filmed(path, None, face, stack, show)
    track = read(path)
    sound = find_audio(track, path)
    if not footage:
        return Acted(track, sound)
    if sound is None or sound.suffix.lower() not in VIDEOS or "fit" not in track.meta:
        raise UserError(
            f"{path}: names no video that is there, and --video needs the footage; give the video itself, or the "
            "track that `sadtalker3d fit` made of it"
        )
    return _filmed(sound, track, face, stack, show)


def _filmed(path: Path, track: Track | None, face: Choice, stack: ExitStack, show: Mode) -> Acted:
    import bfm
    from sadtalker3d.clip.clock import track_begins_s
    from sadtalker3d.clip.fit_clip import film_of, track_of
    from sadtalker3d.face.video import sound_start_s

    model = bfm.load("open")
    with progress("fit", show) as report:
        film = stack.enter_context(film_of(path, model, face=face, progress=report))
        sound_s, notes = sound_start_s(path), tuple[str, ...]()
        if track is None:
            track, notes = track_of(film, path, model, sound_s=sound_s)
            notes = (*notes, f"{path.name}: was fitted first; `sadtalker3d fit` keeps that track")
    begins = track_begins_s(float(film.rows["time_s"][0]), sound_s, track.fps)
    return Acted(track, None if sound_s is None else path, notes, path, film, begins)
