"""A video of a face -> a `Track` in the `open` space, and what the user should know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.assemble import assembled
from sadtalker3d.clip.follow import Choice, Seen
from sadtalker3d.clip.iris import irises
from sadtalker3d.clip.person import PersonConfig, person_of, sampled
from sadtalker3d.clip.spool import Spool
from sadtalker3d.clip.watch import LONGEST_PX, Watch, WatchConfig
from sadtalker3d.errors import UserError
from sadtalker3d.face.video import Frame, sound_start_s, timed_frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sadtalker3d.progress import Report
    from sadtalker3d.track import Track


@dataclass(frozen=True)
class ClipConfig:
    """What is refused, and what is worth a note."""

    rejected_mm: float = 3.6  # mean misfit of what is no human face (see `face.fit`)
    watch: WatchConfig = field(default_factory=WatchConfig)
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
    frames = timed_frames(path, LONGEST_PX)
    track, notes = _fit(frames, Path(path), face, fps, sound_start_s, config or ClipConfig(), progress)
    return track, notes


def fit_photo(
    path: str | Path, *, face: Choice = 1, config: ClipConfig | None = None
) -> tuple[Track, tuple[str, ...]]:
    """A track of one frame from a photograph; see `fit_clip`."""
    from sadtalker3d.face.picture import read_picture

    picture = read_picture(path)
    return _fit([Frame(picture, 0.0, 1, 1.0)], Path(path), face, None, None, config or ClipConfig(), None)


def _fit(frames: Iterable[Frame], path: Path, face: Choice, fps: float | None, sound_start, config: ClipConfig,
    progress: Report | None) -> tuple[Track, tuple[str, ...]]:  # type: ignore[no-untyped-def]  # fmt: skip
    import bfm

    model = bfm.load("open")
    with Spool() as spool:
        watch = Watch(path, face, config.watch)
        for seen in watch.through(frames, progress):
            _keep(spool, seen)
        rows = spool.rows()
        chosen = sampled(rows, config.person)
        person = person_of(rows["points"][chosen], watch.size_px, model, config.person)
        if person.misfit_mm > config.rejected_mm:
            raise UserError(
                f"{path}: what was found fits no human face (off by {person.misfit_mm:.1f} mm on average); give one "
                "of a person seen from the front"
            )
        begins = None if sound_start is None else sound_start(path)
        made = assembled(rows, person, model, fps, begins)
    notes = watch.notes(made.notes, made.yaw_rad, made.size_px)
    meta = {
        "generator": "sadtalker3d fit",
        "source": path.name,
        "fit": {
            "identity": [round(float(v), 4) for v in person.identity],
            "focal_px": round(person.focal_px / watch.scale, 2),
            "size_px": [round(n / watch.scale) for n in watch.size_px],
            **made.meta,
        },
    }
    return made.track.replace(meta=meta), notes


def _keep(spool: Spool, seen: Seen) -> None:
    if seen.face is None:
        spool.add(seen.frame.time_s, seen.cut)
        return
    points = seen.face.mesh
    spool.add(
        seen.frame.time_s, seen.cut, seen.face.evidence, points,
        irises(seen.frame.picture, points[:, :2].astype(np.float64)),
    )  # fmt: skip
