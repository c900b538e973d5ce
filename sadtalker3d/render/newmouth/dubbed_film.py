"""`DubbedFilm`: the frames of a filmed performance with the mouth of a dubbed track."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.dub import Retiming
from sadtalker3d.edit.regions import columns_of
from sadtalker3d.edit.timing import at_frames
from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.plan import Shown
from sadtalker3d.render.newmouth.draw import NewMouth
from sadtalker3d.render.newmouth.hidden_colours import hidden_colours, pictures_of, telling_frames
from sadtalker3d.render.newmouth.lower_face import LowerFace
from sadtalker3d.render.newmouth.performer import Performer

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.clip.film import Film
    from sadtalker3d.track import Track


@dataclass(frozen=True)
class DubbedFilmConfig:
    """When a frame is left as it is."""

    change: float = 0.06  # a mouth this far from the performance's is new altogether, and none is its own


class DubbedFilm:
    """Prepared once; `draw` is what `footage.refilm` asks for each frame.

    Parameters
    ----------
    path : the film, and what was seen in it
    performance : the film's track, and `begins_s`, its time 0 on the file's clock
    take : the dubbed track, which shows the performance's frames as `timing` says

    Attributes
    ----------
    drawn, left : how many frames got a new mouth, and how many should have got one but were left, because no face
        could be drawn upon
    """

    def __init__(
        self, path: str | Path, film: Film, performance: Track, take: Track, *, begins_s: float,
        model: FaceModel | None = None, config: DubbedFilmConfig | None = None,
    ) -> None:  # fmt: skip
        import bfm

        model = model or bfm.load("open")
        config = config or DubbedFilmConfig()
        performer = Performer.of(film, model)
        lower = LowerFace.of(model, film.person.places)
        calm, wide = telling_frames(performer)
        pictures = pictures_of(path, performer, {calm, *wide})
        colours = hidden_colours(pictures, calm, performer, lower, model)
        self._mouth = NewMouth(lower, performer, colours, model)
        self._mouth.learn_teeth({k: pictures[k] for k in wide})
        self._performer, self._columns = performer, columns_of(take, "mouth")
        self._old, self._new, self._begins_s = performance, take, begins_s
        self._change = config.change
        self.drawn = self.left = 0

    def draw(self, picture: np.ndarray, number: int, time_s: float) -> Patch | None:
        """What is drawn over frame `number` of the film where it is shown `time_s` after the track's begin."""
        performer = self._performer
        k = int(np.searchsorted(performer.numbers, number))
        wanted = _row(self._new, time_s, self._columns)
        if k == len(performer.numbers) or performer.numbers[k] != number:
            self.left += 1
            return None
        was = _row(self._old, performer.times_s[k] - self._begins_s, self._columns)
        new = float(np.clip(np.abs(wanted - was).max() / self._change, 0, 1))
        share = new * float(performer.sure[k])
        if share == 0:
            self.left += new > 0
            return None
        change = np.zeros(64, np.float32)
        change[self._columns] = share * (wanted - performer.expression[k, self._columns])
        self.drawn += 1
        return self._mouth.draw(picture, k, change, share)


def _row(track: Track, time_s: float, columns: list[int]) -> np.ndarray:
    at = np.array([np.clip(time_s * track.fps, 0, len(track) - 1)])
    return np.asarray(at_frames(track, at, "linear").expression[0, columns])


def shown_frames(timing: Retiming, performance: Track, film: Film, begins_s: float) -> Iterator[Shown]:
    """What each of a dubbed track's frames shows of the film."""
    times_s = np.array(film.rows["time_s"]) - begins_s
    numbers = np.array(film.rows["number"])

    def nearest(frames: np.ndarray) -> np.ndarray:
        at_s = frames / performance.fps
        after = np.clip(np.searchsorted(times_s, at_s), 1, max(len(times_s) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(times_s) - 1)
        return numbers[np.where(at_s - times_s[before] <= times_s[after] - at_s, before, after)]

    one, other = nearest(timing.at), nearest(timing.other)
    for frame, share in enumerate(timing.share):
        dissolved = share > 0 and other[frame] != one[frame]
        yield Shown(
            frame / performance.fps, int(one[frame]), int(other[frame]) if dissolved else None,
            float(share) if dissolved else 0.0,
        )  # fmt: skip
