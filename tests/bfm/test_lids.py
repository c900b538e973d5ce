"""Lids close over the eye for everybody, and never cut into the eyeball."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from bfm.bake.sheets import weights
from bfm.model import FaceModel
from tests.bfm.along_rays import Window, cast

PEOPLE = 20
EYES = {
    "left": Window(centre=(0.032, 0.031), side=0.05, cells=200),
    "right": Window((-0.032, 0.031), 0.05, 200),
}
LEFT_OPEN = 0.01  # of the eye's visible area
SUNK_MM = 0.15


@pytest.fixture(scope="module")
def face() -> FaceModel:
    return bfm.load("open")


@pytest.fixture(scope="module")
def people() -> np.ndarray:
    return np.random.default_rng(22).normal(size=(PEOPLE, 80))


def visible_mm2(face: FaceModel, vertices: np.ndarray, window: Window) -> float:
    """Area of the eye seen from the front."""
    hits = cast(face, vertices, window, ("skin", "eyes"))
    first = np.r_[True, hits.ray[1:] != hits.ray[:-1]]
    return float((first & hits.of("eyes")).sum() * window.cell_mm2)


@pytest.mark.slow
@pytest.mark.parametrize("side", EYES)
def test_a_blink_covers_the_eye(face: FaceModel, people: np.ndarray, side: str) -> None:
    blink = weights(face, {"eyeBlink": 1.0})
    for identity in people:
        seen = visible_mm2(face, face.neutral(identity), EYES[side])
        assert seen > 60  # the eye is there to be covered
        assert visible_mm2(face, face.vertices(identity, blink), EYES[side]) <= LEFT_OPEN * seen


@pytest.mark.parametrize(
    "named", [{}, {"eyeBlink": 0.25}, {"eyeBlink": 0.5}, {"eyeLookDown": 1.0}, {"eyeWide": 1.0}]
)
def test_lids_stay_on_the_eyeball(face: FaceModel, people: np.ndarray, named: dict[str, float]) -> None:
    wanted = weights(face, named)
    for identity in people:
        vertices = face.vertices(identity, wanted)
        for side, sign in (("left", 1), ("right", -1)):
            eye = np.unique(face.faces[face.parts["eyes"]])
            eye = vertices[eye[vertices[eye, 0] * sign > 0]]
            # The ball without the bulge of the cornea, which gaze moves about.
            centre, radius = sphere(eye[eye[:, 2] < np.quantile(eye[:, 2], 0.6)])
            for lid in ("upper", "lower"):
                edge = vertices[face.points[f"eyelid_{lid}_{side}"]]
                within = radius - np.linalg.norm(edge - centre, axis=1)
                assert within.max() * 1000 < SUNK_MM


def sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and radius of the best sphere (least squares on |p|^2 = 2 p.c + r^2 - |c|^2)."""
    table = np.c_[2 * points, np.ones(len(points))]
    solved = np.linalg.lstsq(table, (points**2).sum(axis=1), rcond=None)[0]
    return solved[:3], float(np.sqrt(solved[3] + solved[:3] @ solved[:3]))
