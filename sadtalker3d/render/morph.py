"""Expression weights to vertices and smooth normals, quickly enough for video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bfm.model import FaceModel

BLOCK = 16  # frames in one matrix product: enough that the basis is read from memory seldom


class Morph:
    """A face with one identity, ready to take expressions frame after frame.

    Only what some wanted column moves is computed anew: vertices, and the normals around them.

    Parameters
    ----------
    identity : (80,) or None for the mean face
    columns : (64,) bool, which expression columns will ever be used; all when None
    """

    def __init__(
        self, face: FaceModel, identity: np.ndarray | None = None, columns: np.ndarray | None = None
    ) -> None:
        from scipy import sparse

        self.neutral = np.ascontiguousarray(face.neutral(identity), np.float32)
        wanted = np.ones(len(face.expression_basis), bool) if columns is None else np.asarray(columns, bool)
        basis = face.expression_basis[wanted].astype(np.float32)
        self._columns = np.flatnonzero(wanted)
        self._moved = np.flatnonzero(np.abs(basis).max(axis=(0, 2), initial=0.0) > 0)
        self._basis = basis[:, self._moved].reshape(len(basis), len(self._moved) * 3)

        # normals live on the welded mesh, so that no seam of the texture shows
        corners = face.weld[face.faces]
        moved = np.zeros(len(face.mean), bool)
        moved[face.weld[self._moved]] = True
        moving = moved[corners].any(axis=1)
        self._corners = corners[moving]
        welds, at = np.unique(self._corners, return_inverse=True)
        rows = at.reshape(-1)
        faces = np.repeat(np.arange(len(self._corners)), 3)
        self._gather = sparse.csr_matrix(
            (np.ones(len(rows), np.float32), (rows, faces)), shape=(len(welds), len(self._corners))
        )
        still = np.zeros((len(face.mean), 3), np.float64)
        for axis, values in enumerate(_face_normals(self.neutral, corners[~moving]).T):
            still[:, axis] = np.bincount(
                corners[~moving].ravel(), np.repeat(values, 3), minlength=len(face.mean)
            )
        self._still = still[welds].astype(np.float32)  # what unmoved triangles add at the border
        place = np.full(len(face.mean), -1)
        place[welds] = np.arange(len(welds))
        self._shaded = np.flatnonzero(place[face.weld] >= 0)
        self._from_weld = place[face.weld[self._shaded]]

        whole = still.astype(np.float32)
        whole[welds] += self._gather @ _face_normals(self.neutral, self._corners)
        self.neutral_normals = _unit(whole)[face.weld]

    def frames(self, expression: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Vertices (V, 3) and unit normals (V, 3), float32, for each of (T, 64) weights.

        The arrays are used again for the next frame: copy what must last.
        """
        weights = np.asarray(expression, np.float32)[:, self._columns]
        vertices, normals = self.neutral.copy(), self.neutral_normals.copy()
        rest = self.neutral[self._moved]
        for start in range(0, len(weights), BLOCK):
            for offset in weights[start : start + BLOCK] @ self._basis:
                vertices[self._moved] = rest + offset.reshape(rest.shape)
                sums = self._gather @ _face_normals(vertices, self._corners) + self._still
                normals[self._shaded] = _unit(sums)[self._from_weld]
                yield vertices, normals


def _face_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(F, 3), each as long as twice its triangle's area, so that large triangles count for more."""
    a, b, c = (np.take(vertices, faces[:, corner], axis=0).T for corner in range(3))
    (ux, uy, uz), (vx, vy, vz) = b - a, c - a
    return np.stack([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return vectors / np.maximum(length, 1e-20)[:, None]
