"""A video of a face -> a `Track` in the `open` space, and what the user should know about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.clip.assemble import assembled
from sadtalker3d.clip.film import Film, FilmConfig, filmed
from sadtalker3d.clip.follow import Choice
from sadtalker3d.clip.watch import LONGEST_PX
from sadtalker3d.face.video import Frame, sound_start_s, timed_frames

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bfm.model import FaceModel
    from sadtalker3d.progress import Report
    from sadtalker3d.track import Track


def fit_clip(
    path: str | Path,
    *,
    fps: float | None = None,
    face: Choice = 1,
    config: FilmConfig | None = None,
    progress: Report | None = None,
) -> tuple[Track, tuple[str, ...]]:
    """The track of a face in a video, and one sentence for each thing the user should know.

    Parameters
    ----------
    fps : frames a second of the track; the clip's own unless given, 25 where its frames come at odd times
    face : 1 the largest, 2 the second largest, ...; or the one nearest to (x, y) in the video's pixels

    Rotation is relative to the camera, translation in metres to the middle place of each shot; `meta["fit"]` holds
    identity, lens, shots, confidence and where the face was lost. Time 0 is where the sound begins.
    Raises UserError: no video, one without pictures, or no face that can be used in all of it.
    """
    import bfm

    model = bfm.load("open")
    with film_of(path, model, face=face, config=config, progress=progress) as film:
        return track_of(film, path, model, fps=fps, sound_s=sound_start_s(path))


def fit_photo(
    path: str | Path, *, face: Choice = 1, config: FilmConfig | None = None
) -> tuple[Track, tuple[str, ...]]:
    """A track of one frame from a photograph; see `fit_clip`."""
    import bfm
    from sadtalker3d.face.picture import read_picture

    model = bfm.load("open")
    frames = [Frame(read_picture(path), 0.0, 1, 1.0)]
    with filmed(frames, Path(path), model, face=face, config=config) as film:
        return track_of(film, path, model)


def film_of(
    path: str | Path, model: FaceModel, *, face: Choice = 1, config: FilmConfig | None = None,
    progress: Report | None = None,
) -> AbstractContextManager[Film]:  # fmt: skip
    """Look at a video once; the block holds what was seen, see `filmed`. Parameters and errors as of `fit_clip`."""
    frames = timed_frames(path, LONGEST_PX)
    return filmed(frames, Path(path), model, face=face, config=config, progress=progress)


def track_of(
    film: Film, path: str | Path, model: FaceModel, *, fps: float | None = None, sound_s: float | None = None
) -> tuple[Track, tuple[str, ...]]:
    """The track of a film that was looked at; `sound_s`: when its sound begins, None where there is none."""
    made = assembled(film.rows, film.person, film.solved, model, fps, sound_s)
    notes = film.watch.notes(made.notes, made.yaw_rad, made.size_px)
    meta = {
        "generator": "sadtalker3d fit",
        "source": Path(path).name,
        "fit": {
            "identity": [round(float(v), 4) for v in film.person.identity],
            "focal_px": round(film.person.focal_px / film.watch.scale, 2),
            "size_px": [round(n / film.watch.scale) for n in film.watch.size_px],
            **made.meta,
        },
    }
    return made.track.replace(meta=meta), notes
