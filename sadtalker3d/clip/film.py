"""A film that was looked at once: where the face's points are in every frame, and whose face it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.follow import Choice, Follower, Seen
from sadtalker3d.clip.iris import irises
from sadtalker3d.clip.person import Person, PersonConfig, person_of, sampled
from sadtalker3d.clip.spool import Spool
from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.face.video import Frame
    from sadtalker3d.progress import Report


@dataclass(frozen=True)
class Film:
    """The points of one face through a film.

    rows : (T,) records of `spool.ROW`, read from the disk as they are used
    person : whose face it is, in the pixels that were looked at
    size_px : (width, height) that were looked at, and `scale`, their size by the file's
    others : how many other faces were found at once
    """

    rows: np.ndarray
    person: Person
    size_px: tuple[int, int]
    scale: float
    others: int


@contextmanager
def filmed(
    frames: Iterable[Frame], path: Path, model: FaceModel, *, face: Choice = 1,
    config: PersonConfig | None = None, rejected_mm: float = np.inf, progress: Report | None = None,
) -> Iterator[Film]:  # fmt: skip
    """Follow a face through frames; what was seen stays on the disk until the block ends.

    Raises UserError: no pictures, pictures of several sizes, no face, or one that misses a human one by more than
    `rejected_mm` on average.
    """
    from sadtalker3d.face.landmarks import Landmarks

    with Spool() as spool:
        size_px, scale, others, last_s = (0, 0), 1.0, 0, -np.inf
        for number, seen in enumerate(Follower(Landmarks(), face).through(frames)):
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
            _keep(spool, number, seen)
            if progress is not None:
                progress(spool.count, max(seen.frame.total, spool.count))
        if not spool.count:
            raise UserError(f"{path}: holds no pictures that can be read; export the video again")
        rows = spool.rows()
        if not rows["seen"].any():
            raise UserError(
                f"{path}: no face found in it; give one in which a face is seen from the front, unobstructed and at "
                "least 32 pixels tall"
            )
        config = config or PersonConfig()
        person = person_of(rows["points"][sampled(rows, config)], size_px, model, config)
        if person.misfit_mm > rejected_mm:
            raise UserError(
                f"{path}: what was found fits no human face (off by {person.misfit_mm:.1f} mm on average); give one "
                "of a person seen from the front"
            )
        yield Film(rows, person, size_px, scale, others)


def _keep(spool: Spool, number: int, seen: Seen) -> None:
    if seen.face is None:
        spool.add(number, seen.frame.time_s, seen.cut)
        return
    points = seen.face.mesh
    spool.add(
        number, seen.frame.time_s, seen.cut, seen.face.evidence, points,
        irises(seen.frame.picture, points[:, :2].astype(np.float64)),
    )  # fmt: skip
