"""A performance and a new speech of other lengths: which frame of the performance is shown when."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from sadtalker3d.edit.timing import at_frames
from sadtalker3d.edit.voice import Voice
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

Fit = Literal["keep", "stretch", "pauses"]
FITS: tuple[str, ...] = get_args(Fit)
BLEND_S = 0.8  # in which a performance that goes on comes back to where it has been
SPEAKS = 0.85  # of `Voice.speaking`, which reaches 0.2 s into pauses: below it is one
SHORTEST_PAUSE_S = 0.25  # shorter ones are part of a phrase


def fitted(performance: Track, old: Voice, new: Voice, fit: Fit) -> tuple[Track, Voice]:
    """The performance and its voice, as long as the new speech or longer.

    fit : "keep": in its own time; where the speech is longer, the performance goes on through a blend into what it
        did before. "stretch": faster or slower, to the speech's length. "pauses": phrase by phrase, so that it pauses
        where the new speech pauses.

    Raises UserError for another `fit`.
    """
    count = len(new.speaking)
    if fit == "keep":
        return continued(performance, old, count)
    if fit == "stretch":
        return _shown_at(performance, old, np.arange(count) * (len(performance) / count))
    if fit == "pauses":
        return _shown_at(performance, old, _by_phrases(old.speaking, new.speaking, performance.fps))
    raise UserError(f"'{fit}' is no way to fit a performance to a speech; choose {', '.join(FITS)}")


def continued(performance: Track, voice: Voice, count: int) -> tuple[Track, Voice]:
    """The performance, going on to at least `count` frames: its end blends into an earlier part, again and again."""
    if count <= len(performance):
        return performance, voice
    overlap = min(round(BLEND_S * performance.fps), len(performance) // 2)
    round_of = len(performance) - overlap
    place = np.arange(count)
    again = np.where(place < len(performance), place, overlap + (place - len(performance)) % max(round_of, 1))
    rising = (np.arange(overlap) + 1) / (overlap + 1)
    rising = rising * rising * (3 - 2 * rising)
    into = (place - round_of) % max(round_of, 1)  # within a round, counted from where the blend begins
    blended = np.flatnonzero((place >= round_of) & (into < overlap))

    def going_on(values: np.ndarray) -> np.ndarray:
        end = values[np.minimum(round_of + into[blended], len(values) - 1)]
        start = values[into[blended]]
        result = values[again]
        share = rising[into[blended]].reshape((-1,) + (1,) * (values.ndim - 1))
        result[blended] = end + share * (start - end)
        return result

    longer = performance.replace(
        expression=going_on(performance.expression),
        rotation=going_on(performance.rotation),
        translation=going_on(performance.translation),
    )
    return longer, Voice(going_on(voice.loudness), going_on(voice.speaking))


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


def _shown_at(performance: Track, voice: Voice, frames: np.ndarray) -> tuple[Track, Voice]:
    """The performance at (n,) places between its frames."""
    at = np.clip(frames, 0, len(performance) - 1)
    places = np.arange(len(performance))
    shown = at_frames(performance, at)
    return shown, Voice(np.interp(at, places, voice.loudness), np.interp(at, places, voice.speaking))
