"""One face through a film: followed from frame to frame, searched again where it was lost, and after a cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.cuts import Cuts

if TYPE_CHECKING:
    from sadtalker3d.face.landmarks import Face, Landmarks
    from sadtalker3d.face.video import Frame

Choice = int | tuple[float, float]
"""Which face: 1 the largest, 2 the second, ...; or the one nearest to a point in the file's pixels."""


@dataclass(frozen=True)
class FollowConfig:
    """When a face counts as lost, and how hard it is searched."""

    search_every_s: float = 0.2  # while there is none: a search costs ten times a look
    strayed: float = 0.6  # of its size, between two frames: what was followed is something else
    jump: float = 0.25  # of its size, with a picture that changes as a whole: a cut
    same_s: float = 2.0  # lost for longer, it may come back anywhere
    near: float = 1.0  # of its size: how far it may have gone until then


@dataclass(frozen=True)
class Seen:
    """A frame and the face in it, None where it is lost; `cut`: a shot begins here; `others`: other faces found.

    number : of the frame, in the order in which they were read
    """

    frame: Frame
    face: Face | None
    cut: bool
    others: int = 0
    number: int = 0


class Follower:
    """Follows the chosen face."""

    def __init__(self, landmarks: Landmarks, choice: Choice = 1, config: FollowConfig | None = None) -> None:
        self.landmarks, self.choice, self.config = landmarks, choice, config or FollowConfig()
        self._last: Face | None = None
        self._seen_s = self._searched_s = -np.inf
        self._was_lost = False  # in the frame before

    def through(self, frames: Iterable[Frame]) -> Iterator[Seen]:
        """Each frame with its face."""
        cuts = Cuts()
        for number, frame in enumerate(frames):
            change = cuts.begins(frame.picture)
            cut = change == "surely" or (change == "perhaps" and self._jumps(frame))
            if cut:
                self._last, self._searched_s = None, -np.inf
            face, others = self._in(frame)
            self._was_lost = face is None
            if face is not None:
                self._last, self._seen_s = face, frame.time_s
            yield Seen(frame, face, cut, others, number)

    def _jumps(self, frame: Frame) -> bool:
        """Whether the face is no longer where it was; False while there is none."""
        last = self._last
        if last is None:
            return False
        face, far = self.landmarks.follow(frame.picture, last), self.config.jump
        if self._was_lost:  # it may have gone on meanwhile
            far = self.config.near
            if face is None:
                found = self.landmarks.near(frame.picture)
                face = min(found, key=lambda one: _away(one, last), default=None)
        if face is None:
            return True
        other_size = abs(np.log(face.size_px / last.size_px)) > self.config.jump
        return bool(_away(face, last) > far or other_size)

    def _in(self, frame: Frame) -> tuple[Face | None, int]:
        config, last = self.config, self._last
        lost = last is None or frame.time_s - self._seen_s > config.same_s
        if last is not None and not lost:
            face = self.landmarks.follow(frame.picture, last)
            if face is not None and _away(face, last) < config.strayed:
                return face, 0
        if frame.time_s - self._searched_s < config.search_every_s:
            return None, 0
        thorough = last is None and not np.isfinite(self._searched_s)
        self._searched_s = frame.time_s
        if thorough and self.choice != 1:  # the one that is meant may be far smaller than others
            found = self.landmarks.every(frame.picture)
        else:
            found = self.landmarks.find(frame.picture) if thorough else self.landmarks.near(frame.picture)
        if last is not None and not lost:
            found = [face for face in found if _away(face, last) < config.near]
            return min(found, key=lambda face: _away(face, last), default=None), 0
        if not found:
            return None, 0
        self._searched_s = -np.inf  # one that is lost next is searched at once
        return chosen(found, self.choice, frame.scale), len(found) - 1


def chosen(found: list[Face], choice: Choice, scale: float) -> Face:
    """Of faces, the largest first, the chosen one; the last where there are not so many."""
    if isinstance(choice, int):
        return found[min(choice, len(found)) - 1]
    point = np.array(choice) * scale
    return min(found, key=lambda face: float(np.linalg.norm((face.box[:2] + face.box[2:]) / 2 - point)))


def is_beside(face: Face, choice: Choice, scale: float) -> bool:
    """Whether a face that was chosen by a point of the file's pictures is not at that point."""
    if isinstance(choice, int):
        return False
    middle = (face.box[:2] + face.box[2:]) / 2
    return bool(np.abs(middle - np.array(choice) * scale).max() > 0.75 * face.size_px)


def _away(face: Face, other: Face) -> float:
    """Between two boxes' middles, by the larger one's size."""
    middle = (face.box[:2] + face.box[2:] - other.box[:2] - other.box[2:]) / 2
    return float(np.linalg.norm(middle)) / max(face.size_px, other.size_px)
