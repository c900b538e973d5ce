"""Which point of the target face each vertex of another face is: similarity, smooth warp, nearest surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from bfm.model import FaceModel

INNER = np.arange(17, 68)  # brows, nose, eyes, mouth; the jaw's outline means another place on every model
MOUTH = np.arange(48, 68)
UPPER_INNER, LOWER_INNER = (
    np.array([61, 62, 63]),
    np.array([67, 66, 65]),
)  # pairs that meet when the lips close


@dataclass(frozen=True)
class MatchConfig:
    """When two points are the same place. Lengths by the target's distance between the outer eye corners."""

    misfit: float = 0.15  # rms of the landmarks after the similarity; people differ by 0.05
    smoothing: float = 1e-3  # of the warp: landmarks of two models agree to a few millimetres only
    farthest: float = 0.06  # 5 mm of 90
    least_cosine: float = 0.5  # between the normals: 60 degrees
    mouth: float = 0.12  # how far around its landmarks the mouth reaches, where the lips are told apart
    nearest: int = 8  # triangles looked at for the closest point
    least_points: int = 50  # fewer carry no face
    lip_weight: float = 4.0  # lips are few vertices, and what one looks at


@dataclass(frozen=True)
class Similarity:
    """target point = scale * turn @ source point + shift; turn (3, 3), shift (3,)."""

    scale: float
    turn: np.ndarray
    shift: np.ndarray

    def points(self, values: np.ndarray) -> np.ndarray:
        """(..., 3) places of the source -> of the target."""
        return self.scale * values @ self.turn.T + self.shift

    def directions(self, values: np.ndarray) -> np.ndarray:
        """(..., 3) displacements of the source -> of the target."""
        return self.scale * values @ self.turn.T


@dataclass(frozen=True)
class Correspondence:
    """Vertices of the source and the places on the target's surface that are the same points of a face.

    source : (P,) vertex numbers
    corners : (P, 3) vertices of the target's triangle, and `shares` (P, 3), their parts in the point
    lips : (P,) bool; weights : (P,) importance for `solve`
    similarity : source to target
    """

    source: np.ndarray
    corners: np.ndarray
    shares: np.ndarray
    lips: np.ndarray
    weights: np.ndarray
    similarity: Similarity

    def on_target(self, values: np.ndarray) -> np.ndarray:
        """(k, V, 3) values at the target's vertices -> (k, P, 3)."""
        return np.stack([(v[self.corners] * self.shares[..., None]).sum(axis=1) for v in values])

    def on_source(self, displacements: np.ndarray) -> np.ndarray:
        """(n, V, 3) displacements of the source -> (n, P, 3) in the target's axes and units."""
        return self.similarity.directions(displacements[:, self.source])


def correspond(
    source: FaceModel, target: FaceModel, *, part: str = "skin", config: MatchConfig | None = None
) -> Correspondence:
    """Match a face without expression to the target's `part`, by the 68 landmarks of both.

    Raises UserError when the two do not fit on each other.
    """
    from scipy.interpolate import RBFInterpolator

    config = config or MatchConfig()
    size = float(np.linalg.norm(np.subtract(*target.mean[target.landmarks68[[36, 45]]])))
    similarity = fit_similarity(
        source.mean[source.landmarks68[INNER]], target.mean[target.landmarks68[INNER]]
    )
    places = similarity.points(source.mean.astype(np.float64))
    marks, wanted = places[source.landmarks68], target.mean[target.landmarks68].astype(np.float64)
    if np.sqrt(((wanted - marks)[INNER] ** 2).sum(axis=1).mean()) > config.misfit * size:
        raise _no_fit()
    try:
        warp = RBFInterpolator(
            marks[INNER], (wanted - marks)[INNER], kernel="linear", smoothing=config.smoothing * size
        )
    except np.linalg.LinAlgError:
        raise _no_fit() from None
    places = places + warp(places)
    faces = target.faces[target.parts[part]]
    sides = _lips(source, places, size, config), _lips(target, target.mean, size, config)
    corners, shares, distance = _nearest(places, sides[0], target.mean, faces, sides[1], config.nearest)
    facing = _unit(source.normals(source.mean)) @ similarity.turn.T
    surface = _unit((target.normals(target.mean)[corners] * shares[..., None]).sum(axis=1))
    kept = (distance < config.farthest * size) & ((facing * surface).sum(axis=1) > config.least_cosine)
    if kept.sum() < config.least_points:
        raise _no_fit()
    lips = sides[0][kept] != 0
    return Correspondence(
        np.flatnonzero(kept), corners[kept], shares[kept], lips, np.where(lips, config.lip_weight, 1.0), similarity
    )  # fmt: skip


