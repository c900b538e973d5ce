"""Eight shapes instead of 64, for viewers that show no more: the eight that this take's lips need most.

glTF only asks of viewers that they show eight morph targets (specification, 3.7.2.2). Seven visemes and
the blink are the start; each is then bent towards what the take does, by least squares over the head's own mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.track import Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

SEEDS: dict[str, dict[str, float]] = {
    "viseme_aa": {"jawOpen": 0.7, "mouthLowerDownLeft": 0.2, "mouthLowerDownRight": 0.2},
    "viseme_E": {"mouthSpread": 0.8, "jawOpen": 0.25},
    "viseme_O": {"mouthFunnel": 0.5, "jawOpen": 0.4, "mouthRound": 0.3},
    "viseme_U": {"mouthRound": 0.9, "mouthPucker": 0.3},
    "viseme_PP": {"mouthSeal": 0.8, "mouthPressLeft": 0.3, "mouthPressRight": 0.3},
    "viseme_FF": {"mouthLowerUnderTeeth": 0.8},
    "viseme_nn": {"tongueTipUp": 0.8, "jawOpen": 0.15, "mouthFlare": 0.2},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}
LIPS_NEAR_M = 0.012  # how far around the lips' landmarks a vertex counts as lips
LIPS_COUNT = 30.0  # times as much as a vertex elsewhere
HOLD = 0.02  # of the frames' number, as how many full ones hold a shape at the viseme that it is called after
ROUNDS = 40  # of fitting; after 20 the loss changes by less than 1 %
SWEEPS = 12  # over the eight weights, within a round
AT_ONCE = 4096  # frames: 2 MB each of what is worked with
FIT_FRAMES = 3000  # two minutes, spread over the take: the shapes' fit takes no more time with an hour


@dataclass(frozen=True, eq=False)
class Shapes:
    """The morph targets of a file.

    Attributes
    ----------
    names : of the targets
    mixture : (n, 64) how much of each expression column is in each target, or None where they are the columns
    """

    names: tuple[str, ...]
    mixture: np.ndarray | None = None

    def shifts(self, face: FaceModel) -> np.ndarray:
        """(n, V, 3) in the model's units."""
        if self.mixture is None:
            return face.expression_basis
        return np.tensordot(self.mixture.astype(np.float32), face.expression_basis, 1)


@dataclass(frozen=True)
class Loss:
    """How far the eight shapes leave the vertices from where the 64 move them, in millimetres.

    Root mean square over frames and vertices; `moved` is how far the 64 move them.
    """

    lips_mm: float
    lips_moved_mm: float
    head_mm: float
    head_moved_mm: float

    def __str__(self) -> str:
        return (
            f"eight shapes in place of 64: the lips are {self.lips_mm:.2f} mm off (they move "
            f"{self.lips_moved_mm:.2f}), the whole head {self.head_mm:.2f} mm ({self.head_moved_mm:.2f})"
        )


def fit(track: Track, face: FaceModel) -> tuple[Shapes, np.ndarray, Loss]:
    """Eight shapes for a track, their weights (T, 8) float32 in 0..1, and what is lost.

    The track's columns must be the face's, and the embedded head's.
    """
    lips = _lips(face)
    near, all_over = _gram(face, 1 + (LIPS_COUNT - 1) * lips), _gram(face, np.ones_like(lips))
    rows = np.stack(
        [sum(w * (np.array(track.names) == n) for n, w in seed.items()) for seed in SEEDS.values()]
    )
    seeds = rows.astype(np.float64)
    chosen = np.unique(np.linspace(0, len(track) - 1, min(len(track), FIT_FRAMES)).round().astype(int))
    sample = track.expression[chosen].astype(np.float64)
    mixture = _fitted(sample, seeds, near)
    grams = (_gram(face, (lips > 0.5).astype(np.float64)), all_over)
    weights = np.empty((len(track), len(seeds)), np.float32)
    squares = np.zeros((2, 2))  # lips and head, left and moved; summed over frames
    for first in range(0, len(track), AT_ONCE):
        frames = track.expression[first : first + AT_ONCE].astype(np.float64)
        found = _weights(frames, mixture, near)
        weights[first : first + AT_ONCE] = found
        apart = (frames - found @ mixture, frames)
        squares += [[np.einsum("ti,ij,tj", x, gram, x, optimize=True) for x in apart] for gram in grams]
    full = np.maximum(weights.max(0), 1)  # weaker ones stay as strong as their visemes, for others to drive
    loss = Loss(*(1000 * np.sqrt(np.maximum(squares, 0) / len(track))).ravel().tolist())
    return Shapes(tuple(SEEDS), mixture * full[:, None]), weights / full, loss


def _fitted(frames: np.ndarray, seeds: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """(8, 64) mixtures: weights for the shapes and shapes for the weights, by turns (a semi-non-negative
    factorisation; Ding, Li, Jordan 2010, with exact least squares in place of their multiplications)."""
    mixture, weights = seeds.copy(), None
    for _ in range(ROUNDS):
        weights = _weights(frames, mixture, gram, weights)
        hold = HOLD * len(frames) * np.eye(len(seeds))
        mixture = np.linalg.solve(weights.T @ weights + hold, weights.T @ frames + hold @ seeds)
    return mixture


def _weights(
    frames: np.ndarray, mixture: np.ndarray, gram: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """The (T, 8) weights, none negative, that come nearest to (T, 64) frames: coordinate descent on all at once."""
    inner, wanted = mixture @ gram @ mixture.T, frames @ (gram @ mixture.T)
    weights = np.zeros_like(wanted) if start is None else start
    for _ in range(SWEEPS if start is not None else 5 * SWEEPS):
        for k in range(len(inner)):
            step = (wanted[:, k] - weights @ inner[:, k]) / inner[k, k]
            weights[:, k] = np.maximum(weights[:, k] + step, 0)
    return weights


def _lips(face: FaceModel) -> np.ndarray:
    """(V,) 1 at the lips, falling to 0 around them."""
    lips = face.mean[face.landmarks68[48:]]
    apart = np.full(len(face.mean), np.inf, np.float32)
    for point in lips:
        np.minimum(apart, np.square(face.mean - point).sum(1), out=apart)
    return np.exp(-apart.astype(np.float64) / LIPS_NEAR_M**2)


def _gram(face: FaceModel, importance: np.ndarray) -> np.ndarray:
    """(64, 64) products of the columns' displacements, weighted over the vertices to a sum of 1."""
    root = np.sqrt(importance / importance.sum()).astype(np.float32)[:, None]
    columns = (face.expression_basis * root).reshape(len(face.expression_basis), -1)
    return (columns @ columns.T).astype(np.float64)
