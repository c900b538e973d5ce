"""Closed lids: the photo's skin, and lashes."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.face.headfit import project, vertices
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.render.warp.lashes import Lashes, lash_colours
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.zones import Zones
from tests.render.painted import SKIN, head, photo, weights

STILL = np.zeros(3)


@pytest.fixture(scope="module")
def grained() -> np.ndarray:
    """The painted photo, its skin with pores, its lids' edges black."""
    import cv2

    picture, fit = photo()
    grain = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 40, picture.shape[:2]), (0, 0), 1.0)
    skin = (picture == SKIN).all(axis=2)
    grained = np.where(skin[..., None], picture + grain[..., None], picture)
    picture = np.clip(grained, 0, 255).astype(np.uint8)
    xy = project(vertices(fit, head()), fit)
    for side in ("left", "right"):
        for x, y in xy[head().points[f"eyelid_upper_{side}"]].round().astype(int):
            picture[y - 1 : y + 1, x] = 15
    return picture


def on_lid(expression: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of pixels in the middle of the closed left lid, clear of its edge and its crease."""
    fit = photo()[1]
    xy = project(vertices(fit, head(), expression), fit)
    edge = xy[head().points["eyelid_upper_left"]]
    x, y = edge.mean(axis=0)
    rows, columns = np.mgrid[round(y) - 6 : round(y) - 3, round(x) - 7 : round(x) + 8]
    return rows, columns


def test_a_closed_lid_is_skin_with_grain(grained: np.ndarray) -> None:
    closed = weights(eyeBlink=1.0)
    frame = PhotoPortrait(grained, photo()[1], model=head()).draw(closed, STILL, STILL)
    lid = frame[on_lid(closed)].astype(float)
    assert lid.mean(axis=(0, 1)) == pytest.approx(SKIN, abs=16)
    cheek = grained[175:190, 100:130].astype(float)
    assert lid.mean(axis=2).std() > 0.35 * cheek.mean(axis=2).std()


def test_lashes_come_with_the_closing_lid(grained: np.ndarray) -> None:
    motion = HeadMotion(photo()[1], head())
    sight = Sight.of(motion, head())
    lashes = Lashes(grained, motion, head(), sight, Zones(motion, head(), 0.0016))
    darkened = []
    for blink in (0.0, 0.5, 1.0):
        frame = np.full_like(grained, 200)
        lashes.draw(frame, motion.displacement(weights(eyeBlink=blink)), STILL, STILL)
        darkened.append(200 * frame.size - int(frame.sum()))
    assert darkened[0] == 0
    assert 0 < darkened[1] < darkened[2]
    assert frame.min() > lash_colours(grained, sight.moment.xy, head()).min()


def test_lashes_go_with_the_head(grained: np.ndarray) -> None:
    motion = HeadMotion(photo()[1], head())
    lashes = Lashes(grained, motion, head(), Sight.of(motion, head()), Zones(motion, head(), 0.0016))
    closed = motion.displacement(weights(eyeBlink=1.0))
    middles = []
    for shift_m in (0.0, 0.02):
        frame = np.full_like(grained, 200)
        lashes.draw(frame, closed, STILL, np.array([shift_m, 0, 0]))
        middles.append(np.argwhere(frame.min(axis=2) < 199)[:, 1].mean())
    pixels_a_metre = photo()[1].focal_px / 0.88  # the eyes are about 12 cm before the head's middle
    assert middles[1] - middles[0] == pytest.approx(0.02 * pixels_a_metre, rel=0.1)
