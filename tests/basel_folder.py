"""A folder in the format of the Basel files, made of the embedded head, so that the true weights are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import bfm
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rotation import to_matrices

UNIT_M = 0.1
REACH_M = 0.105  # of the mask, from the tip of the nose
TILT_RAD = (0.12, -0.05, 0.03)  # the mask does not look along +z exactly


@dataclass(frozen=True)
class FakeBasel:
    """The mask's files and what is known of them.

    mix : (64, 52), how much of each ARKit shape is in each column
    vertices : (V,) the embedded head's vertex of each of the mask's
    turn (3, 3), middle (3,) in metres: mask point = turn @ (head point - middle) / 0.1
    """

    folder: Path
    mix: np.ndarray
    vertices: np.ndarray
    turn: np.ndarray
    middle: np.ndarray

    def coefficients(self, weights: np.ndarray) -> np.ndarray:
        """(T, 64) coefficients that move the mask as ARKit `weights` (T, 52) move the head."""
        return weights @ np.linalg.pinv(self.mix)


def write_fake_basel(folder: Path, seed: int = 0) -> FakeBasel:
    """The front of the embedded head in 10 cm units, tilted, its vertices in another order, its shapes mixed."""
    from scipy.io import savemat

    rng = np.random.default_rng(seed)
    head = bfm.load("open")
    corners = head.weld[head.faces[head.parts["skin"]]]
    nose = head.mean[head.landmarks68[30]]
    inside = np.linalg.norm(head.mean - nose, axis=1) < REACH_M
    corners = corners[inside[corners].all(axis=1)]
    landmarks = head.weld[head.landmarks68]
    kept = rng.permutation(np.union1d(corners, landmarks))
    place = np.full(len(head.mean), -1)
    place[kept] = np.arange(len(kept))
    turn = to_matrices(np.array([TILT_RAD]))[0]
    middle = head.mean[kept].astype(np.float64).mean(axis=0)
    mix = rng.normal(0, 0.3, (64, 52))
    shapes = head.expression_basis[[head.expression_names.index(name) for name in ARKIT_52]][:, kept]
    mixed = np.tensordot(mix, shapes @ turn.T / UNIT_M, axes=1)  # (64, V, 3)
    count = 3 * len(kept)
    savemat(folder / "BFM_model_front.mat", {
        "meanshape": ((head.mean[kept] - middle) @ turn.T / UNIT_M).reshape(1, -1),
        "exBase": mixed.reshape(64, -1).T,
        "idBase": rng.normal(0, 0.001, (count, 80)),
        "meantex": np.full((1, count), 170.0),
        "texBase": np.zeros((count, 80)),
        "tri": place[corners] + 1,
        "point_buf": np.ones((len(kept), 8)),
        "keypoints": place[landmarks][None] + 1,
    })  # fmt: skip
    return FakeBasel(folder, mix, kept, turn, middle)
