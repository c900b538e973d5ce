"""What the linear head cannot do: displacements at the detector's points, spread over the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.lip_seal import lip_seal
from sadtalker3d.face.mesh_points import LOWER_INNER, LOWER_LIP, OVAL, UPPER_INNER, UPPER_LIP, MeshPoints

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class SpreadConfig:
    """How the displacements are spread."""

    jaw_open: float = 0.6  # the pose in which distances are measured: lips apart do not pull on each other
    smoothing: float = 0.02  # of the warp; the detector's noise is about half a millimetre
    oval: float = 0.5  # part of the outline's displacement that is believed
    reach_m: float = 0.035  # beyond the points it fades by exp(-(d / reach)^2)
    most_m: float = 0.008  # what moves further is a wrong point, not a face


def landmark_offsets(
    model: FaceModel,
    places: MeshPoints,
    identity: np.ndarray,
    moves_m: np.ndarray,
    apart: float = 1.0,
    config: SpreadConfig | None = None,
) -> np.ndarray:
    """Spread (468, 3) displacements in head space over the mesh -> (V, 3) float32 metres.

    The skin follows a linear radial warp. Eyes and teeth are rigid: each moves as a whole, with its lids or its
    lip.

    apart : how much is believed of what parts the lips beyond the linear head. With 0, for a closed mouth, the points
        that meet move as one and the offsets leave the lips of the head at rest closed.
    """
    config = config or SpreadConfig()
    moves = moves_m.copy()
    moves[list(OVAL)] *= config.oval
    moves *= np.minimum(1, config.most_m / np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 1e-12))
    # without the corners, which both lips share
    upper, lower = np.array(UPPER_INNER[1:-1]), np.array(LOWER_INNER)
    half = (1 - apart) / 2 * (moves[lower] - moves[upper])
    moves[upper] += half
    moves[lower] -= half
    rows = np.unique(model.weld[np.unique(model.faces[np.concatenate([model.parts[p] for p in SOFT])])])
    offsets = np.zeros_like(model.mean)
    near, spread = _spread(model, places, identity, moves, rows, config, config.smoothing)
    offsets[rows[near]] = spread
    offsets = offsets[model.weld]
    rest = model.vertices(identity.astype(np.float32))
    for _ in range(SEALED):
        offsets += ((1 - apart) * lip_seal(model, rest + offsets))[model.weld]
    _carry_rigid(model, offsets)
    return offsets.astype(np.float32)


def spread_matrix(
    model: FaceModel, places: MeshPoints, ids: np.ndarray, config: SpreadConfig | None = None
) -> np.ndarray:
    """(n, 468) float32: how soft vertices `ids` (n,) of the mean head go with displacements of the points.

    Teeth, gums and tongue do not. Lips go with theirs exactly: of a filmed mouth every pixel counts.
    """
    config = config or SpreadConfig()
    rigid = np.unique(
        np.concatenate([model.faces[model.parts[p]] for p in ("teeth", "gums", "tongue", "eyes")])
    )
    soft = ~np.isin(ids, rigid)
    smoothing = np.full(len(places.corners), config.smoothing)
    smoothing[[*UPPER_LIP, *LOWER_LIP]] *= 0.02
    near, spread = _spread(
        model, places, np.zeros(80), np.eye(len(places.corners)), ids[soft], config, smoothing
    )
    spread[:, list(OVAL)] *= config.oval
    matrix = np.zeros((len(ids), len(places.corners)), np.float32)
    matrix[np.flatnonzero(soft)[near]] = spread
    return matrix


def _spread(
    model: FaceModel,
    places: MeshPoints,
    identity: np.ndarray,
    moves: np.ndarray,
    rows: np.ndarray,
    config: SpreadConfig,
    smoothing: float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(468, k) values at the points, spread over those of the vertices `rows` that are near: which, and (m, k)."""
    from scipy.interpolate import RBFInterpolator
    from scipy.spatial import cKDTree

    expression = np.zeros(64, np.float32)
    expression[model.expression_names.index("jawOpen")] = config.jaw_open
    shape = model.vertices(identity.astype(np.float32), expression)
    sites = places.of(shape).astype(np.float64)
    distance = cKDTree(sites).query(shape[rows], distance_upper_bound=2.5 * config.reach_m)[0]
    near = np.isfinite(distance)
    warp = RBFInterpolator(sites * 10, moves, kernel="linear", degree=1, smoothing=smoothing)
    fade = np.exp(-((np.maximum(distance[near] - FREE_M, 0) / config.reach_m) ** 2))
    return near, warp(shape[rows[near]].astype(np.float64) * 10) * fade[:, None]


SOFT = ("skin", "hair", "rim", "mouth", "lashes")
FREE_M = 0.006  # as near to a point as this nothing fades
MIDDLE_M = 0.012  # of the mouth, to either side
SEALED = 3  # times: a seal's smooth pull takes away nine tenths of a gap


def _carry_rigid(model: FaceModel, offsets: np.ndarray) -> None:
    """Move eyes with their lids, teeth with the middle of their lip; in place.

    How much of the teeth shows depends on where they are behind the lips, which a fitted nose and chin tell worse.
    """
    side_of = {"left": 1, "right": -1}
    eyes = np.unique(model.faces[model.parts["eyes"]])
    for side, sign in side_of.items():
        rows = eyes[model.mean[eyes, 0] * sign > 0]
        lids = np.concatenate([model.points[f"eyelid_{lid}_{side}"] for lid in ("upper", "lower")])
        offsets[rows] = offsets[lids].mean(axis=0)
    jaw = np.abs(model.expression_basis[model.expression_names.index("jawOpen")]).max(axis=1)
    for part in ("teeth", "gums", "tongue"):
        rows = np.unique(model.faces[model.parts[part]])
        for with_jaw, lip in ((True, "lower"), (False, "upper")):
            line = model.points[f"inner_lip_{lip}"]
            chosen = rows[(jaw[rows] > 0.002) == with_jaw]
            offsets[chosen] = offsets[line[np.abs(model.mean[line, 0]) < MIDDLE_M]].mean(axis=0)
