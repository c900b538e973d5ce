"""The person in a photo, and what is worn, told from the wall."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.render.warp.cloth import cloth
from sadtalker3d.render.warp.limits import LimitConfig
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.person import Person, guided, person
from sadtalker3d.render.warp.sight import Sight
from tests.render.painted import SIZE, SKIN, head, photo, weights

CLOTH, STRIPE = (40, 60, 150), 270


def dressed() -> tuple[np.ndarray, HeadFit]:
    """The painted head before a plain wall with a white stripe beside it, in a blue shirt."""
    picture, fit = photo()
    picture = picture.copy()
    wall = np.abs(picture.astype(int) - 125).max(axis=2) < 40
    picture[wall] = (90, 140, 100)
    picture[:, STRIPE : STRIPE + 4][wall[:, STRIPE : STRIPE + 4]] = 250
    rows = np.arange(SIZE)[:, None]
    skin = np.abs(picture.astype(int) - np.array(SKIN)).max(axis=2) < 12
    foot = np.flatnonzero(skin.any(axis=1)).max()
    picture[np.broadcast_to(rows > foot - 18, skin.shape)] = CLOTH
    return picture, fit


@pytest.fixture(scope="module")
def found() -> tuple[np.ndarray, Person, HeadMotion, Sight, HeadFit]:
    picture, fit = dressed()
    motion = HeadMotion(fit, head())
    sight = Sight.of(motion, head())
    one = person(picture, motion, sight)
    assert one is not None
    return picture, one, motion, sight, fit


def test_head_is_person_and_wall_is_not(found: tuple) -> None:
    picture, one, _, _, _ = found
    skin = np.abs(picture.astype(int) - np.array(SKIN)).max(axis=2) < 12
    assert one.alpha[skin].mean() > 0.97
    assert one.alpha[:, STRIPE:][picture[:, STRIPE:].min(axis=2) > 200].max() < 0.1
    assert one.doubt[:, STRIPE : STRIPE + 4].max() < 0.1


def test_lines_beside_a_turning_head_stay_straight(found: tuple) -> None:
    picture, _, _, _, fit = found
    portrait = PhotoPortrait(picture, fit, model=head())
    frame = portrait.draw(fit.expression + weights(jawOpen=0.2), np.array([0.05, 0.2, 0.2]), np.zeros(3))
    assert (frame != picture).any()
    np.testing.assert_array_equal(
        frame[:200, STRIPE - 3 : STRIPE + 7], picture[:200, STRIPE - 3 : STRIPE + 7]
    )
    np.testing.assert_array_equal(portrait.draw(fit.expression, np.zeros(3), np.zeros(3)), picture)


def test_skin_is_put_where_cloth_hides_the_neck(found: tuple) -> None:
    picture, one, motion, sight, _ = found
    worn = cloth(picture, one, motion, sight)
    if worn is None:
        pytest.fail("the shirt is not found")
    blue = np.abs(picture.astype(int) - np.array(CLOTH)).max(axis=2) < 12
    middle = np.abs(np.arange(SIZE) - SIZE / 2) < SIZE / 6
    assert worn.alpha[blue & middle].mean() > 0.9
    assert worn.alpha[: SIZE // 2].max() == 0
    changed = (worn.under != picture).any(axis=2)
    assert changed.sum() > 50
    tint = worn.under[changed].astype(float)
    assert np.mean(tint[:, 0] > tint[:, 2]) > 0.8  # skin is red, the shirt blue


def test_a_border_that_cuts_the_person_is_known(found: tuple) -> None:
    _, one, _, _, _ = found
    assert max(side.max() for side in one.cut_by_border(2.0)) < 0.5
    alpha = one.alpha.copy()
    alpha[:, :3] = 1
    left, right, top = Person(alpha, one.doubt, one.low).cut_by_border(2.0)
    assert left.min() > 0.9 and right.max() < 0.5 and top[:2].min() > 0.5 and top[20:].max() < 0.5


def test_a_head_within_the_picture_moves_freely(found: tuple) -> None:
    picture, _, _, _, fit = found
    free = PhotoPortrait(picture, fit, model=head())._limits
    assert free == LimitConfig()


def test_guided_edges_follow_the_picture() -> None:
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = 0.8
    rough = np.zeros((40, 40), np.float32)
    rough[:, 17:] = 1  # three pixels too far
    fine = guided(guide, rough, 6, 1e-4)
    assert fine[20, 25] > 0.8 and fine[20, 12] < 0.4
    assert fine[20, 20] - fine[20, 19] > 0.4
