"""Where the hair of the head grows, and its short strands."""

from __future__ import annotations

import numpy as np

from .noise import layered, noise

# The hairline: height (mm over the pivot) by the angle round the head's axis, 0 in front, 180 behind.
_ANGLE_DEG = (0, 18, 34, 44, 50, 55, 58, 60, 63, 66, 75, 90, 100, 108, 116, 128, 145, 160, 180)
_HEIGHT_MM = (104, 105, 101, 92, 76, 58, 34, 12, 10, 34, 44, 47, 36, 6, -16, -28, -34, -36, -37)
_AXIS_Z = 12.0
LONGEST_MM = 9.0


def distance(mm: np.ndarray) -> np.ndarray:
    """Height (mm) of a place over the hairline; negative below it."""
    angle = np.degrees(np.arctan2(np.abs(mm[:, 0]), mm[:, 2] - _AXIS_Z))
    return mm[:, 1] - np.interp(angle, _ANGLE_DEG, _HEIGHT_MM)


def cover(mm: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """0..1: how much of the skin the hair's colour covers; single hairs break up the edge."""
    jitter = 3.0 * layered(mm, 9.0, 101) + 2.5 * noise(mm * [1, 0.45, 1], 1.6, 102)
    t = np.clip((distance(mm) + jitter + 2) / 11, 0, 1)
    return t * t * (3 - 2 * t) * np.clip(1 - 1.6 * ears, 0, 1)


def length(mm: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """0..1: hair length relative to the longest, short at the hairline, the sides and the nape."""
    edge = np.clip((distance(mm) + 1) / 26, 0, 1)
    top = 0.45 + 0.55 * np.clip((mm[:, 1] - 55) / 60, 0, 1)
    return np.sqrt(edge) * top * np.clip(1 - 2 * ears, 0, 1)


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
