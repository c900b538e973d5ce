"""The embedded head in the preview's light: what a viewer looks at first must be right."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from bfm.model import FaceModel
from sadtalker3d.render.preview import Preview, portrait_camera
from sadtalker3d.track import Track

pytestmark = pytest.mark.usefixtures("opengl")

SIZE = 384
INNER_LIPS = slice(60, 68)  # of iBUG's 68 landmarks


@pytest.fixture(scope="module")
def face() -> FaceModel:
    return bfm.load("open")


@pytest.fixture(scope="module")
def pictures(face: FaceModel) -> dict[str, np.ndarray]:
    takes = {
        "neutral": {},
        "open": {"jawOpen": 0.5},
        "smile": {"jawOpen": 0.2, "mouthSmileLeft": 0.7, "mouthSmileRight": 0.7},
        "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    }
    expression = np.zeros((len(takes), 64))
    for row, weights in zip(expression, takes.values(), strict=True):
        for name, weight in weights.items():
            row[face.expression_names.index(name)] = weight
    still = np.zeros((len(takes), 3))
    with Preview(face, SIZE) as preview:
        drawn = list(preview.render(Track(expression, still, still)))
    return dict(zip(takes, drawn, strict=True))


def on_screen(face: FaceModel, points: np.ndarray) -> np.ndarray:
    """(n, 2) rows and columns of (n, 3) points in the pictures."""
    camera = portrait_camera(face.neutral())
    seen = points - np.add(camera.target, (0, 0, camera.distance))
    reach = -seen[:, 2:] * np.tan(camera.field_of_view_rad / 2)
    x, y = (seen[:, :2] / reach).T
    return np.stack([(1 - y) * SIZE / 2, (1 + x) * SIZE / 2], axis=1)


def brightness(picture: np.ndarray) -> np.ndarray:
    return picture.astype(float) @ [0.2126, 0.7152, 0.0722]


def patch(picture: np.ndarray, at: np.ndarray, reach: int) -> np.ndarray:
    row, column = at.round().astype(int)
    return picture[row - reach : row + reach + 1, column - reach : column + reach + 1]


def test_an_open_mouth_is_dark_inside_and_shows_teeth(
    face: FaceModel, pictures: dict[str, np.ndarray]
) -> None:
    weights = np.zeros(64)
    weights[face.expression_names.index("jawOpen")] = 0.5
    lips = face.landmarks(face.vertices(None, weights))[INNER_LIPS]
    middle = on_screen(face, lips).mean(axis=0)
    shut = brightness(patch(pictures["neutral"], middle, 2)).mean()
    opened = brightness(patch(pictures["open"], middle, 2)).mean()
    assert opened < 0.4 * shut
    smile = patch(
        pictures["smile"], on_screen(face, face.landmarks(face.neutral())[INNER_LIPS]).mean(axis=0), 8
    )
    colourless = np.ptp(smile.astype(float), axis=2) < 45
    assert (colourless & (brightness(smile) > 110)).sum() > 15  # teeth


def test_the_eyes_have_a_catchlight_and_the_lids_close_over_them(
    face: FaceModel, pictures: dict[str, np.ndarray]
) -> None:
    landmarks = on_screen(face, face.landmarks(face.neutral()))
    for corner in (36, 42):
        eye = landmarks[corner : corner + 6].mean(axis=0)
        seen, lid = (brightness(patch(pictures[name], eye, 5)) for name in ("neutral", "blink"))
        assert seen.max() > 150  # the lamp, beside the dark of the iris
        assert seen.min() < 60
        assert np.median(lid) > 110  # skin, neither the eye nor a black hole


def test_skin_is_neither_burnt_out_nor_drowned(face: FaceModel, pictures: dict[str, np.ndarray]) -> None:
    landmarks = on_screen(face, face.landmarks(face.neutral()))
    cheeks = [landmarks[[31, 36, 48]].mean(axis=0), landmarks[[35, 45, 54]].mean(axis=0)]
    key_side, fill_side = (brightness(patch(pictures["neutral"], cheek, 6)).mean() for cheek in cheeks)
    assert 110 < fill_side < key_side < 225
