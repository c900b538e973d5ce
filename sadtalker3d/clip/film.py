"""A film that was looked at once: where the face's points are in every frame, and whose face it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.follow import Choice, Seen
from sadtalker3d.clip.iris import irises
from sadtalker3d.clip.person import Person, PersonConfig, person_of, sampled
from sadtalker3d.clip.solved import Solved
from sadtalker3d.clip.spool import Spool
from sadtalker3d.clip.watch import Watch, WatchConfig
from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.face.video import Frame
    from sadtalker3d.progress import Report


@dataclass(frozen=True)
class FilmConfig:
    """What is refused, and what is worth a note."""

    rejected_mm: float = 3.6  # mean misfit of what is no human face (see `face.fit`)
    watch: WatchConfig = field(default_factory=WatchConfig)
    person: PersonConfig = field(default_factory=PersonConfig)


@dataclass(frozen=True)
class Film:
    """The points of one face through a film.

    rows : (T,) records of `spool.ROW`, read from the disk as they are used
    person : whose face it is, in the pixels that were looked at
    watch : how the frames were looked at
    """

    rows: np.ndarray
    person: Person
    watch: Watch

    @cached_property
    def solved(self) -> Solved:
        """What the head does in each frame with a face."""
        return Solved.of(self.rows, self.person)


@contextmanager
def filmed(
    frames: Iterable[Frame], path: Path, model: FaceModel, *, face: Choice = 1, config: FilmConfig | None = None,
    progress: Report | None = None,
) -> Iterator[Film]:  # fmt: skip
    """Follow a face through frames; what was seen stays on the disk until the block ends.

    Raises UserError: no pictures, pictures of several sizes, no face, or what is no human one.
    """
    config = config or FilmConfig()
    with Spool() as spool:
        watch = Watch(path, face, config.watch)
        for seen in watch.through(frames, progress):
            _keep(spool, seen)
        rows = spool.rows()
        person = person_of(rows["points"][sampled(rows, config.person)], watch.size_px, model, config.person)
        if person.misfit_mm > config.rejected_mm:
            raise UserError(
                f"{path}: what was found fits no human face (off by {person.misfit_mm:.1f} mm on average); give one "
                "of a person seen from the front"
            )
        yield Film(rows, person, watch)


def _keep(spool: Spool, seen: Seen) -> None:
    if seen.face is None:
        spool.add(seen.number, seen.frame.time_s, seen.cut)
        return
    points = seen.face.mesh
    spool.add(
        seen.number, seen.frame.time_s, seen.cut, seen.face.evidence, points,
        irises(seen.frame.picture, points[:, :2].astype(np.float64)),
    )  # fmt: skip
