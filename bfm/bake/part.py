"""A rigid piece of the head (tooth, gum, eyeball) as triangles with texture coordinates in its own square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Piece:
    """Geometry in source units that follows one group of handles."""

    name: str  # part of the head it belongs to
    positions: np.ndarray  # (n, 3)
    faces: np.ndarray  # (f, 3) counter-clockwise from outside
    uv: np.ndarray  # (n, 2) in [0, 1], v down; scaled into the part's place in the atlas later
    handle: int  # index into cage.HANDLES
    mirror: np.ndarray | None = (
        None  # (n,) mirror image within the piece, None where another piece mirrors it
    )


def join(name: str, handle: int, pieces: list[Piece]) -> Piece:
    """Several pieces as one."""
    starts = np.cumsum([0] + [len(p.positions) for p in pieces[:-1]])
    return Piece(
        name,
        np.concatenate([p.positions for p in pieces]),
        np.concatenate([p.faces + s for p, s in zip(pieces, starts, strict=True)]),
        np.concatenate([p.uv for p in pieces]),
        handle,
    )


def reflected(piece: Piece, handle: int) -> Piece:
    """The piece on the other side of the face."""
    return Piece(piece.name, piece.positions * [-1, 1, 1], piece.faces[:, ::-1], piece.uv, handle)


def grid_faces(rows: int, columns: int, closed: bool) -> np.ndarray:
    """Triangles of a (rows, columns) grid of vertices; `closed` joins the last column to the first."""
    r, c = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    a = r * columns + c
    b = r * columns + (c + 1) % columns
    quads = np.stack([a, b, b + columns, a + columns], axis=-1).reshape(-1, 4)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