def fit_similarity(source: np.ndarray, target: np.ndarray) -> Similarity:
    """The similarity between corresponding (n, 3) points of least squared distance (Umeyama 1991)."""
    a, b = (np.asarray(points, np.float64) for points in (source, target))
    a0, b0 = a - a.mean(axis=0), b - b.mean(axis=0)
    u, spread, vt = np.linalg.svd(b0.T @ a0)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    turn = (u * signs) @ vt
    scale = float((spread * signs).sum() / max((a0**2).sum(), 1e-30))
    return Similarity(scale, turn, b.mean(axis=0) - scale * turn @ a.mean(axis=0))


def _lips(face: FaceModel, places: np.ndarray, size: float, config: MatchConfig) -> np.ndarray:
    """(V,) +1 around the mouth where the face goes with the upper lip, -1 with the lower, 0 elsewhere.

    Which lip a vertex belongs to is seen in how it moves: closed lips touch, so their places do not tell.
    """
    from scipy.spatial import cKDTree

    marks = face.landmarks68
    near = cKDTree(places[marks[MOUTH]]).query(places, distance_upper_bound=config.mouth * size)[0]
    inside = np.flatnonzero(np.isfinite(near))
    pair = cKDTree(places[marks[UPPER_INNER]][:, :1]).query(places[inside, :1])[1]
    moves = face.expression_basis[:, inside]
    far = [
        np.linalg.norm(moves - face.expression_basis[:, marks[lip][pair]], axis=2).sum(axis=0)
        for lip in (UPPER_INNER, LOWER_INNER)
    ]
    sides = np.zeros(len(places), np.int8)
    sides[inside] = np.where(far[0] < far[1], 1, -1)
    return sides


def _nearest(
    places: np.ndarray,
    sides: np.ndarray,
    vertices: np.ndarray,
    faces: np.ndarray,
    vertex_sides: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The closest point of a surface to each place: corners (P, 3), shares (P, 3), distance (P,).

    A place on one lip sees no triangle with a corner on the other.
    """
    from scipy.spatial import cKDTree

    corners = np.zeros((len(places), 3), np.int64)
    shares, distance = np.zeros((len(places), 3)), np.full(len(places), np.inf)
    for side in (-1, 0, 1):
        rows = np.flatnonzero(sides == side)
        seen = faces[(vertex_sides[faces] != -side).all(axis=1)] if side else faces
        if not len(rows) or not len(seen):
            continue
        triangles = vertices[seen].astype(np.float64)
        tree = cKDTree(triangles.mean(axis=1))
        candidates = tree.query(places[rows], k=min(count, len(seen)))[1].reshape(len(rows), -1)
        for column in candidates.T:
            parts = _closest(places[rows], triangles[column])
            far = np.linalg.norm((triangles[column] * parts[..., None]).sum(axis=1) - places[rows], axis=1)
            nearer = far < distance[rows]
            chosen = rows[nearer]
            corners[chosen], shares[chosen], distance[chosen] = (
                seen[column[nearer]],
                parts[nearer],
                far[nearer],
            )
    return corners, shares, distance


def _closest(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Shares (n, 3) of the corners of (n, 3, 3) triangles in their closest points to (n, 3) points."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    ab, ac, ap = b - a, c - a, points - a
    dot = [(x * y).sum(axis=1) for x, y in ((ab, ab), (ab, ac), (ac, ac), (ap, ab), (ap, ac))]
    d00, d01, d11, d20, d21 = dot
    area = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    best = np.stack([1 - v - w, v, w], axis=1)
    outside = (best < 0).any(axis=1)
    far = np.where(outside, np.inf, -1.0)
    for first, second in ((0, 1), (1, 2), (2, 0)):  # else it lies on an edge
        start, edge = triangles[:, first], triangles[:, second] - triangles[:, first]
        along = ((points - start) * edge).sum(axis=1) / np.maximum((edge**2).sum(axis=1), 1e-30)
        along = np.clip(along, 0, 1)
        length = np.linalg.norm(start + along[:, None] * edge - points, axis=1)
        nearer = length < far
        shares = np.zeros((len(points), 3))
        shares[:, first], shares[:, second] = 1 - along, along
        best[nearer], far[nearer] = shares[nearer], length[nearer]
    return best


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _no_fit() -> UserError:
    return UserError(
        "the face model does not fit on the embedded head, so nothing can be converted; check its 68 keypoints"
    )
