"""A video of a face -> a `Track` in the `open` space, and what the user should know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.assemble import assembled
from sadtalker3d.clip.follow import Choice, Follower, Seen
from sadtalker3d.clip.iris import irises
from sadtalker3d.clip.person import PersonConfig, person_of, sampled
from sadtalker3d.clip.spool import Spool
from sadtalker3d.errors import UserError
from sadtalker3d.face.video import Frame, sound_start_s, timed_frames

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    from sadtalker3d.face.landmarks import Landmarks

    model = bfm.load("open")
    with Spool() as spool:
        size_px, scale, others, total = (0, 0), 1.0, 0, 0
        last_s = -np.inf
        for seen in Follower(Landmarks(), face).through(frames):
            if seen.frame.time_s <= last_s:  # a file that was glued together: its clock jumps back
                continue
            last_s = seen.frame.time_s
            height, width = seen.frame.picture.shape[:2]
            if not size_px[0]:
                size_px, scale = (width, height), seen.frame.scale
            elif size_px != (width, height):
                raise UserError(
                    f"{path}: its pictures change from {size_px[0]} x {size_px[1]} to {width} x {height} pixels; "
                    "convert it to one size"
                )
            others = max(others, seen.others)
            _keep(spool, seen)
            total = max(seen.frame.total, spool.count)
            if progress is not None:
                progress(spool.count, total)
        if not spool.count:
            raise UserError(f"{path}: holds no pictures that can be read; export the video again")
        rows = spool.rows()
        if not rows["seen"].any():
            raise UserError(
                f"{path}: no face found in it; give one in which a face is seen from the front, unobstructed and at "
                "least 32 pixels tall"
            )
        chosen = sampled(rows, config.person)
        person = person_of(rows["points"][chosen], size_px, model, config.person)
        if person.misfit_mm > config.rejected_mm:
            raise UserError(
                f"{path}: what was found fits no human face (off by {person.misfit_mm:.1f} mm on average); give one "
                "of a person seen from the front"
            )
        begins = None if sound_start is None else sound_start(path)
        made = assembled(rows, person, model, fps, begins)
    turned = np.abs(made.yaw_rad) > config.most_yaw_rad
    if turned.all():
        raise UserError(
            f"{path}: the face is seen from the side throughout (by "
            f"{np.degrees(np.abs(made.yaw_rad).min()):.0f} degrees or more); "
            "give a clip in which it looks toward the camera"
        )
    notes = list(made.notes)
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
            f"the face is only {made.size_px / scale:.0f} pixels tall; a larger picture is more exact"
        )
    meta = {
        "generator": "sadtalker3d fit",
        "source": path.name,
        "fit": {
            "identity": [round(float(v), 4) for v in person.identity],
            "focal_px": round(person.focal_px / scale, 2),
            "size_px": [round(n / scale) for n in size_px],
            **made.meta,
        },
    }
    return made.track.replace(meta=meta), tuple(f"{path.name}: {note}" for note in notes)


def _keep(spool: Spool, seen: Seen) -> None:
    if seen.face is None:
        spool.add(seen.frame.time_s, seen.cut)
        return
    points = seen.face.mesh
    spool.add(
        seen.frame.time_s, seen.cut, seen.face.evidence, points,
        irises(seen.frame.picture, points[:, :2].astype(np.float64)),
    )  # fmt: skip
