"""Where a performance can go back to an earlier moment without being seen: head and face are alike there.

The idea is that of video textures (Schoedl and others, SIGGRAPH 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.edit.regions import columns_of
from sadtalker3d.track import Track


@dataclass(frozen=True)
class LoopConfig:
    """How alike two moments are: what counts as one step apart."""

    overlap_s: float = 0.4  # in which one moment blends into the other
    last: float = 0.35  # of the performance may be left out at its end ...
    last_s: float = 20.0  # ... but no more than this
    back_s: float = 60.0  # how far back is looked
    least_s: float = 2.0  # shorter rounds are seen as such
    rotation_rad: float = 0.02
    translation_m: float = 0.004
    weight: float = 0.15  # of lids, brows and gaze; the mouth is new anyway
    early: float = 0.3  # what leaving a second earlier costs


@dataclass(frozen=True)
class Loop:
    """At frame `leave` the performance goes on as from `enter`; for `overlap` frames both are blended."""

    leave: int
    enter: int
    overlap: int


def best_loop(performance: Track, config: LoopConfig | None = None) -> Loop:
    """The least visible way back; for a performance of a moment, from its end to its beginning."""
    config = config or LoopConfig()
    fps, count = performance.fps, len(performance)
    overlap = max(min(round(config.overlap_s * fps), count // 3), 1) if count > 2 else 0
    if count <= 2 * overlap + 2:
        return Loop(count - overlap, 0, overlap) if count > overlap else Loop(count, 0, 0)
    features = [
        performance.rotation / config.rotation_rad,
        performance.translation / config.translation_m,
    ]
    if performance.space == "open":
        kept = [*columns_of(performance, "upper_face"), *columns_of(performance, "eyes")]
        features.append(performance.expression[:, kept] / config.weight)
    values = np.concatenate(features, axis=1).astype(np.float64)
    least = max(min(round(config.least_s * fps), (count - overlap) // 2), 1)
    first_leave = max(count - overlap - round(min(config.last * count, config.last_s * fps)), least)
    leaves = np.arange(first_leave, count - overlap + 1)
    enters = np.arange(max(first_leave - round(config.back_s * fps), 0), len(values) - overlap - least + 1)
    # the sum over the overlap of squared distances, from three running sums
    squares = np.concatenate([[0.0], np.cumsum((values**2).sum(axis=1))])
    own = squares[overlap:] - squares[:-overlap]
    cross = np.zeros((len(leaves), len(enters)))
    for step in range(overlap):
        cross += values[leaves + step] @ values[enters + step].T
    apart = own[leaves][:, None] + own[enters][None] - 2 * cross
    apart = np.sqrt(np.maximum(apart, 0) / overlap)
    apart += config.early * ((count - overlap) - leaves)[:, None] / fps
    apart[leaves[:, None] - enters[None] < least] = np.inf
    best = np.unravel_index(int(apart.argmin()), apart.shape)
    return Loop(int(leaves[best[0]]), int(enters[best[1]]), overlap)
