"""Characters that only have visemes: how much of each gives the mouth of a track, frame by frame.

What a viseme looks like is known by the track's own columns, so both sides of the equation can be laid out on the
embedded head: the weights are those whose mouth, there, lies nearest to the track's (bounded least squares). On the
character's own head the shapes are somebody else's; the loss is a measure of what visemes can say at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rig.dialects import Looks
from sadtalker3d.rig.solve import Residual, SolveConfig, solve
from sadtalker3d.track import Track


@dataclass(frozen=True)
class VisemeConfig:
    """Which points of the head count, and how much."""

    around_m: float = 0.045  # skin this near to the middle of the lips: mouth, chin and the lower cheeks
    lips_m: float = 0.012  # of an inner lip's points: the lips themselves
    lip_weight: float = 6.0  # lips are a tenth of the points, and what is looked at
    tongue_weight: float = 0.3  # it tells th, d and k apart where lips do not; it is seldom seen
    ridge: float = 3e-3  # many visemes look alike: they share a mouth evenly rather than in turn


DEFAULT = VisemeConfig()


def solve_visemes(
    track: Track, visemes: Mapping[str, Looks], direct: set[str], config: VisemeConfig = DEFAULT
) -> tuple[dict[str, np.ndarray], Residual]:
    """The weights (T,) float32 of each viseme by name, and how far the mouth is from the track's.

    direct : columns that other shapes follow already; the visemes leave them alone

    Raises UserError for a track that is not `open`.
    """
    track.require_space("open", "a character")
    basis, importance, lips = _mouth(config)
    column = {name: i for i, name in enumerate(OPEN_64)}
    target = np.zeros((len(visemes), *basis.shape[1:]))
    for row, look in enumerate(visemes.values()):
        for name, share in look.shares.items():
            target[row] += share * basis[column[name]]
    wanted = np.stack(
        [np.zeros(len(track)) if name in direct else track.column(name) for name in OPEN_64], axis=1
    )
    weights, residual = solve(
        target, basis, wanted, weights=importance, lips=lips, config=SolveConfig(ridge=config.ridge)
    )
    found = {
        name: np.clip(np.float32(look.gain) * weights[:, i], *look.limits).astype(np.float32)
        for i, (name, look) in enumerate(visemes.items())
    }
    still = [
        name for i, name in enumerate(visemes) if not target[i].any()
    ]  # the rest face: whatever it gets is seen
    return found | {name: np.zeros(len(track), np.float32) for name in still}, residual


@cache
def _mouth(config: VisemeConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The embedded head's columns (64, P, 3) around the mouth, the points' importance (P,), and which (P,) are lips."""
    from scipy.spatial import cKDTree

    import bfm

    face = bfm.load("open")
    rims = np.concatenate([face.points["inner_lip_upper"], face.points["inner_lip_lower"]])
    skin = np.unique(face.faces[face.parts["skin"]])
    middle = face.mean[rims].mean(axis=0)
    skin = skin[np.linalg.norm(face.mean[skin] - middle, axis=1) < config.around_m]
    near = cKDTree(face.mean[rims]).query(face.mean[skin])[0] < config.lips_m
    tongue = np.unique(face.faces[face.parts["tongue"]])
    weights = [np.where(near, config.lip_weight, 1.0), np.full(len(tongue), config.tongue_weight)]
    points = np.concatenate([skin, tongue])
    lips = np.concatenate([near, np.zeros(len(tongue), bool)])
    return face.expression_basis[:, points].astype(np.float64), np.concatenate(weights), lips
