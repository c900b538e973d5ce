"""Teeth, gums, tongue and lining of the mouth never come through lips or skin, whoever speaks whatever."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from bfm.bake.sheets import weights
from bfm.model import FaceModel
from bfm.visemes import VISEMES
from tests.bfm.along_rays import Hits, Window, cast

PEOPLE = 20
MOUTH = Window(centre=(0.0, -0.042), side=0.10, cells=200)  # half a millimetre between rays
DEEPEST_M = 0.012  # what lies deeper behind the teeth is another place
TOLERANCE_M = 0.0003  # lips in contact overlap by less
TOLERATED_MM2 = 1.0
INSIDE = ("teeth", "gums", "tongue", "mouth")
POSES: dict[str, dict[str, float]] = {
    "neutral": {},
    "jaw 0.3": {"jawOpen": 0.3},
    "jaw 0.7": {"jawOpen": 0.7},
    "smile": {"mouthSmile": 1.0},
    "smile, ajar": {"mouthSmile": 0.7, "jawOpen": 0.2},
    "funnel": {"mouthFunnel": 1.0},
    "pucker": {"mouthPucker": 1.0},
    "roll lower": {"mouthRollLower": 1.0},
    "press": {"mouthPress": 1.0},
    "PP": VISEMES["PP"],
    "FF": VISEMES["FF"],
}


@pytest.fixture(scope="module")
def face() -> FaceModel:
    return bfm.load("open")


@pytest.fixture(scope="module")
def people() -> np.ndarray:
    return np.random.default_rng(21).normal(size=(PEOPLE, 80))


def turned(vertices: np.ndarray, yaw: float) -> np.ndarray:
    """The head turned about the middle of the mouth, so that the mouth stays in the window."""
    c, s = np.cos(yaw), np.sin(yaw)
    middle = np.array([0.0, -0.04, 0.12])
    return (vertices - middle) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + middle


def through_the_skin(hits: Hits) -> np.ndarray:
    """(n,) how far (metres) each hit stands out of flesh, 0 where it does not.

    A first hit of something inside the mouth is out of place when the next surface of flesh behind it is the skin's
    outside: the ray would enter the flesh twice, or meet a tooth before the lip.
    """
    first = np.r_[True, hits.ray[1:] != hits.ray[:-1]]
    visible = first & hits.of(*INSIDE)
    flesh = np.flatnonzero(hits.of("skin", "mouth"))
    following = np.searchsorted(flesh, np.arange(len(hits.ray)), side="right")
    behind = flesh[np.minimum(following, len(flesh) - 1)]
    wrong = visible & (following < len(flesh)) & (hits.ray[behind] == hits.ray)
    wrong &= hits.of("skin")[behind] & hits.facing[behind]
    depth = np.where(wrong, hits.z - hits.z[behind], 0.0)
    return np.where(depth < DEEPEST_M, depth, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("yaw", [0.0, 0.6], ids=["front", "three quarters"])
@pytest.mark.parametrize("pose", POSES)
def test_nothing_comes_through(face: FaceModel, people: np.ndarray, pose: str, yaw: float) -> None:
    wanted = weights(face, POSES[pose])
    for number, identity in enumerate(people):
        vertices = turned(face.vertices(identity, wanted), yaw)
        hits = cast(face, vertices, MOUTH, ("skin", *INSIDE))
        out = through_the_skin(hits)
        if pose == "FF":  # the upper teeth stand before the lower lip: that is f
            out[hits.of("teeth")] = 0.0
        area = (out > TOLERANCE_M).sum() * MOUTH.cell_mm2
        worst = int(np.argmax(out))
        assert area <= TOLERATED_MM2, (
            f"identity {number}: {area:.1f} mm2 of {hits.names[hits.part[worst]]}, {out.max() * 1000:.1f} mm out"
        )
