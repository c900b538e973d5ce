"""A performance and a new speech of other lengths: which frame of the performance is shown when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sadtalker3d.dub.loops import best_loop
from sadtalker3d.edit.timing import at_frames
from sadtalker3d.edit.voice import Voice
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

Fit = Literal["keep", "stretch", "pauses"]
FITS: tuple[str, ...] = get_args(Fit)
SPEAKS = 0.85  # of `Voice.speaking`, which reaches 0.2 s into pauses: below it is one
SHORTEST_PAUSE_S = 0.25  # shorter ones are part of a phrase


@dataclass(frozen=True, eq=False)
class Retiming:
    """What (n,) frames show of a performance: so a track, a voice and the footage itself can follow.

    at : (n,) float64 places between the performance's frames
    other : (n,) places that are dissolved in, by share (n,), 0 to 1; where it is 0 they do not count
    """

    at: np.ndarray
    other: np.ndarray
    share: np.ndarray

    @classmethod
    def same(cls, count: int) -> Retiming:
        """Each frame shows itself."""
        return cls.shown(np.arange(count, dtype=np.float64))

    @classmethod
    def shown(cls, at: np.ndarray) -> Retiming:
        """Nothing is dissolved."""
        return cls(at, at, np.zeros(len(at)))

    def __len__(self) -> int:
        return len(self.at)

    @property
    def changes(self) -> bool:
        """Whether any frame shows another one than itself."""
        return bool(self.share.any() or (self.at != np.arange(len(self.at))).any())

    def track(self, track: Track) -> Track:
        """The track as it is shown."""
        if not self.changes and len(self) == len(track):
            return track
        one, other = at_frames(track, self.at), at_frames(track, self.other)
        share = self.share[:, None].astype(np.float32)

        def mixed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            return np.where(share > 0, first + share * (second - first), first)

        return one.replace(
            expression=mixed(one.expression, other.expression),
            rotation=mixed(one.rotation, other.rotation),
            translation=mixed(one.translation, other.translation),
        )

    def voice(self, voice: Voice) -> Voice:
        """The voice as it is heard."""
        places = np.arange(len(voice.speaking))

        def mixed(values: np.ndarray) -> np.ndarray:
            one, other = np.interp(self.at, places, values), np.interp(self.other, places, values)
            return one + self.share * (other - one)

        return Voice(mixed(voice.loudness), mixed(voice.speaking))


def retimed(performance: Track, old: Voice, new: Voice, fit: Fit) -> Retiming:
    """How the performance is shown so that it is as long as the new speech or longer.

    fit : "keep": in its own time; where the speech is longer, the performance goes on through a blend into what it
        did before. "stretch": faster or slower, to the speech's length. "pauses": phrase by phrase, so that it pauses
        where the new speech pauses.

    Raises UserError for another `fit`.
    """
    count = len(new.speaking)
    if fit == "keep":
        return continued(performance, count)
    if fit == "stretch":
        at = np.arange(count) * (len(performance) / count)
    elif fit == "pauses":
        at = _by_phrases(old.speaking, new.speaking, performance.fps)
    else:
        raise UserError(f"'{fit}' is no way to fit a performance to a speech; choose {', '.join(FITS)}")
    return Retiming.shown(np.clip(at, 0, len(performance) - 1))


def continued(performance: Track, count: int) -> Retiming:
    """The performance, going on to at least `count` frames: from near its end it blends into an earlier part that
    looks alike, again and again."""
    length = len(performance)
    if count <= length:
        return Retiming.same(length)
    loop = best_loop(performance)
    span = loop.leave - loop.enter  # frames of a round
    place = np.arange(count, dtype=np.float64)
    into = place - loop.leave
    rounds = np.floor(np.maximum(into, 0) / span)
    at = np.where(into < 0, place, loop.enter + np.maximum(into, 0) - rounds * span)
    # at the beginning of each round the last one still goes on, and fades
    faded = (into >= 0) & (at - loop.enter < loop.overlap)
    rising = (at - loop.enter + 1) / (loop.overlap + 1)
    rising = rising * rising * (3 - 2 * rising)
    other = np.where(faded, at + span, at)
    return Retiming(at, other, np.where(faded, 1 - rising, 0.0))


def phrases(speaking: np.ndarray, fps: float) -> np.ndarray:
    """(n, 2) first and last-plus-one frame of each phrase: speech without a pause that one would hear."""
    padded = np.concatenate([[False], speaking >= SPEAKS, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    if len(edges) < 2:
        return edges
    apart = edges[1:, 0] - edges[:-1, 1] >= SHORTEST_PAUSE_S * fps
    return np.stack([edges[np.r_[True, apart], 0], edges[np.r_[apart, True], 1]], axis=1)


def _by_phrases(old: np.ndarray, new: np.ndarray, fps: float) -> np.ndarray:
    """(n,) the old frame at each new frame: phrases on phrases, pauses on pauses."""
    olds, news = phrases(old, fps), phrases(new, fps)
    if not len(olds) or not len(news):
        return np.arange(len(new)) * (len(old) / len(new))
    olds, news = _as_many(olds, news)
    at_new = np.concatenate([[0], news.ravel(), [len(new)]]).astype(np.float64)
    at_old = np.concatenate([[0], olds.ravel(), [len(old)]]).astype(np.float64)
    kept = np.concatenate([[True], np.diff(at_new) > 0])
    return np.interp(np.arange(len(new)), at_new[kept], at_old[kept])


def _as_many(olds: np.ndarray, news: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with as many phrases: where one has more, its shortest pauses are closed."""
    count = min(len(olds), len(news))

    def merged(edges: np.ndarray) -> np.ndarray:
        while len(edges) > count:
            shortest = int(np.argmin(edges[1:, 0] - edges[:-1, 1]))
            edges = np.concatenate(
                [edges[:shortest], [[edges[shortest, 0], edges[shortest + 1, 1]]], edges[shortest + 2 :]]
            )
        return edges

    return merged(olds), merged(news)
