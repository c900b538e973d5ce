"""Displacements at the detector's points, spread over the mesh."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from bfm.model import FaceModel
from sadtalker3d.face.fit import fit_head
from sadtalker3d.face.headfit import at_rest, pinhole
from sadtalker3d.face.landmark_offsets import landmark_offsets
from sadtalker3d.face.mesh_points import LOWER_INNER, LOWER_LIP, UPPER_INNER, UPPER_LIP, mesh_points

PLACES = mesh_points()


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return bfm.load("open")


def gap_mm(model: FaceModel, offsets: np.ndarray) -> float:
    """The widest gap between the lips of the neutral head, away from their corners."""
    rest = model.mean + offsets
    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    return float(1000 * np.abs(rest[upper] - rest[lower])[:, 1].max())


@pytest.fixture(scope="module")
def parted() -> np.ndarray:
    """(468, 3) as of a detector that draws closed lips 2 mm apart."""
    moves = np.zeros((468, 3))
    moves[list(UPPER_INNER[1:-1]), 1], moves[list(LOWER_INNER), 1] = 0.001, -0.001
    return moves


def test_lips_of_a_closed_mouth_stay_closed(model: FaceModel, parted: np.ndarray) -> None:
    believed = landmark_offsets(model, PLACES, np.zeros(80), parted, apart=1.0)
    closed = landmark_offsets(model, PLACES, np.zeros(80), parted, apart=0.0)
    assert gap_mm(model, believed) > 0.8
    assert gap_mm(model, closed) < 0.15


def test_closed_lips_still_move_together(model: FaceModel, parted: np.ndarray) -> None:
    moves = parted.copy()
    moves[[*UPPER_LIP, *LOWER_LIP], 1] += 0.003
    offsets = landmark_offsets(model, PLACES, np.zeros(80), moves, apart=0.0)
    middle = model.points["inner_lip_upper"][np.abs(model.mean[model.points["inner_lip_upper"], 0]) < 0.01]
    assert 0.002 < offsets[middle, 1].mean() < 0.0032  # the warp smooths
    assert gap_mm(model, offsets) < 0.15


def test_teeth_keep_their_place_behind_the_lip(model: FaceModel) -> None:
    moves = np.zeros((468, 3))
    moves[[*UPPER_LIP, *LOWER_LIP], 1] = 0.004
    offsets = landmark_offsets(model, PLACES, np.zeros(80), moves, apart=0.0)
    lip = model.points["inner_lip_upper"]
    lip = offsets[lip[np.abs(model.mean[lip, 0]) < 0.01], 1].mean()
    assert offsets[model.points["upper_incisor_edge"], 1] == pytest.approx(lip, abs=0.0003)


def test_a_fit_of_noisy_closed_lips_is_closed(model: FaceModel, parted: np.ndarray) -> None:
    size = (640, 480)
    seen = PLACES.of(model.mean.astype(np.float64)) + 0.7 * parted + [0.0, 0.0, -1.2]
    fit = fit_head(pinhole(seen, 1500.0, (np.array(size) - 1) / 2), size, model)
    rest = at_rest(fit, model, fit.expression)
    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    assert 1000 * np.abs(rest[upper] - rest[lower])[:, 1].max() < 0.3
