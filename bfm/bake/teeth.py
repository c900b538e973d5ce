"""Two arches of fourteen teeth with their gums, made from standard tooth sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .part import Piece, grid_faces, join, reflected


@dataclass(frozen=True)
class Arch:
    """One arch, lengths in mm. Widths and crown heights from the midline back: mean adult values (Wheeler)."""

    name: str
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    thickness: tuple[float, ...]
    half_width: float  # of the arch along the outer faces
    depth: float
    front: float  # z of the incisors' outer face
    edge: float  # y of the incisal edge
    up: bool  # the upper arch hangs down from its gum
    handle: int


# MakeHuman's helper teeth stand so high that the lips would hide the upper ones in all but a laugh. The incisal
# edge belongs 2 to 3 mm below the seam of the closed lips (the share that a relaxed, parted mouth shows), and the
# lower edge behind it at the same height: at rest the rows are a little apart. Both arches stand half a millimetre
# further back than the helpers, clear of the inside of the lips.
UPPER = Arch(
    "upper",
    (8.4, 6.6, 7.6, 7.0, 6.8, 9.8, 9.0),
    (10.2, 8.8, 9.8, 8.2, 7.6, 7.0, 6.6),
    (6.5, 6.0, 7.5, 8.8, 9.0, 10.5, 10.5),
    29.5,
    48.0,
    147.4,
    659.0,
    True,
    0,
)
LOWER = Arch(
    "lower",
    (5.4, 5.9, 6.8, 7.0, 7.1, 10.6, 10.0),
    (8.6, 8.8, 9.8, 8.2, 7.6, 7.0, 6.6),
    (5.8, 6.0, 7.2, 7.6, 8.0, 10.0, 10.0),
    27.0,
    45.0,
    143.8,
    658.8,
    False,
    1,
)
_AROUND, _LEVELS = 12, 6
_GUM_STEPS, _GUM_AROUND = 57, 9


def _curve(arch: Arch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outer arch line on the left side: arc length (mm), points (x, z), outward normals."""
    angle = np.linspace(0, np.pi / 2, 400)
    x = arch.half_width * np.sin(angle) ** 0.92
    z = arch.front - arch.depth * (1 - np.cos(angle) ** 0.86)
    points = np.stack([x, z], axis=1)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    length = np.concatenate([[0], np.cumsum(steps)])
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return length, points, np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def _at(arch: Arch, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    length, points, normals = _curve(arch)
    place = np.stack([np.interp(where, length, points[:, k]) for k in range(2)], axis=-1)
    normal = np.stack([np.interp(where, length, normals[:, k]) for k in range(2)], axis=-1)
    return place, normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def _centres(arch: Arch) -> np.ndarray:
    widths = np.array(arch.widths)
    return np.cumsum(widths) - widths / 2


def _tooth(arch: Arch, index: int) -> Piece:
    """One crown on the left: rings from the gum to the biting edge, closed by a cap."""
    centre = _centres(arch)[index]
    (place,), (normal,) = _at(arch, np.array([centre]))
    tangent = np.array([normal[1], -normal[0]])
    width, height, thick = arch.widths[index] * 0.985, arch.heights[index], arch.thickness[index]
    molar = index >= 3
    level = np.linspace(0, 1, _LEVELS)  # 0 under the gum, 1 at the edge
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    roundness = 0.62
    across = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** roundness
    out = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** roundness
    # Narrow at the neck, widest near the edge, then drawn in: incisors to a blade, molars only a little.
    profile_width = np.interp(level, [0, 0.3, 0.75, 0.93, 1], [0.80, 0.90, 1.0, 0.985, 0.93])
    if molar:
        profile_thick = np.interp(level, [0, 0.3, 0.7, 0.93, 1], [0.86, 0.98, 1.0, 0.86, 0.70])
    else:
        profile_thick = np.interp(level, [0, 0.3, 0.7, 0.93, 1], [1.0, 0.92, 0.58, 0.34, 0.22])
    facial = 0.5 * np.interp(level, [0, 0.35, 0.7, 1], [0.55, 0.9, 0.7, 0.1])  # mm the outer face bulges
    half_thick = thick * profile_thick / 2
    # The outer face keeps to the arch line; the inner one carries the taper.
    outward = facial[:, None] - half_thick[:, None] * (1 - out[None, :])
    along = across[None, :] * width / 2 * profile_width[:, None]
    total = height + 3.0  # 3 mm stay in the gum
    edge = arch.edge + _edge_rise(arch, index)
    sign = -1.0 if arch.up else 1.0
    y = edge - sign * total * (1 - level[:, None]) + 0 * along
    if index == 2:  # the canine's cusp
        y = y - sign * 1.3 * np.abs(across)[None, :] * level[:, None] ** 6
    x = place[0] + tangent[0] * along + normal[0] * outward
    z = place[1] + tangent[1] * along + normal[1] * outward
    rings = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    cap = np.add(rings[-_AROUND:].mean(axis=0), [0, sign * (0.25 if not molar else -0.8), 0])
    faces = grid_faces(_LEVELS, _AROUND, closed=True)
    last = (_LEVELS - 1) * _AROUND + np.arange(_AROUND)
    fan = np.stack([last, np.roll(last, -1), np.full(_AROUND, len(rings))], axis=1)
    faces = np.concatenate([faces, fan])
    positions = np.concatenate([rings, [cap]])
    faces = _outward(positions, faces)
    # Each tooth has its own strip, outer face left, inner face right; v runs from the gum to the edge, upper
    # arch in the upper half of the square. Left and right share.
    u = np.append(np.tile((1 - out) / 2, _LEVELS), 0.5)
    v = np.append(np.repeat(level, _AROUND) * 0.94, 0.98)
    uv = np.stack([(index + 0.06 + 0.88 * u) / len(arch.widths), (v + (0.0 if arch.up else 1.0)) / 2], axis=1)
    return Piece("teeth", positions / 100, faces, uv, arch.handle)


def _edge_rise(arch: Arch, index: int) -> float:
    """How far (mm) the edge of a tooth stands off the incisal plane: laterals short, back teeth curving up."""
    rises = (0.0, 0.7, 0.2, 0.7, 1.0, 1.2, 1.6) if arch.up else (0.0, 0.1, 0.3, -0.2, -0.1, 0.2, 0.6)
    return rises[index]


def _outward(positions: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Turn a closed surface's triangles so that they enclose a positive volume."""
    a, b, c = positions[faces].transpose(1, 0, 2)
    volume = np.einsum("ij,ij->", a - positions.mean(0), np.cross(b - a, c - a))
    return faces if volume > 0 else faces[:, ::-1]


def _gum(arch: Arch) -> Piece:
    """A ridge along the whole arch, scalloped over every tooth."""
    centres, widths = _centres(arch), np.array(arch.widths)
    end = widths.sum() + 3.0
    where = np.linspace(-end, end, _GUM_STEPS)
    place, normal = _at(arch, np.abs(where))
    place, normal = place * 1.0, normal * 1.0
    place[:, 0] *= np.sign(where)
    normal[:, 0] *= np.sign(where)
    normal[where == 0] = [0.0, 1.0]
    nearest = np.abs(np.abs(where)[:, None] - centres[None, :]).argmin(axis=1)
    within = np.clip((np.abs(where) - centres[nearest]) / (widths[nearest] / 2), -1, 1)
    height = np.interp(np.abs(where), centres, np.array(arch.heights))
    thick = np.interp(np.abs(where), centres, np.array(arch.thickness))
    rise = np.interp(np.abs(where), centres, [_edge_rise(arch, k) for k in range(len(centres))])
    sign = -1.0 if arch.up else 1.0
    margin = arch.edge + rise - sign * (height - 1.7 * within**2)
    # Cross-section from the fold outside over the margin to the inside, (out, height share) in mm.
    across = np.array([-0.6, 0.5, 1.0, 0.75, -0.3, -1.0, -1.0, -1.0, -1.0])
    share = np.array([-5.0, -3.5, -1.8, -0.2, 0.1, 0.0, -0.3, -3.0, -7.0])
    inner = np.array([0, 0, 0, 0, 0, 0.55, 1.02, 1.18, 1.25])
    out = across[None, :] * (inner[None, :] == 0) + (inner[None, :] > 0) * (
        0.3 - inner[None, :] * thick[:, None]
    )
    y = margin[:, None] + sign * share[None, :]
    x = place[:, None, 0] + normal[:, None, 0] * out
    z = place[:, None, 1] + normal[:, None, 1] * out
    positions = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    faces = grid_faces(_GUM_STEPS, _GUM_AROUND, closed=False)
    front = (_GUM_STEPS // 2) * _GUM_AROUND + 1
    a, b, c = positions[faces[np.any(faces == front, axis=1)][0]]
    if np.cross(b - a, c - a)[2] < 0:
        faces = faces[:, ::-1]
    u = np.repeat((where + end) / (2 * end), _GUM_AROUND)
    v = (np.tile(np.linspace(0.03, 0.97, _GUM_AROUND), _GUM_STEPS) + (0.0 if arch.up else 1.0)) / 2
    return Piece("gums", positions / 100, faces, np.stack([u, v], axis=1), arch.handle)


def arches() -> list[Piece]:
    """Upper and lower teeth and gums."""
    pieces = []
    for arch in (UPPER, LOWER):
        left = [_tooth(arch, k) for k in range(len(arch.widths))]
        pieces.append(join("teeth", arch.handle, left + [reflected(p, arch.handle) for p in left]))
        pieces.append(_gum(arch))
    return pieces
