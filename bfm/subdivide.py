"""One step of Catmull-Clark subdivision (Catmull & Clark 1978) of a quad mesh with borders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Subdivision:
    """The topology of one step: new vertices are the old ones, then one per edge, then one per face."""

    count: int  # old vertices
    quads: np.ndarray  # (F, 4) old faces
    edges: np.ndarray  # (E, 2) vertex indices, lower first
    edge_faces: np.ndarray  # (E, 2) the faces beside each edge; a border edge names its one face twice
    quad_edges: np.ndarray  # (F, 4) edge between corners k and k + 1

    @classmethod
    def of(cls, quads: np.ndarray, count: int) -> Subdivision:
        """Topology of (F, 4) quads over `count` vertices; every vertex must be used by some quad."""
        sides = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        code, first, inverse = np.unique(
            sides[:, 0].astype(np.int64) * count + sides[:, 1], return_index=True, return_inverse=True
        )
        face_of_side = np.repeat(np.arange(len(quads)), 4)
        last = np.empty(len(code), int)
        last[inverse] = face_of_side  # the later of the two faces wins
        edge_faces = np.stack([face_of_side[first], last], axis=1)
        return cls(count, quads, sides[first], edge_faces, inverse.reshape(-1, 4))

    @property
    def faces(self) -> np.ndarray:
        """(4 F, 4) new quads; the four of one old quad follow each other, k-th at its corner k."""
        edge = self.count + self.quad_edges
        centre = np.broadcast_to(self._first_face + np.arange(len(self.quads))[:, None], self.quads.shape)
        return np.stack([self.quads, edge, centre, np.roll(edge, 1, axis=1)], axis=2).reshape(-1, 4)

    @property
    def _first_face(self) -> int:
        return self.count + len(self.edges)

    def smooth(self, values: np.ndarray) -> np.ndarray:
        """(count, C) values at the old vertices -> (count + E + F, C) at the new ones."""
        columns = values.shape[1]
        out = np.empty((self._first_face + len(self.quads), columns), values.dtype)
        face_points = out[self._first_face :]
        np.take(values, self.quads[:, 0], axis=0, out=face_points)
        for corner in range(1, 4):
            face_points += values[self.quads[:, corner]]
        face_points *= 0.25
        ends = values[self.edges[:, 0]]
        ends += values[self.edges[:, 1]]
        edge_points = out[self.count : self._first_face]
        inner = self.edge_faces[:, 0] != self.edge_faces[:, 1]
        np.add(face_points[self.edge_faces[:, 0]], face_points[self.edge_faces[:, 1]], out=edge_points)
        edge_points += ends
        edge_points *= 0.25
        edge_points[~inner] = ends[~inner] * 0.5

        # v' = (Q + 2 R + (n - 3) v) / n with Q, R the means of face points and edge midpoints: with
        # neighbours summed, v' = (sum of face points + sum of other ends) / n^2 + (n - 2) / n v.
        face_valence = np.bincount(self.quads.ravel(), minlength=self.count)
        sums = _scatter(self.quads.ravel(), np.repeat(np.arange(len(self.quads)), 4), face_points, self.count)
        both = np.concatenate([self.edges[inner], self.edges[inner][:, ::-1]])
        sums += _scatter(both[:, 0], both[:, 1], values, self.count)
        n = np.maximum(face_valence, 1).astype(values.dtype)[:, None]
        out[: self.count] = sums / n**2 + values * ((n - 2) / n)

        # Border vertices: 3/4 of themselves and 1/8 of each neighbour along the border.
        border = self.edges[~inner]
        if len(border):
            rows = np.unique(border)
            both = np.concatenate([border, border[:, ::-1]])
            around = _scatter(both[:, 0], both[:, 1], values, self.count)[rows]
            out[rows] = 0.75 * values[rows] + 0.125 * around
        return out

    def linear(self, values: np.ndarray) -> np.ndarray:
        """As `smooth`, but every new point in the plain middle: for texture coordinates."""
        edge_points = values[self.edges].mean(axis=1)
        return np.concatenate([values, edge_points, values[self.quads].mean(axis=1)])


def _scatter(rows: np.ndarray, sources: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sum values[sources] into their rows -> (count, C), as a few gathers, one per neighbour in turn."""
    order = np.argsort(rows, kind="stable")
    rows, sources = rows[order], sources[order]
    turn = np.arange(len(rows)) - np.searchsorted(rows, rows)
    out = np.zeros((count, values.shape[1]), values.dtype)
    for k in range(int(turn.max(initial=-1)) + 1):
        here = turn == k
        out[rows[here]] += values[sources[here]]
    return out
