"""The inside of the mouth in the photo's light."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.mouth_colours import MouthConfig, front_teeth, mouth_colours
from sadtalker3d.render.warp.mouth_light import mouth_light
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.teeth_patch import teeth_patch
from tests.render.painted import SKIN, WHITE, head, photo

PALE, DARK = np.array([225.0, 185.0, 165.0]), np.array([95.0, 60.0, 45.0])


@pytest.fixture(scope="module")
def closed() -> tuple[HeadMotion, Sight]:
    motion = HeadMotion(photo()[1], head())
    return motion, Sight.of(motion, head())


def colours(closed: tuple[HeadMotion, Sight], tone: np.ndarray) -> dict[str, np.ndarray]:
    """Mean colours of the front teeth and of the tongue's bright half."""
    rows = {
        "teeth": front_teeth(closed[0], head())[1],
        "tongue": np.unique(head().faces[head().parts["tongue"]]),
    }
    found = {name: mouth_colours(*closed[:1], head(), closed[1], row, tone) for name, row in rows.items()}
    return {name: np.percentile(colour, 95, axis=0) for name, colour in found.items()}


def test_flesh_is_darker_in_dark_faces_and_teeth_less_so(closed: tuple[HeadMotion, Sight]) -> None:
    pale, dark = colours(closed, PALE), colours(closed, DARK)
    assert dark["tongue"].mean() < 0.6 * pale["tongue"].mean()
    assert 0.45 < dark["teeth"].mean() / pale["teeth"].mean() < 0.85
    for found in (pale, dark):
        assert found["teeth"].mean() > 1.2 * found["tongue"].mean()
        assert found["tongue"][0] > 1.3 * found["tongue"][1]  # red


def test_the_photos_own_teeth_lend_their_colour(closed: tuple[HeadMotion, Sight]) -> None:
    front = front_teeth(closed[0], head())[1]
    found = mouth_colours(closed[0], head(), closed[1], front, PALE, np.array([150.0, 140.0, 90.0]))
    red, _, blue = np.percentile(found, 95, axis=0)
    assert blue < 0.75 * red


def test_teeth_have_highlights(closed: tuple[HeadMotion, Sight]) -> None:
    front = front_teeth(closed[0], head())[1]
    found = mouth_colours(closed[0], head(), closed[1], front, PALE).mean(axis=1)
    matt = mouth_colours(closed[0], head(), closed[1], front, PALE, config=MouthConfig(gloss=0)).mean(axis=1)
    assert (found - matt).min() >= -1e-3 and (found - matt).max() > 8
    assert (found - matt > 8).mean() < 0.3  # spots, not a veil
    assert (found > 250).mean() < 0.02  # and not burnt out


def test_it_gets_darker_towards_the_back_and_in_narrow_mouths() -> None:
    depths, height = np.linspace(0, 0.06, 30), np.full(30, 0.0)
    wide, narrow = (mouth_light(depths, height, (gap / 2, -gap / 2)) for gap in (0.02, 0.006))
    assert (np.diff(wide) <= 0).all() and (np.diff(narrow) <= 0).all()
    assert (narrow <= wide).all()
    assert wide[-1] < 0.4 * wide[0]


def test_a_patch_only_where_the_photo_shows_teeth() -> None:
    tone = np.array(SKIN, float)
    picture, fit = photo(0.2)
    motion = HeadMotion(fit, head())
    shown = teeth_patch(picture, motion, head(), tone)
    assert len(shown.points) and shown.teeth_rgb == pytest.approx(WHITE, abs=50)
    dark = np.where((picture == WHITE).all(axis=2, keepdims=True), np.uint8(30), picture)
    assert len(teeth_patch(dark, motion, head(), tone).points) == 0
    lips = np.where((picture == WHITE).all(axis=2, keepdims=True), np.uint8([230, 90, 90]), picture)
    assert len(teeth_patch(lips, motion, head(), tone).points) == 0
    assert len(teeth_patch(photo()[0], HeadMotion(photo()[1], head()), head(), tone).points) == 0
