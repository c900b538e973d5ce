"""Any morphable model -> named blend shapes: bounded least squares over corresponding points, all frames together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SolveConfig:
    """How weights are found."""

    ridge: float = (
        1e-4  # of the mean shape's energy: settles what no point sees; moves other weights by 0.002
    )
    at_once: int = 512  # frames whose systems are solved together: 64 x 64 each, 17 MB
    patience: int = 5  # exchanges of whole sets without progress before a frame goes on one shape at a time
    most_exchanges: int = 300  # seen are 5 to 15


@dataclass(frozen=True)
class Residual:
    """How far the solved points lie from the given ones, root mean square over frames and points.

    Millimetres where the shapes are in metres; `moved_mm` is how far the given points move, for comparison.
    """

    all_mm: float
    moved_mm: float
    lips_mm: float
    lips_moved_mm: float

    def __str__(self) -> str:
        return (
            f"residual {self.all_mm:.2f} mm of {self.moved_mm:.2f} mm moved, "
            f"at the lips {self.lips_mm:.2f} of {self.lips_moved_mm:.2f}"
        )


def solve(
    target: np.ndarray,
    source: np.ndarray,
    coefficients: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    lips: np.ndarray | None = None,
    config: SolveConfig | None = None,
) -> tuple[np.ndarray, Residual]:
    """The weights w in 0..1 of named shapes that move points as a morphable model moves them.

    Minimises, frame by frame, sum_p weights_p |target^T w - source^T c|_p^2 + ridge |w|^2.

    Parameters
    ----------
    target : (k, P, 3) displacements of P points by each named shape, metres
    source : (n, P, 3) displacements of the corresponding points by each column of the model, turned and scaled
        into the target's axes and metres
    coefficients : (T, n) of the model
    weights : (P,) importance of the points; all alike unless given
    lips : (P,) bool, the points of `Residual.lips_mm`; none unless given

    Returns
    -------
    (T, k) float32 weights and the residual. Time and memory do not depend on T times P: the points are summed
    up once, in the normal equations.
    """
    config = config or SolveConfig()
    count = target.shape[1]
    importance = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    gram, cross, _ = _energies(target, source, importance)
    gram[np.diag_indices(len(gram))] += config.ridge * max(np.trace(gram) / len(gram), 1e-30)
    wanted = np.asarray(coefficients, np.float64) @ cross.T  # (T, k)
    found = np.concatenate(
        [np.zeros((0, len(gram)))]
        + [
            bounded_least_squares(gram, wanted[first : first + config.at_once], config)
            for first in range(0, len(wanted), config.at_once)
        ]
    )
    chosen = np.zeros(count, bool) if lips is None else lips
    everywhere = _residual_mm(target, source, np.ones(count), found, coefficients)
    at_lips = _residual_mm(target, source, chosen.astype(np.float64), found, coefficients)
    return found.astype(np.float32), Residual(*everywhere, *at_lips)


def bounded_least_squares(
    gram: np.ndarray, wanted: np.ndarray, config: SolveConfig | None = None
) -> np.ndarray:
    """Minimise w^T gram w / 2 - w^T wanted within 0 <= w <= 1 for many right-hand sides; exact.

    gram : (k, k) symmetric, positive definite; wanted : (T, k) -> (T, k)

    Block principal pivoting (Judice and Pires 1994; Kim and Park 2011): guess which weights are at a bound, solve
    for the free ones, and exchange all that are on the wrong side. A frame that makes no progress exchanges
    its last one only, which ends for certain (Murty).
    """
    config = config or SolveConfig()
    frames, columns = wanted.shape
    start = np.clip(np.linalg.solve(gram, wanted.T).T, 0, 1)
    low, high = start <= 0, start >= 1
    result = start
    best = np.full(frames, columns + 1)
    patience = np.full(frames, config.patience)
    open_frames = np.arange(frames)
    for _ in range(config.most_exchanges):
        free = ~(low | high)
        fixed = high.astype(np.float64)
        system = gram * (free[:, :, None] & free[:, None, :])
        system[:, np.arange(columns), np.arange(columns)] += ~free
        right = np.where(free, wanted[open_frames] - fixed @ gram, fixed)
        w = np.linalg.solve(system, right[..., None])[..., 0]
        slope = w @ gram - wanted[open_frames]
        tolerance = 1e-9 * np.abs(gram).max()
        too_low, too_high = free & (w < -1e-9), free & (w > 1 + 1e-9)
        freed = (low & (slope < -tolerance)) | (high & (slope > tolerance))
        wrong = too_low | too_high | freed
        number = wrong.sum(axis=1)
        result[open_frames] = w
        going = number > 0
        if not going.any():
            break
        better = number < best[open_frames]
        best[open_frames] = np.minimum(number, best[open_frames])
        patience[open_frames] = np.where(better, config.patience, patience[open_frames] - 1)
        last = columns - 1 - np.argmax(wrong[:, ::-1], axis=1)
        single = wrong & (np.arange(columns) == last[:, None])
        changed = np.where((patience[open_frames] > 0)[:, None], wrong, single)
        low = (low & ~(changed & freed)) | (changed & too_low)
        high = (high & ~(changed & freed)) | (changed & too_high)
        low, high, open_frames = low[going], high[going], open_frames[going]
    return np.clip(result, 0, 1)


def _energies(
    target: np.ndarray, source: np.ndarray, importance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted inner products: target with target (k, k), target with source (k, n), source with source (n, n)."""
    root = np.sqrt(importance)[None, :, None]
    a = (target * root).reshape(len(target), -1).astype(np.float64)
    b = (source * root).reshape(len(source), -1).astype(np.float64)
    return a @ a.T, a @ b.T, b @ b.T


def _residual_mm(
    target: np.ndarray, source: np.ndarray, importance: np.ndarray, w: np.ndarray, c: np.ndarray
) -> tuple[float, float]:
    """Root mean square of the residual and of the motion, in millimetres."""
    if not len(w) or not importance.sum():
        return 0.0, 0.0
    both = np.concatenate([target, -source])
    chosen = importance > 0
    gram, _, moved = _energies(both[:, chosen], source[:, chosen], importance[chosen])
    x = np.concatenate([w, c], axis=1)
    scale = importance.sum() * len(w)
    squares = [np.einsum("ti,ti->", x @ gram, x), np.einsum("ti,ti->", c @ moved, c)]
    left, all_motion = (1000 * float(np.sqrt(max(square, 0) / scale)) for square in squares)
    return left, all_motion
