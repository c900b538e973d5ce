"""How much light reaches each vertex: what the head itself hides from the sky and from the lamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel

# Light is worked out once, so each place counts as it is in the most open of these poses: lids and the
# inside of the lips are hidden at rest, and would otherwise stay black when they come out.
POSES: tuple[dict[str, float], ...] = (
    {},
    {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    {"jawOpen": 0.6, "mouthFunnel": 0.4},
)

# Skin and gums throw about half the light on, so hollows are less dark than the sky they see;
# the series of bounces sums to share / (1 - BOUNCED (1 - share)).
BOUNCED = 0.5


@dataclass(frozen=True)
class Sampling:
    """How finely hidden places are looked for; lengths in heights of the head."""

    directions: int = 32
    lamp_directions: int = 8  # within the lamp's disc
    lamp_radius_rad: float = 0.25  # a softbox half a metre wide at a metre: its shadows have soft edges
    cell: float = 0.011  # side of a depth map's cell, 3 mm on a head
    bias: float = 0.009  # nearer than this, and a cell's slope, is the surface itself
    smoothing: int = 4  # rounds of averaging with the neighbours, against the grain of few directions


def light_reaching(
    face: FaceModel,
    neutral: np.ndarray,
    toward_lamps: Sequence[tuple[float, float, float]],
    sampling: Sampling | None = None,
) -> np.ndarray:
    """(V, 1 + L) in 0..1: the shares of the sky, and of each lamp, that each vertex sees.

    Parameters
    ----------
    neutral : (V, 3) vertices at rest
    toward_lamps : directions from the head to L lamps
    """
    sampling = sampling or Sampling()
    sources = [_even_directions(sampling.directions)] + [
        _disc(np.asarray(toward, float), sampling.lamp_directions, sampling.lamp_radius_rad)
        for toward in toward_lamps
    ]
    names = list(face.expression_names)
    reaching = np.zeros((len(neutral), len(sources)))
    for pose in POSES:
        if not set(pose) <= set(names):
            continue  # another space has other shapes
        weights = np.array([pose.get(name, 0.0) for name in names], np.float32)
        vertices = neutral + np.tensordot(weights, face.expression_basis, axes=1)
        reaching = np.maximum(reaching, _visible_shares(face, vertices, sources, sampling))
    reaching[:, 0] /= 1 - BOUNCED * (1 - reaching[:, 0])
    return _averaged(reaching, face, sampling.smoothing)


def _visible_shares(
    face: FaceModel, vertices: np.ndarray, sources: list[np.ndarray], sampling: Sampling
) -> np.ndarray:
    height = np.ptp(vertices[:, 1])
    cell, bias = sampling.cell * height, sampling.bias * height
    points = _surface_points(vertices, face.faces[_solid(face)], cell)
    normals = _vertex_normals(vertices, face)
    shares = []
    for directions in sources:
        seen, possible = np.zeros(len(vertices)), np.full(len(vertices), 1e-6)
        for direction in directions:
            facing = normals @ direction
            slope = np.sqrt(1 - np.minimum(facing * facing, 1)) / np.maximum(facing, 0.1)
            # what turns away a little is lit too, because light scatters under the skin
            weight = np.maximum(facing + 0.25, 0.0)
            possible += weight
            seen += weight * _sees(direction, vertices, points, cell, bias + cell * slope)
        shares.append(np.where(possible > 0.01 * len(directions), seen / possible, 1.0))
    return np.stack(shares, axis=1)


def _sees(
    direction: np.ndarray, vertices: np.ndarray, points: np.ndarray, cell: float, bias: np.ndarray
) -> np.ndarray:
    """Which of (V, 3) vertices have none of (3, n) surface points between them and infinity that way."""
    across, up = _crosswise(direction)
    axes = np.stack([across / cell, up / cell, direction]).astype(np.float32)
    columns, rows, depth = axes @ points
    places = axes @ vertices.T
    left, low = columns.min(), rows.min()
    columns, rows = (columns - left).astype(np.int32), (rows - low).astype(np.int32)
    width, tall = int(columns.max()) + 1, int(rows.max()) + 1
    nearest = np.full(tall * width, -np.inf, np.float32)
    np.maximum.at(nearest, rows * width + columns, depth)
    own_column = np.clip(places[0] - left, 0, width - 1).astype(np.int32)
    own_row = np.clip(places[1] - low, 0, tall - 1).astype(np.int32)
    return nearest[own_row * width + own_column] <= places[2] + bias


def _crosswise(direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors at right angles to a unit vector and to each other."""
    across = np.cross(direction, (0.0, 1.0, 0.0) if abs(direction[1]) < 0.9 else (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    return across, np.cross(direction, across)


def _averaged(values: np.ndarray, face: FaceModel, rounds: int) -> np.ndarray:
    """(V, k) values, averaged with the neighbours on the welded mesh in each round."""
    from scipy import sparse

    corners = face.weld[face.faces]
    one, other = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]).T
    count = len(values)
    joined = sparse.coo_matrix(
        (np.ones(2 * len(one)), (np.r_[one, other], np.r_[other, one])), (count, count)
    )
    joined = (joined.tocsr() > 0).astype(np.float64) + sparse.identity(count)
    shares = sparse.diags(1 / np.asarray(joined.sum(axis=1)).ravel()) @ joined
    for _ in range(rounds):
        values = (shares @ values)[face.weld]
    return values


