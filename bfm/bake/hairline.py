"""Where the hair of the head grows, and its short strands."""

from __future__ import annotations

import numpy as np

from .noise import layered, noise

# The hairline: height (mm over the pivot) by the angle round the head's axis, 0 in front, 180 behind. Rounded at
# the temples, short before the ear, close round its back.
_ANGLE_DEG = (0, 15, 28, 38, 46, 52, 57, 60, 63, 66, 75, 90, 95, 98, 101, 104, 109, 120, 145, 160, 180)
_HEIGHT_MM = (106, 105, 100, 91, 78, 62, 42, 27, 24, 36, 44, 46, 40, 25, 8, -6, -20, -32, -38, -40, -41)
_AXIS_Z = 12.0
LONGEST_MM = 13.0
_MIDDLE_MM = np.array([0.0, 40.0, 20.0])  # of the skull; from it the crown is seen in this direction
_CROWN = np.array([0.0, 0.76, -0.65]) / np.hypot(0.76, 0.65)


def distance(mm: np.ndarray) -> np.ndarray:
    """Height (mm) of a place over the hairline; negative below it."""
    angle = np.degrees(np.arctan2(np.abs(mm[:, 0]), mm[:, 2] - _AXIS_Z))
    return mm[:, 1] - np.interp(angle, _ANGLE_DEG, _HEIGHT_MM)


def combed(mm: np.ndarray) -> np.ndarray:
    """(n, 3) mm -> coordinates in which hair lies straight: noise over them makes strands that leave the crown."""
    away = mm - _MIDDLE_MM
    away = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    along = away @ _CROWN
    side, ahead = away[:, 0], away[:, 1:] @ [-_CROWN[2], _CROWN[1]]
    across = np.maximum(np.hypot(side, ahead), 1e-9)
    return np.stack([70 * side / across, 70 * ahead / across, 9 * np.arccos(np.clip(along, -1, 1))], axis=1)


def strands(mm: np.ndarray) -> np.ndarray:
    """(n,) about -1..1, light and dark of the hair."""
    return 0.55 * noise(combed(mm), 1.2, 51) + 0.45 * layered(combed(mm), 4.5, 52)


def cover(mm: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """0..1: how much of the skin the hair's colour covers; single hairs break up the edge."""
    jitter = (
        2.5 * layered(mm, 9.0, 101) + 3.2 * noise(combed(mm), 0.8, 102) + 1.6 * noise(combed(mm), 2.2, 103)
    )
    t = np.clip((distance(mm) + jitter + 2) / 11, 0, 1)
    return t * t * (3 - 2 * t) * np.clip(1 - 1.6 * ears, 0, 1)


def grown(mm: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """Where the surface is hair's, without a sheen: all that the hair's thickness raises."""
    return (distance(mm) > 1.5) & (ears < 0.3)


def length(mm: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """0..1: hair length relative to the longest, short at the hairline, the sides and the nape."""
    edge = np.clip((distance(mm) + 1) / 26, 0, 1)
    top = 0.45 + 0.55 * np.clip((mm[:, 1] - 55) / 60, 0, 1)
    return edge * top * np.clip(1 - 2 * ears, 0, 1)


def volume(places: np.ndarray, quads: np.ndarray, ears: np.ndarray) -> dict[str, np.ndarray]:
    """The hair's thickness as an offset of refined vertices: combed forward from the crown, in soft clumps."""
    mm = places * 1000
    normals = _normals(places, quads)
    clumps = 1 + 0.12 * layered(mm * [1, 0.5, 0.5], 14.0, 105)
    thickness = LONGEST_MM * length(mm, ears) * (clumps + clumps_mirrored(mm)) / 2
    rows = np.nonzero(thickness > 0.05)[0]
    offset = normals[rows] * thickness[rows, None] / 1000
    return {"hair_rows": rows.astype(np.uint16), "hair_offset": offset.astype(np.float32)}


def clumps_mirrored(mm: np.ndarray) -> np.ndarray:
    """The clumps of the other side, so that the head's shape stays a mirror image."""
    return 1 + 0.12 * layered(mm * [-1, 0.5, 0.5], 14.0, 105)


def _normals(places: np.ndarray, quads: np.ndarray) -> np.ndarray:
    a, b, c, d = (places[quads[:, k]] for k in range(4))
    face = np.cross(c - a, d - b)
    total = np.zeros_like(places)
    for k in range(4):
        np.add.at(total, quads[:, k], face)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
