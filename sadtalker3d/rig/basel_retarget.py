"""One face's `basel` track on another, through the meshes: Basel's columns are signed and mix jaw, lips and brows.

What the ARKit shapes see of the motion is scaled shape by shape, as `dub.retarget` does; the change is put back into
Basel's columns, and what no ARKit shape sees goes over as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.dub.retarget import Range, range_of, retarget
from sadtalker3d.rig.basel_to_open import SEEN, to_open
from sadtalker3d.rig.correspond import Correspondence, correspond
from sadtalker3d.rig.solve import SolveConfig

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track

AT_REST = 0.1  # of a take's frames, those nearest to its rest


def retarget_basel(
    track: Track, source: Track, target: Track, basel: FaceModel, head: FaceModel, *, strength: float = 1.0
) -> Track:
    """The `basel` track of one face for another; `source` and `target` are `basel` takes of the two.

    Raises UserError for a track of another space, or a `strength` beyond 0 to 1.
    """
    matched = correspond(basel, head)
    take, one, other = (to_open(each, basel, head, matched=matched)[0] for each in (track, source, target))
    ranges = range_of(one), range_of(other)
    moved = retarget(take, *ranges, strength=strength)
    more = (moved.expression - ranges[1].rest) - (take.expression - ranges[0].rest)
    columns = [take.names.index(name) for name in SEEN]
    put_back = more[:, columns] @ _in_basel(basel, head, matched)
    kept = track.expression - _at_rest(source, one, ranges[0]) + _at_rest(target, other, ranges[1])
    return track.replace(expression=kept + put_back)


def _at_rest(track: Track, seen: Track, usual: Range) -> np.ndarray:
    """(64,) Basel coefficients of the frames in which the face, `seen` in ARKit's shapes, is nearest to its rest."""
    away = np.linalg.norm(seen.expression - usual.rest, axis=1)
    count = max(round(AT_REST * len(away)), 1)
    return track.expression[np.argpartition(away, count - 1)[:count]].mean(axis=0)


def _in_basel(basel: FaceModel, head: FaceModel, matched: Correspondence) -> np.ndarray:
    """(k, 64) Basel coefficients that move the face as each of the seen ARKit shapes does, by least squares."""
    names = [head.expression_names.index(name) for name in SEEN]
    root = np.sqrt(matched.weights)[None, :, None]
    shapes = (matched.on_target(head.expression_basis[names]) * root).reshape(len(names), -1)
    columns = (matched.on_source(basel.expression_basis) * root).reshape(len(basel.expression_basis), -1)
    gram = columns @ columns.T
    gram[np.diag_indices(len(gram))] += SolveConfig().ridge * np.trace(gram) / len(gram)
    return np.linalg.solve(gram, columns @ shapes.T).T
