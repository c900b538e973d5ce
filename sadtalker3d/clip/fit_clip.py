"""A video of a face -> a `Track` in the `open` space, and what the user should know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.assemble import assembled
from sadtalker3d.clip.film import Film, filmed
from sadtalker3d.clip.follow import Choice
from sadtalker3d.clip.person import PersonConfig
from sadtalker3d.errors import UserError
from sadtalker3d.face.video import Frame, sound_start_s, timed_frames

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bfm.model import FaceModel
    from sadtalker3d.progress import Report
    from sadtalker3d.track import Track

LONGEST_PX = 1280  # a face that fills a quarter of it is as exact as the detector's 192 pixels can be


@dataclass(frozen=True)
class ClipConfig:
    """What is refused, and what is worth a note."""

    rejected_mm: float = 3.6  # mean misfit of what is no human face (see `face.fit`)
    most_yaw_rad: float = 0.87  # 50 degrees: beyond, the detector makes half of the face up
    small_px: float = 64.0  # of the face's longer side: lips are then a guess
    person: PersonConfig = field(default_factory=PersonConfig)


def fit_clip(
    path: str | Path,
    *,
    fps: float | None = None,
    face: Choice = 1,
    config: ClipConfig | None = None,
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
    with film_of(path, face=face, config=config, progress=progress) as film:
        return track_of(film, path, fps=fps, face=face, config=config)


def fit_photo(
    path: str | Path, *, face: Choice = 1, config: ClipConfig | None = None
) -> tuple[Track, tuple[str, ...]]:
    """A track of one frame from a photograph; see `fit_clip`."""
    import bfm
    from sadtalker3d.face.picture import read_picture

    config = config or ClipConfig()
    frames = [Frame(read_picture(path), 0.0, 1, 1.0)]
    model = bfm.load("open")
    with filmed(
        frames, Path(path), model, face=face, config=config.person, rejected_mm=config.rejected_mm
    ) as film:
        return _track(film, model, Path(path), None, None, face, config)


def film_of(
    path: str | Path, *, face: Choice = 1, config: ClipConfig | None = None, model: FaceModel | None = None,
    progress: Report | None = None,
) -> AbstractContextManager[Film]:  # fmt: skip
    """Look at a video once; the block holds what was seen, see `filmed`. Parameters and errors as of `fit_clip`."""
    import bfm

    config = config or ClipConfig()
    return filmed(
        timed_frames(path, LONGEST_PX), Path(path), model or bfm.load("open"), face=face, config=config.person,
        rejected_mm=config.rejected_mm, progress=progress,
    )  # fmt: skip


def track_of(
    film: Film, path: str | Path, *, fps: float | None = None, face: Choice = 1,
    config: ClipConfig | None = None, model: FaceModel | None = None,
) -> tuple[Track, tuple[str, ...]]:  # fmt: skip
    """The track of a film that was looked at; see `fit_clip`."""
    import bfm

    model = model or bfm.load("open")
    return _track(film, model, Path(path), fps, sound_start_s(path), face, config or ClipConfig())


def _track(
    film: Film, model: FaceModel, path: Path, fps: float | None, sound_s: float | None, face: Choice,
    config: ClipConfig,
) -> tuple[Track, tuple[str, ...]]:  # fmt: skip
    made = assembled(film.rows, film.person, model, fps, sound_s)
    turned = np.abs(made.yaw_rad) > config.most_yaw_rad
    if turned.all():
        raise UserError(
            f"{path}: the face is seen from the side throughout (by "
            f"{np.degrees(np.abs(made.yaw_rad).min()):.0f} degrees or more); "
            "give a clip in which it looks toward the camera"
        )
    notes = list(made.notes)
    others = film.others
    if others:
        which = "the largest is followed" if face == 1 else "the chosen one is followed"
        notes.insert(0, f"{others + 1} faces found, {which}; --face 2, or --face X,Y, takes another")
    if isinstance(face, int) and face > others + 1:
        notes.insert(0, f"only {others + 1} of the {face} faces found, the smallest of them is followed")
    if turned.any():
        notes.append(
            f"the face is turned by more than {np.degrees(config.most_yaw_rad):.0f} degrees in {turned.sum()} of "
            f"{len(turned)} frames; the mouth is a guess there"
        )
    if made.size_px < config.small_px:
        notes.append(
            f"the face is only {made.size_px / film.scale:.0f} pixels tall; a larger picture is more exact"
        )
    meta = {
        "generator": "sadtalker3d fit",
        "source": path.name,
        "fit": {
            "identity": [round(float(v), 4) for v in film.person.identity],
            "focal_px": round(film.person.focal_px / film.scale, 2),
            "size_px": [round(n / film.scale) for n in film.size_px],
            **made.meta,
        },
    }
    return made.track.replace(meta=meta), tuple(f"{path.name}: {note}" for note in notes)
