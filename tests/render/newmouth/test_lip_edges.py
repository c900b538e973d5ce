"""Teeth that the points take for lips are found by their colour."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.render.newmouth.lower_face import LowerFace
from tests.benchmarks.rendered_clip import head, weights

PX_PER_M = 2000.0
LIP, TOOTH, SKIN = (170, 90, 85), (235, 230, 220), (210, 160, 140)


@pytest.fixture(scope="module")
def lower() -> LowerFace:
    return LowerFace.of(head(), mesh_points())


def flat(lower: LowerFace, jaw: float) -> np.ndarray:
    """(n, 2) pixels of the lower face seen from straight ahead."""
    points = head().mean[lower.ids] + (weights(("jawOpen", jaw)) @ lower.basis).reshape(-1, 3)
    return (points[:, :2] * [PX_PER_M, -PX_PER_M] + [200, 100]).astype(np.float32)


def test_the_lower_lip_ends_where_the_teeth_begin(lower: LowerFace) -> None:
    was = flat(lower, 0.3)
    line = was[lower.edges.lines[1]]
    picture = np.full((500, 400, 3), LIP, np.uint8)
    upper = was[lower.edges.lines[0]]
    off_px = 5.0  # the true edge is so much lower
    for x in range(400):
        top = int(np.interp(x, upper[:, 0], upper[:, 1]))
        edge = np.interp(x, line[:, 0], line[:, 1])
        bottom = round(edge + off_px)
        if upper[0, 0] < x < upper[-1, 0] and edge - top > 2:
            picture[top:bottom, x] = TOOTH
    moves = lower.edges.laid(picture, was, PX_PER_M, np.array(LIP, float), np.array(SKIN, float))
    middle = np.abs(line[:, 0] - 200) < 20
    moved = moves[lower.edges.lines[1]][middle, 1]
    # a lip rolls in at its edge: `EdgeConfig.inside_m` is taken besides
    assert np.abs(moved - off_px - 0.0008 * PX_PER_M).max() < 1.0
    assert np.abs(moves[lower.edges.lines[0]][:, 1]).max() < 3.5


def test_closed_lips_are_left_alone(lower: LowerFace) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    assert not lower.edges.laid(
        picture, flat(lower, 0.0), PX_PER_M, np.array(LIP, float), np.array(SKIN, float)
    ).any()