def _solid(face: FaceModel) -> np.ndarray:
    """The triangles that cast shadows: all but lashes and the like."""
    solid = [rows for name, rows in face.parts.items() if face.materials[name].alpha_mode == "OPAQUE"]
    return np.concatenate(solid)


def _surface_points(vertices: np.ndarray, faces: np.ndarray, spacing: float) -> np.ndarray:
    """(3, n) points on the triangles, closer together than `spacing`."""
    corners = vertices[faces]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    steps = np.clip(np.ceil(longest / spacing), 1, 128).astype(int)
    found = [vertices, corners[steps == 1].mean(axis=1)]
    for count in np.unique(steps[steps > 1]):
        u, v = np.divmod(np.arange((count + 1) ** 2), count + 1)
        inside = u + v <= count
        u, v = u[inside] / count, v[inside] / count
        shares = np.stack([u, v, 1 - u - v], axis=1)
        found.append((shares @ corners[steps == count]).reshape(-1, 3))
    return np.ascontiguousarray(np.concatenate(found).T, np.float32)


def _vertex_normals(vertices: np.ndarray, face: FaceModel) -> np.ndarray:
    corners = face.weld[face.faces]
    a, b, c = (vertices[corners[:, i]] for i in range(3))
    sums = np.zeros_like(vertices, dtype=np.float64)
    flat = np.cross(b - a, c - a)
    for i in range(3):
        np.add.at(sums, corners[:, i], flat)
    sums = sums[face.weld]
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-20)


def _even_directions(count: int) -> np.ndarray:
    """(count, 3) unit vectors evenly over the sphere, on a Fibonacci spiral."""
    at = np.arange(count) + 0.5
    y, turn = 1 - 2 * at / count, np.pi * (1 + 5**0.5) * at
    ring = np.sqrt(1 - y * y)
    return np.stack([ring * np.cos(turn), y, ring * np.sin(turn)], axis=1)


def _disc(toward: np.ndarray, count: int, radius_rad: float) -> np.ndarray:
    """(count, 3) unit vectors evenly over a cone around `toward`."""
    middle = toward / np.linalg.norm(toward)
    across, up = _crosswise(middle)
    at = np.arange(count) + 0.5
    reach, turn = np.tan(radius_rad) * np.sqrt(at / count), np.pi * (1 + 5**0.5) * at
    found = middle + (reach * np.cos(turn))[:, None] * across + (reach * np.sin(turn))[:, None] * up
    return found / np.linalg.norm(found, axis=1, keepdims=True)
