"""Where something is before the mouth, or the face cannot be made out: a hand, a cup, a microphone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sadtalker3d.face.hidden import mouth_hidden

if TYPE_CHECKING:
    from sadtalker3d.clip.follow import Seen


@dataclass(frozen=True)
class CoveredConfig:
    """Evidence is the detector's (see `face.landmarks.FinderConfig`), times are in seconds.

    Of a woman's picture painted over: whole 26; half of the mouth 20; all of it 14; the chin too 6 to 8; the nose as
    well 0 to 2, and then the head nods by up to 20 degrees.
    """

    unclear_evidence: float = 10.0  # heads turned by 63 degrees are below, or bowed by 38
    look_every_s: float = 0.2  # at the lips' colours, which takes as long as a third of a frame
    least_s: float = 0.2  # shorter, nobody would see what the mouth does
    apart_s: float = 1.0  # between two covers; the face may be lost in a shorter time


class Covered:
    """Takes the frames as they come; `spans` are (from, to) in seconds on their clock."""

    def __init__(self, config: CoveredConfig | None = None) -> None:
        self.config = config or CoveredConfig()
        self._all: list[tuple[float, float]] = []
        self._since: float | None = None
        self._looked_s, self._last_s, self._hidden = float("-inf"), 0.0, False

    def add(self, seen: Seen) -> None:
        """The next frame."""
        if seen.face is None:
            return
        config, time_s = self.config, seen.frame.time_s
        if time_s - self._looked_s >= config.look_every_s or seen.cut:
            self._hidden, self._looked_s = mouth_hidden(seen.frame.picture, seen.face.mesh), time_s
        unclear = self._hidden or seen.face.evidence < config.unclear_evidence
        if self._since is not None and (not unclear or time_s - self._last_s > config.apart_s):
            self._end()
        if unclear:
            self._since = time_s if self._since is None else self._since
            self._last_s = time_s

    def spans(self) -> list[tuple[float, float]]:
        """All that lasted."""
        self._end()
        return [span for span in self._all if span[1] - span[0] >= self.config.least_s]

    def _end(self) -> None:
        if self._since is not None:
            self._all.append((self._since, self._last_s))
            self._since = None
