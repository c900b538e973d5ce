"""What shape a head before a known camera has, for many frames at once: bounded linear least squares.

A point seen with a slope of s beside the axis lies where x = s z, so that the shape is linear (see `face.fit_problem`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.clip.poses import slides
from sadtalker3d.face.fit_problem import FitConfig
from sadtalker3d.face.mesh_points import MEETING, MeshPoints
from sadtalker3d.rotation import to_matrices

SWEEPS = 80  # of coordinate descent; from a start near the answer, weights then stand within 0.005


@dataclass(frozen=True)
class Normals:
    """Of T frames' misfits in metres: half x H x - g x. matrix (T, n, n), moment (T, n)."""

    matrix: np.ndarray
    moment: np.ndarray


def normals(
    poses: np.ndarray, points: np.ndarray, rest: np.ndarray, columns: np.ndarray, places: MeshPoints,
    weights: np.ndarray, focal_px: float, centre: np.ndarray, config: FitConfig,
) -> Normals:  # fmt: skip
    """How (n, 468, 3) columns are to be added to the (468, 3) rest so that it meets (T, 468, 2 or 3) points."""
    turn = to_matrices(poses[:, :3])
    placed = rest @ turn.transpose(0, 2, 1) + poses[:, None, 3:]
    distance = -placed[..., 2].mean(axis=1)
    slope = (points[..., :2] - centre) / focal_px * [1, -1] - slides(poses, places) / distance[:, None, None]
    pairs = np.array(MEETING)
    upper, lower = pairs.T
    gap = (slope[:, upper, 1] - slope[:, lower, 1]) * distance[:, None]
    width = np.linalg.norm(slope[:, 61] - slope[:, 291], axis=1) * distance
    gap = np.where(gap < config.closed * width[:, None], 0.0, gap)
    wanted = -(placed[..., :2] + slope * placed[..., 2:])
    gap_wanted = gap - (placed[:, upper, 1] - placed[:, lower, 1])
    root, count = np.sqrt(weights), len(columns)
    matrix, moment = np.empty((len(poses), count, count)), np.empty((len(poses), count))
    for t in range(len(poses)):  # one frame's rows are a megabyte
        moved = columns @ turn[t].T
        rows = ((moved[..., :2] + slope[t] * moved[..., 2:]) * root[:, None]).reshape(count, -1)
        gaps = config.meeting * (moved[:, upper, 1] - moved[:, lower, 1])
        matrix[t] = rows @ rows.T + gaps @ gaps.T
        moment[t] = rows @ (wanted[t] * root[:, None]).ravel() + gaps @ (config.meeting * gap_wanted[t])
    return Normals(matrix, moment)


def bounded(found: Normals, start: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(T, n) minima within the bounds: projected coordinate descent, all frames at once."""
    x = np.clip(start, low, high).T.copy()  # (n, T)
    matrix = np.ascontiguousarray(found.matrix.transpose(1, 2, 0))  # (n, n, T)
    moment, diagonal = found.moment.T, np.einsum("kkt->kt", matrix)
    for _ in range(SWEEPS):
        for k in range(len(x)):
            slope = moment[k] - (matrix[k] * x).sum(axis=0)
            x[k] = np.clip(x[k] + slope / diagonal[k], low[k], high[k])
    return x.T


def shared(
    found: Normals, own: int, penalty: np.ndarray, start: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One identity (own,) and the expressions (T, n - own) of T frames.

    penalty : (n, n) of the prior; the identity's counts once, as against one frame's points, because what the
        detector gets wrong about a face it gets wrong in every frame
    start : (own + T (n - own),)
    """
    from scipy.optimize import minimize

    frames = len(found.matrix)
    matrix, moment = found.matrix / frames, found.moment / frames
    for_shape, for_expression = penalty[:own, :own], penalty[own:, own:] / frames
    first, cross, second = (
        matrix[:, :own, :own].sum(axis=0) + for_shape,
        matrix[:, :own, own:],
        matrix[:, own:, own:],
    )
    second = second + for_expression
    scale = np.concatenate([np.sqrt(np.diag(first)), np.sqrt(np.einsum("tii->ti", second)).ravel()])

    def cost(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        x = scaled / scale
        shape, expression = x[:own], x[own:].reshape(frames, -1)
        by_shape = first @ shape + np.einsum("tij,tj->i", cross, expression)
        by_expression = np.einsum("tij,i->tj", cross, shape) + np.einsum("tij,tj->ti", second, expression)
        slope_shape, slope = by_shape - moment[:, :own].sum(axis=0), by_expression - moment[:, own:]
        value = 0.5 * (shape @ by_shape + (expression * by_expression).sum())
        value -= shape @ moment[:, :own].sum(axis=0) + (expression * moment[:, own:]).sum()
        return 1e6 * float(value), 1e6 * np.concatenate([slope_shape, slope.ravel()]) / scale

    bounds = np.stack([
        np.concatenate([low[:own], np.tile(low[own:], frames)]) * scale,
        np.concatenate([high[:own], np.tile(high[own:], frames)]) * scale,
    ], axis=1)  # fmt: skip
    made = minimize(
        cost, np.clip(start * scale, *bounds.T), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 400, "maxcor": 30},
    )  # fmt: skip
    x = made.x / scale
    return x[:own], x[own:].reshape(frames, -1)
