"""Characters that only have visemes: how much of each gives the mouth of a track, frame by frame.

What a viseme looks like is known by the track's own columns, so both sides of the equation can be laid out on the
embedded head: the weights are those whose mouth, there, lies nearest to the track's (bounded least squares). On the
character's own head the shapes are somebody else's; the loss is a measure of what visemes can say at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rig.dialects import Looks
from sadtalker3d.rig.solve import SolveConfig, solve
from sadtalker3d.track import Track


@dataclass(frozen=True)
class VisemeConfig:
    """Which points of the head count, and how much."""

    around_m: float = 0.045  # skin this near to the middle of the lips: mouth, chin and the lower cheeks
    lips_m: float = 0.012  # of an inner lip's points: the lips themselves
    lip_weight: float = 6.0  # lips are a tenth of the points, and what is looked at
    # of the gap between facing points of the lips: p b m must shut even where no viseme has such a chin. On speech,
    # lips that touch stood open by up to 3.3 mm at 0 and by 0.5 at 3000; their distance rose from .43 to .67 mm
    gap_weight: float = 3000.0
    tongue_weight: float = 0.3  # it tells th, d and k apart where lips do not; it is seldom seen
    ridge: float = 3e-3  # many visemes look alike: they share a mouth evenly rather than in turn


DEFAULT = VisemeConfig()


@dataclass(frozen=True)
class VisemeLoss:
    """How far the lips stay from the track's, root mean square over frames and points, on the embedded head."""

    lips_mm: float
    lips_moved_mm: float  # how far they move, for comparison
    gap_mm: float  # of the gap between them

    @classmethod
    def over(cls, parts: Sequence[tuple[int, VisemeLoss]]) -> VisemeLoss:
        """The loss of a take made of parts, each with its number of frames."""
        frames = np.array([count for count, _ in parts])
        each = np.array([[part.lips_mm, part.lips_moved_mm, part.gap_mm] for _, part in parts])
        return cls(*np.sqrt(np.average(each**2, axis=0, weights=frames)).tolist())

    def __str__(self) -> str:
        return (
            f"{self.lips_mm:.2f} mm at the lips, which move {self.lips_moved_mm:.2f} mm, "
            f"and {self.gap_mm:.2f} mm in the gap between them (root mean square)"
        )


@dataclass(frozen=True, eq=False)
class _Mouth:
    """The embedded head's columns (64, P, 3) at points of the mouth: skin and tongue, then gaps between the lips."""

    columns: np.ndarray
    importance: np.ndarray  # (P,)
    lips: np.ndarray  # (P,) bool
    gaps: np.ndarray  # (P,) bool


def solve_visemes(
    track: Track, visemes: Mapping[str, Looks], direct: set[str], config: VisemeConfig = DEFAULT
) -> tuple[dict[str, np.ndarray], VisemeLoss]:
    """The weights (T,) float32 of each viseme by name, and how far the mouth is from the track's.

    direct : columns that other shapes follow already; the visemes leave them alone

    Raises UserError for a track that is not `open`.
    """
    track.require_space("open", "a character")
    mouth = _mouth(config)
    column = {name: i for i, name in enumerate(OPEN_64)}
    target = np.zeros((len(visemes), *mouth.columns.shape[1:]))
    for row, look in enumerate(visemes.values()):
        for name, share in look.shares.items():
            target[row] += share * mouth.columns[column[name]]
    wanted = np.stack(
        [np.zeros(len(track)) if name in direct else track.column(name) for name in OPEN_64], axis=1
    )
    weights, _ = solve(
        target, mouth.columns, wanted, weights=mouth.importance, config=SolveConfig(ridge=config.ridge)
    )
    weights[:, ~target.any(axis=(1, 2))] = 0  # silence is the face at rest: any weight would do
    both, mixed = np.concatenate([target, -mouth.columns]), np.concatenate([weights, wanted], axis=1)
    loss = VisemeLoss(
        _rms_mm(both[:, mouth.lips], mixed),
        _rms_mm(mouth.columns[:, mouth.lips], wanted),
        _rms_mm(both[:, mouth.gaps], mixed),
    )
    found = {
        name: np.clip(np.float32(look.gain) * weights[:, i], *look.limits).astype(np.float32)
        for i, (name, look) in enumerate(visemes.items())
    }
    return found, loss


def _apart(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m) distances; in Blender, which has no scipy, there is no tree to ask."""
    return np.linalg.norm(points[:, None] - others, axis=2)


@cache
def _mouth(config: VisemeConfig) -> _Mouth:
    import bfm

    face = bfm.load("open")
    upper, lower = (
        face.points[name][np.argsort(face.mean[face.points[name], 0])]
        for name in ("inner_lip_upper", "inner_lip_lower")
    )
    rims = np.concatenate([upper, lower])
    skin = np.unique(face.faces[face.parts["skin"]])
    middle = face.mean[rims].mean(axis=0)
    skin = skin[np.linalg.norm(face.mean[skin] - middle, axis=1) < config.around_m]
    near = _apart(face.mean[skin], face.mean[rims]).min(axis=1) < config.lips_m
    tongue = np.unique(face.faces[face.parts["tongue"]])
    facing = lower[_apart(face.mean[upper, :1], face.mean[lower, :1]).argmin(axis=1)]
    basis = face.expression_basis
    columns = [basis[:, skin], basis[:, tongue], basis[:, upper] - basis[:, facing]]
    importance = [
        np.where(near, config.lip_weight, 1.0),
        np.full(len(tongue), config.tongue_weight),
        np.full(len(upper), config.gap_weight),
    ]
    count = len(skin) + len(tongue)
    lips = np.concatenate([near, np.zeros(len(tongue) + len(upper), bool)])
    gaps = np.arange(len(lips)) >= count
    return _Mouth(np.concatenate(columns, axis=1).astype(np.float64), np.concatenate(importance), lips, gaps)


def _rms_mm(shapes: np.ndarray, weights: np.ndarray) -> float:
    """Root mean square length, in mm, of (P, 3) points that (k, P, 3) shapes in metres move by (T, k) weights."""
    flat = shapes.reshape(len(shapes), -1)
    squares = np.einsum("ti,ij,tj->", weights, flat @ flat.T, weights, optimize=True)
    return 1000 * float(np.sqrt(max(squares, 0) / (shapes.shape[1] * len(weights))))
