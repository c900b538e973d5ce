"""As few keys as a limit on the error in millimetres allows: what counts is where the vertices end up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.key_fit import Keys, between_keys, cubic_keys, longest_pieces
from sadtalker3d.keys import POSE, Curve, columns_and_pose
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class BudgetConfig:
    """How the error is shared out among the columns."""

    # of the limit, for each column: errors of many columns seldom add up; where they do, all are held shorter
    share: float = 0.6
    aim: float = 0.92  # of the limit, where it was passed; below 1 so that few rounds are enough
    rounds: int = 40  # seen are 5 to 12
    block_frames: int = 1500  # fitted at once: a minute, so that memory stays flat
    watched: int = (
        12  # vertices that each column moves most, besides every twentieth, looked at in each round
    )


DEFAULT = BudgetConfig()


@dataclass(frozen=True, eq=False)
class ReducedKeys:
    """Curves with few keys, and what they cost.

    curves : the columns in the track's order, then pitch, yaw, roll, x, y, z
    error_mm : the furthest that any vertex lies from where the track has it, in any frame
    keys, of : how many keys there are, and how many one a frame would be, on the columns that change
    """

    curves: tuple[Curve, ...]
    error_mm: float
    keys: int
    of: int

    @property
    def ratio(self) -> float:
        return self.keys / max(self.of, 1)


def reduce_keys_mm(
    track: Track, face: FaceModel, max_error_mm: float = 0.1, config: BudgetConfig = DEFAULT
) -> ReducedKeys:
    """Cubic curves that move no vertex of the head further than `max_error_mm` from the track, in every frame.

    The error is that of all columns and the pose together, on the whole mesh. It does not depend on the identity.

    Raises
    ------
    UserError : a limit that is not above 0, or a track of another space than the face
    """
    if not (math.isfinite(max_error_mm) and max_error_mm > 0):
        raise UserError(f"the largest error is {max_error_mm} mm; it must be above 0")
    track.require_space(face.space, "keys measured on this head")
    values = columns_and_pose(track)
    moving = np.flatnonzero(np.ptp(values, axis=0) > 0)
    mesh = _Mesh.of(face, track.names, config)
    error, parts = 0.0, []
    for first in range(0, max(len(track) - 1, 1), config.block_frames):
        block = values[first : first + config.block_frames + 1]
        keys, block_error = _fitted(block, moving, mesh, max_error_mm, config)
        error = max(error, block_error)
        parts.append(keys)
    curves = []
    for column, name in enumerate((*track.names, *POSE)):
        if column not in moving:
            curves.append(Curve(name, np.array([0]), values[:1, column], np.zeros((1, 2))))
            continue
        frames, slopes = _joined([part[int(np.searchsorted(moving, column))] for part in parts], config)
        curves.append(Curve(name, frames, values[frames, column], slopes))
    count = sum(len(curves[column].frames) for column in moving)
    return ReducedKeys(tuple(curves), error, count, len(moving) * len(track))


@dataclass(frozen=True, eq=False)
class _Mesh:
    """Millimetres that columns move vertices by: `moves` (64, V, 3), in `watched` rows of V first of all.

    reach_mm : (70,) the furthest that 1 of each column moves anything
    """

    moves: np.ndarray
    watched: np.ndarray
    reach_mm: np.ndarray

    @classmethod
    def of(cls, face: FaceModel, names: tuple[str, ...], config: BudgetConfig) -> _Mesh:
        order = [face.expression_names.index(name) for name in names]
        moves = 1000 * face.expression_basis[order]
        size = np.linalg.norm(moves, axis=2)
        most = np.argpartition(size, -config.watched, axis=1)[:, -config.watched :]
        watched = np.union1d(most, np.arange(0, size.shape[1], 20))
        arm_mm = 1000 * float(np.linalg.norm(face.mean, axis=1).max())
        reach = np.concatenate([np.maximum(size.max(axis=1), 1e-6), [arm_mm] * 3, [1000.0] * 3])
        return cls(moves, watched, reach)

    def error_mm(self, wrong: np.ndarray, vertices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """(T,) at most so far off is any of the vertices for (T, 70) errors of columns and pose."""
        # angles and shifts add to each other at worst: |change of R p| <= (|a| + |b| + |c|) |p|
        return self._furthest(wrong, vertices)[0] + np.abs(wrong[:, 64:]) @ self.reach_mm[64:]

    def furthest(self, wrong: np.ndarray) -> np.ndarray:
        """(T,) the vertex that errors of columns (T, 70) move furthest."""
        return self._furthest(wrong, slice(None))[1]

    def _furthest(self, wrong: np.ndarray, vertices: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        weights = wrong[:, :64].astype(np.float32)
        used = np.flatnonzero(weights.any(axis=0))
        moves = self.moves[used][:, vertices]
        moves = moves.reshape(len(used), 3 * moves.shape[1])
        most, where = np.zeros(len(weights)), np.zeros(len(weights), np.int64)
        for first in range(0, len(weights), 64):
            part = slice(first, first + 64)
            off = (weights[part][:, used] @ moves).reshape(len(weights[part]), -1, 3)
            squares = np.einsum("tvi,tvi->tv", off, off)
            where[part] = squares.argmax(axis=1)
            most[part] = np.sqrt(squares.max(axis=1))
        return most, where


def _fitted(
    values: np.ndarray, moving: np.ndarray, mesh: _Mesh, max_error_mm: float, config: BudgetConfig
) -> tuple[Keys, float]:
    """Keys of the moving columns of a block, and its error."""
    if not len(moving):
        return [], 0.0
    chosen, chosen_mm = values[:, moving], values[:, moving] * mesh.reach_mm[moving]
    allowed_mm = np.full(len(values), config.share * max_error_mm)
    vertices: np.ndarray | slice = mesh.watched
    longest = changed = None
    wrong = np.zeros(values.shape)
    for _ in range(config.rounds):
        longest = longest_pieces(chosen_mm, allowed_mm, longest, changed)
        keys = cubic_keys(chosen, longest)
        wrong[:, moving] = between_keys(chosen, keys) - chosen
        error_mm = mesh.error_mm(wrong, vertices)
        if error_mm.max() <= max_error_mm and not isinstance(vertices, slice):
            error_mm = mesh.error_mm(wrong)  # now on the whole mesh; what it finds is watched from here on
            over = error_mm > max_error_mm
            vertices = np.union1d(vertices, mesh.furthest(wrong[over]))
        changed = error_mm > max_error_mm
        if not changed.any():
            return keys, float(error_mm.max())
        allowed_mm[changed] *= np.clip(config.aim * max_error_mm / error_mm[changed], 0.5, config.aim)
    # a key in every frame leaves nothing to be wrong
    keys = cubic_keys(chosen, np.zeros(chosen.shape, np.int64))
    wrong[:, moving] = between_keys(chosen, keys) - chosen
    return keys, float(mesh.error_mm(wrong).max())


def _joined(parts: Keys, config: BudgetConfig) -> tuple[np.ndarray, np.ndarray]:
    """One column's keys of all blocks; neighbours share the frame between them."""
    frames, slopes = list[np.ndarray](), list[np.ndarray]()
    for number, (at, slope) in enumerate(parts):
        if number:
            slopes[-1][-1, 1] = slope[0, 1]
            at, slope = at[1:], slope[1:]
        frames.append(at + number * config.block_frames)
        slopes.append(slope.copy())
    return np.concatenate(frames), np.concatenate(slopes)
