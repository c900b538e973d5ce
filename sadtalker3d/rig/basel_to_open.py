"""A `basel` track -> an `open` track: expression by `rig.solve`, head pose by the similarity of the two heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64
from sadtalker3d.rig.correspond import Correspondence, Similarity, correspond
from sadtalker3d.rig.solve import Residual, SolveConfig, solve
from sadtalker3d.rotation import from_matrices, to_matrices
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

UNSEEN = ("eyeLook", "tongue")  # a mask has no eyes and no tongue; lids that follow a gaze pass for a blink
SEEN = tuple(name for name in ARKIT_52 if not name.startswith(UNSEEN))
"""The shapes that are solved for."""


def to_open(
    track: Track,
    basel: FaceModel,
    head: FaceModel,
    *,
    matched: Correspondence | None = None,
    config: SolveConfig | None = None,
) -> tuple[Track, Residual]:
    """Convert a `basel` track for the embedded head, whose ARKit columns it then moves, all that a mask shows.

    Parameters
    ----------
    track : a `basel` track
    basel, head : the two models, see `bfm.load`
    matched : `correspond(basel, head)`, where several tracks are converted

    Basel's coefficients are of a whole face, so a portrait that smiles gives a smile from first to last. The gaze,
    the tongue and the speech columns of `open` stay 0; the lips' part of speech is in the 52.

    Raises UserError: a track of another space, or models that do not fit on each other.
    """
    track.require_space("basel", "the conversion to the embedded head")
    matched = matched or correspond(basel, head)
    columns = [head.expression_names.index(name) for name in SEEN]
    weights, residual = solve(
        matched.on_target(head.expression_basis[columns]),
        matched.on_source(basel.expression_basis),
        track.expression,
        weights=matched.weights,
        lips=matched.lips,
        config=config,
    )
    expression = np.zeros((len(track), len(OPEN_64)), np.float32)
    expression[:, [OPEN_64.index(name) for name in SEEN]] = weights
    rotation, translation = open_pose(track, matched.similarity)
    meta = {**track.meta, "converted": {"from": "basel", **residual_json(residual)}}
    return Track(expression, rotation, translation, fps=track.fps, audio=track.audio, meta=meta), residual


def open_pose(track: Track, similarity: Similarity) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (T, 3) and translation (T, 3) in metres of the embedded head, for the pose of a `basel` track.

    Both spaces turn by p' = Rz Ry Rx p (upstream's points @ (Rz Ry Rx)^T is the same), y up, the face along +z. But
    Basel turns about the middle of the mask, and its translation is the place before upstream's camera. With
    p_open = s Q p + o: R_open = Q R Q^T, t_open = o - R_open o + s Q (t - t_rest), t_rest being the portrait's
    translation, or the first frame's where the track names no portrait.
    """
    rest = np.asarray(rest_translation(track), np.float64)
    turns = similarity.turn @ to_matrices(track.rotation.astype(np.float64)) @ similarity.turn.T
    pivot = similarity.shift - turns @ similarity.shift
    return from_matrices(turns), pivot + similarity.directions(track.translation - rest)


def rest_translation(track: Track) -> np.ndarray:
    """(3,) translation of the portrait that a `basel` track was made for, else of its first frame."""
    source = track.meta.get("source")
    if isinstance(source, list) and len(source) >= 70:
        try:
            rest = np.asarray(source[67:70], np.float64)
        except (TypeError, ValueError):
            rest = np.full(3, np.nan)
        if rest.shape == (3,) and np.isfinite(rest).all():
            return rest
    return track.translation[0]


def residual_json(residual: Residual) -> dict[str, Any]:
    """The residual for a track's meta, to a hundredth of a millimetre."""
    return {
        name: round(getattr(residual, name), 2) for name in ("all_mm", "moved_mm", "lips_mm", "lips_moved_mm")
    }
