"""Where every part lies in the one shared texture."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from .cage import Cage

SIZE = 1024
# Left, top, right, bottom in the unit square, v down.
PLACES = {
    "head": (0.006, 0.006, 0.714, 0.994),
    "mouth": (0.724, 0.006, 0.994, 0.176),
    "neck": (0.724, 0.186, 0.994, 0.326),
    "left socket": (0.724, 0.336, 0.794, 0.416),
    "right socket": (0.804, 0.336, 0.874, 0.416),
    "eyes": (0.724, 0.426, 0.994, 0.696),
    "teeth": (0.724, 0.706, 0.850, 0.796),
    "gums": (0.860, 0.706, 0.994, 0.796),
    "tongue": (0.724, 0.806, 0.850, 0.926),
    "lashes": (0.860, 0.806, 0.994, 0.926),
    "rim": (0.724, 0.936, 0.994, 0.966),
}


def into(place: str, uv: np.ndarray) -> np.ndarray:
    """(..., 2) coordinates of a part's own unit square -> the atlas."""
    left, top, right, bottom = PLACES[place]
    return np.array([left, top]) + uv * np.array([right - left, bottom - top])


def within(uv: np.ndarray, place: str) -> np.ndarray:
    """(...) whether (..., 2) atlas coordinates lie in a place."""
    left, top, right, bottom = PLACES[place]
    return ((uv > [left, top]) & (uv < [right, bottom])).all(axis=-1)


def place_cage(cage: Cage) -> np.ndarray:
    """Atlas coordinates of the cage's used texture coordinates, in the order of their index."""
    used, quads = np.unique(cage.quad_uv, return_inverse=True)
    quads = quads.reshape(-1, 4)
    uv = cage.uv[used] * [1, -1] + [0, 1]
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(sides)), (sides[:, 0], sides[:, 1])), shape=(len(used), len(used)))
    _, island = csgraph.connected_components(graph, directed=False)
    placed = np.empty_like(uv)
    part_of = np.zeros(len(used), int)
    part_of[quads] = cage.quad_part[:, None]
    for part, name in ((1, "tongue"), (2, "lashes"), (3, "rim")):
        members = part_of == part
        placed[members] = into(name, uv[members] if name == "lashes" else _fill(uv[members]))
    sizes = {k: int((island[quads[:, 0]] == k).sum()) for k in np.unique(island[part_of == 0])}
    ranked = sorted(sizes, key=lambda k: -sizes[k])
    names = {ranked[0]: "head"}
    for k in ranked[1:]:
        members = quads[island[quads[:, 0]] == k]
        centre = uv[members].reshape(-1, 2).mean(axis=0)
        if sizes[k] > 350:
            names[k] = "mouth"
        elif centre[0] > 0.2:
            names[k] = "neck"
        else:
            names[k] = "left socket" if centre[0] > 0.08 else "right socket"
    for k, name in names.items():
        square = _fill(uv[island == k])
        placed[island == k] = into(name, _widen_face(square) if name == "head" else square)
    return placed


# Share of the head's island that the face takes: down from the crown, and round the head.
_FACE_DOWN, _FACE_ROUND = (0.40, 0.84), (0.33, 0.67)


def _widen_face(square: np.ndarray) -> np.ndarray:
    """Give the face about twice the texels along each axis, at the cost of the scalp and the neck."""
    t = np.linspace(0, 1, 2001)
    widened = np.empty_like(square)
    for axis, ((start, end), gain) in enumerate(((_FACE_DOWN, 2.0), (_FACE_ROUND, 3.0))):
        window = 1 / (1 + np.exp(-(t - start) / 0.012)) / (1 + np.exp((t - end) / 0.012))
        place = np.cumsum(1 + gain * window)
        widened[:, axis] = np.interp(square[:, axis], t, (place - place[0]) / (place[-1] - place[0]))
    return widened


def _fill(uv: np.ndarray) -> np.ndarray:
    low, high = uv.min(axis=0), uv.max(axis=0)
    return (uv - low) / (high - low)
