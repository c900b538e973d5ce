"""One face through a whole file: the frames as they are used, and what is to be said about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.covered import Covered
from sadtalker3d.clip.follow import Choice, Follower, Seen, is_beside
from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from sadtalker3d.face.video import Frame
    from sadtalker3d.progress import Report

LONGEST_PX = 1280  # a face that fills a quarter of it is as exact as the detector's 192 pixels can be


@dataclass(frozen=True)
class WatchConfig:
    """What is refused, and what is worth a note."""

    most_yaw_rad: float = 0.87  # 50 degrees: beyond, the detector makes half of the face up
    small_px: float = 64.0  # of the face's longer side: lips are then a guess
    clear_evidence: float = 10.0  # reached at least once: profiles that pass for a face stay below
    least_evidence: float = 5.0  # below, followed but not believed: covered, or bowed by 40 degrees


class Watch:
    """Follows the chosen face; after `through`, `size_px` and `scale` are the pictures', `others` the other faces."""

    def __init__(self, path: Path, face: Choice = 1, config: WatchConfig | None = None) -> None:
        self.path, self.face, self.config = path, face, config or WatchConfig()
        self.size_px, self.scale, self.others, self.read, self.seen = (0, 0), 1.0, 0, 0, 0
        self.covered, self._begins_s, self._beside, self._clearest = Covered(), 0.0, False, -np.inf

    def through(self, frames: Iterable[Frame], progress: Report | None = None) -> Iterator[Seen]:
        """Each frame that counts, with its face.

        Raises UserError: no frames, pictures of several sizes, or a face in none of them.
        """
        from sadtalker3d.face.landmarks import Landmarks

        last_s = -np.inf
        for seen in Follower(Landmarks(), self.face).through(frames):
            if seen.frame.time_s <= last_s:  # a file that was glued together: its clock jumps back
                continue
            last_s = seen.frame.time_s
            height, width = seen.frame.picture.shape[:2]
            if not self.read:
                self.size_px, self.scale = (width, height), seen.frame.scale
                self._begins_s = seen.frame.time_s
            elif self.size_px != (width, height):
                raise UserError(
                    f"{self.path}: its pictures change from {self.size_px[0]} x {self.size_px[1]} to "
                    f"{width} x {height} pixels; convert it to one size"
                )
            self.others = max(self.others, seen.others)
            self.read += 1
            self.covered.add(seen)
            if seen.face is not None and not self.seen:
                self._beside = is_beside(seen.face, self.face, self.scale)
            if seen.face is not None:
                self._clearest = max(self._clearest, seen.face.evidence)
            if seen.face is not None and seen.face.evidence < self.config.least_evidence:
                seen = replace(seen, face=None)
            self.seen += seen.face is not None
            yield seen
            if progress is not None:
                progress(self.read, max(seen.frame.total, self.read))
        if not self.read:
            raise UserError(f"{self.path}: holds no pictures that can be read; export the video again")
        if not self.seen or self._clearest < self.config.clear_evidence:
            what = (
                "no face found in it"
                if not self.seen
                else "the face in it is turned away, covered or unclear throughout"
            )
            raise UserError(
                f"{self.path}: {what}; give one in which a face is seen from the front, unobstructed and at "
                "least 32 pixels tall"
            )

    def notes(self, more: Iterable[str], yaw_rad: np.ndarray, height_px: float) -> tuple[str, ...]:
        """What the user should know, `more` in the middle: (K,) yaw of the seen faces, and how tall they are.

        Raises UserError where the face is seen from the side throughout.
        """
        turned = np.abs(yaw_rad) > self.config.most_yaw_rad
        if turned.all():
            raise UserError(
                f"{self.path}: the face is seen from the side throughout (by "
                f"{np.degrees(np.abs(yaw_rad).min()):.0f} degrees or more); "
                "give a clip in which it looks toward the camera"
            )
        notes = list(more)
        if self.others:
            which = "the largest is followed" if self.face == 1 else "the chosen one is followed"
            notes.insert(0, f"{self.others + 1} faces found, {which}; --face 2, or --face X,Y, takes another")
        if isinstance(self.face, int) and self.face > self.others + 1:
            notes.insert(
                0, f"only {self.others + 1} of the {self.face} faces found, the smallest of them is followed"
            )
        if self._beside and not isinstance(self.face, int):
            x, y = self.face
            notes.insert(0, f"no face is found at --face {x:g},{y:g}, the nearest is followed")
        spans = self.covered.spans()
        if spans:
            shown = ", ".join(f"{a - self._begins_s:.2f} to {b - self._begins_s:.2f}" for a, b in spans[:4])
            more_of_them = f" and {len(spans) - 4} more times" if len(spans) > 4 else ""
            notes.append(
                f"the mouth seems covered, or the face unclear, from {shown} s{more_of_them}; what it does there is a "
                "guess"
            )
        if turned.any():
            notes.append(
                f"the face is turned by more than {np.degrees(self.config.most_yaw_rad):.0f} degrees in "
                f"{turned.sum()} of {len(turned)} frames; the mouth is a guess there"
            )
        if height_px < self.config.small_px:
            notes.append(
                f"the face is only {height_px / self.scale:.0f} pixels tall; a larger picture is more exact"
            )
        return tuple(f"{self.path.name}: {note}" for note in notes)
