"""Where the lips meet, and the linear seal that makes them meet exactly.

Two edge loops round the mouth's opening are taken as the band of contact: along each, every vertex of the upper
lip gets a place on the lower one. The seal moves both halfway and lets the skin around follow.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..subdivide import Subdivision

# Midline vertices of MakeHuman's base mesh: (upper, lower) of the outer and the inner loop of contact.
CONTACT_LOOPS = ((474, 493), (520, 523))
_REACH = 0.06  # source units: over 6 mm the seal's pull falls to 1/e
_END = 0.22  # and beyond 22 mm nothing moves


@dataclass(frozen=True)
class Contact:
    """One loop of contact on the subdivided mesh, left corner to right corner."""

    upper: np.ndarray  # (n,) vertices from the left corner over the upper lip to the right corner
    lower: np.ndarray  # (m,) the same over the lower lip; the corners are shared
    partner: np.ndarray  # (m,) position in `upper` of each lower vertex, rising


@dataclass(frozen=True)
class Seal:
    """values[rows] += weights @ (pull @ values[ring])."""

    rows: np.ndarray  # (r,) vertices that move
    weights: np.ndarray  # (r, k)
    ring: np.ndarray  # (k,) vertices on the contact loops
    pull: np.ndarray  # (k, k)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """(n, C) values -> the same with the contact closed."""
        closed = values.copy()
        closed[self.rows] += self.weights @ (self.pull @ values[self.ring])
        return closed


def trace_cage(quads: np.ndarray, start: int, positions: np.ndarray) -> list[int]:
    """Follow the edge loop from a midline vertex over the left side to the midline again."""
    faces_of: dict[int, set[int]] = {}
    beside: dict[int, set[int]] = {}
    for index, quad in enumerate(quads):
        for k in range(4):
            a, b = int(quad[k]), int(quad[(k + 1) % 4])
            faces_of.setdefault(a, set()).add(index)
            beside.setdefault(a, set()).add(b)
            beside.setdefault(b, set()).add(a)
    loop = [start, max(beside[start], key=lambda i: positions[i, 0])]
    while abs(positions[loop[-1], 0]) > 1e-6:
        before, here = loop[-2], loop[-1]
        shared = faces_of[before] & faces_of[here]
        (following,) = [n for n in beside[here] - {before} if not faces_of[n] & faces_of[here] & shared]
        loop.append(following)
    return loop


def contacts(
    mesh: Subdivision, row_of: dict[int, int], positions: np.ndarray, fine: np.ndarray, mirror: np.ndarray
) -> list[Contact]:
    """The contact loops on the subdivided mesh.

    Args:
        mesh: topology of the cage. row_of: cage row of a source vertex. positions: (N, 3) of the cage.
        fine: (P, 3) subdivided positions. mirror: (P,) mirror image of each subdivided vertex.
    """
    edge_of = {(int(a), int(b)): mesh.count + k for k, (a, b) in enumerate(mesh.edges)}
    found = []
    for upper_start, lower_start in CONTACT_LOOPS:
        loop = trace_cage(mesh.quads, row_of[upper_start], positions)
        if loop[-1] != row_of[lower_start]:
            raise ValueError(f"the loop from {upper_start} does not end at {lower_start}")
        path = [loop[0]]
        for a, b in itertools.pairwise(loop):
            path += [edge_of[min(a, b), max(a, b)], b]
        corner = int(np.argmax(fine[path, 0] - 0.3 * fine[path, 2]))
        corner -= corner % 2  # a vertex of the cage
        upper, lower = np.array(path[corner::-1]), np.array(path[corner:])
        along_upper, along_lower = _share(fine[upper]), _share(fine[lower])
        partner = _match(along_upper, along_lower)
        whole_upper = np.concatenate([upper, mirror[upper[-2::-1]]])
        whole_lower = np.concatenate([lower, mirror[lower[-2::-1]]])
        last = len(whole_upper) - 1
        whole_partner = np.concatenate([partner, last - partner[-2::-1]])
        found.append(Contact(whole_upper, whole_lower, whole_partner))
    return found


def _share(path: np.ndarray) -> np.ndarray:
    """Share of the path's length at each of its points."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()


def _match(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """For each lower share the nearest upper point, strictly rising from end to end."""
    partner = np.zeros(len(lower), int)
    partner[-1] = len(upper) - 1
    for k in range(1, len(lower) - 1):
        lowest, highest = partner[k - 1] + 1, len(upper) - (len(lower) - k)
        partner[k] = lowest + np.argmin(np.abs(upper[lowest : highest + 1] - lower[k]))
    return partner


def seal(contact_loops: list[Contact], fine: np.ndarray, fine_edges: np.ndarray) -> Seal:
    """The seal of all loops at once: exponential kernel in the distance along the skin."""
    ring = np.unique(np.concatenate([np.concatenate([c.upper, c.lower]) for c in contact_loops]))
    place = {int(v): k for k, v in enumerate(ring)}
    pull = -np.eye(len(ring))
    for contact in contact_loops:
        upper = [place[int(v)] for v in contact.upper]
        lower = [place[int(v)] for v in contact.lower]
        middle = np.zeros((len(lower), len(ring)))
        for k, partner in enumerate(contact.partner):
            middle[k, lower[k]] += 0.5
            middle[k, upper[partner]] += 0.5
            pull[lower[k]] += middle[k]
        along = _share(fine[contact.upper])
        for k, here in enumerate(upper):
            right = int(np.searchsorted(contact.partner, k))
            if contact.partner[right] == k:
                if here != lower[right]:
                    pull[here] += middle[right]
                continue
            a, b = contact.partner[right - 1], contact.partner[right]
            share = (along[k] - along[a]) / (along[b] - along[a])
            pull[here] += (1 - share) * middle[right - 1] + share * middle[right]
    lengths = np.linalg.norm(fine[fine_edges[:, 0]] - fine[fine_edges[:, 1]], axis=1)
    graph = sparse.csr_matrix((lengths, (fine_edges[:, 0], fine_edges[:, 1])), shape=(len(fine), len(fine)))
    distance = csgraph.dijkstra(graph, directed=False, indices=ring, limit=2 * _END).T  # (P, k)
    nearest = distance.min(axis=1)
    rows = np.nonzero(nearest < _END)[0]
    kernel = np.where(np.isfinite(distance), np.exp(-distance / _REACH), 0.0)
    fade = np.clip(1 - nearest[rows] / _END, 0, 1)[:, None]
    weights = kernel[rows] @ np.linalg.inv(kernel[ring])
    return Seal(rows, weights * fade * fade * (3 - 2 * fade), ring, pull)
