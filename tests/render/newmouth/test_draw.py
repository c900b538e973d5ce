"""A filmed frame with another mouth."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.render.newmouth.draw import NewMouth
from sadtalker3d.render.newmouth.hidden_colours import hidden_colours, pictures_of, telling_frames
from sadtalker3d.render.newmouth.lower_face import LowerFace
from tests.benchmarks.rendered_clip import head

from .conftest import Filmed


@pytest.fixture(scope="module")
def mouth(filmed: Filmed) -> NewMouth:
    lower = LowerFace.of(head(), filmed.film.person.places)
    calm, wide = telling_frames(filmed.performer)
    pictures = pictures_of(filmed.path, filmed.performer, {calm, *wide})
    made = NewMouth(
        lower, filmed.performer, hidden_colours(pictures, calm, filmed.performer, lower, head()), head()
    )
    made.learn_teeth({k: pictures[k] for k in wide})
    return made


def shown(picture: np.ndarray, mouth: NewMouth, k: int, change: np.ndarray) -> np.ndarray:
    patch = mouth.draw(picture, k, change)
    assert patch is not None
    result = picture.astype(np.float32)
    h, w = patch.alpha.shape
    part = result[patch.top : patch.top + h, patch.left : patch.left + w]
    part += patch.alpha[..., None] * (patch.rgb - part)
    return result


def test_without_a_change_nothing_is_drawn(filmed: Filmed, mouth: NewMouth) -> None:
    assert mouth.draw(filmed.pictures[3], 3, np.zeros(64, np.float32)) is None


def test_the_opened_mouth_is_nearer_to_the_truth_than_the_closed_one(filmed: Filmed, mouth: NewMouth) -> None:
    chin = filmed.film.rows["points"][4][152, :2].astype(int)
    part = slice(chin[1] - 60, chin[1] + 20), slice(chin[0] - 40, chin[0] + 40)
    for k in (0, 4, 6):
        truth = filmed.opened[k][part].astype(np.float32)
        ours = shown(filmed.pictures[k], mouth, k, filmed.change)[part]
        before = np.mean((filmed.pictures[k][part] - truth) ** 2)
        assert np.mean((ours - truth) ** 2) < 0.6 * before, f"frame {k}"


def test_the_upper_face_keeps_its_pixels(filmed: Filmed, mouth: NewMouth) -> None:
    patch = mouth.draw(filmed.pictures[2], 2, filmed.change)
    assert patch is not None
    alpha = np.zeros(filmed.pictures[2].shape[:2])
    h, w = patch.alpha.shape
    alpha[patch.top : patch.top + h, patch.left : patch.left + w] = patch.alpha
    eyes_px = int(filmed.film.rows["points"][2][[145, 374], 1].max())
    assert alpha[: eyes_px + 4].max() == 0
    border = np.concatenate([patch.alpha[0], patch.alpha[-1], patch.alpha[:, 0], patch.alpha[:, -1]])
    assert border.max() < 0.02, "no seam at the patch's border"


def test_a_small_change_makes_a_small_difference(filmed: Filmed, mouth: NewMouth) -> None:
    sizes = []
    for share in (0.05, 0.2, 1.0):
        ours = shown(filmed.pictures[1], mouth, 1, np.float32(share) * filmed.change)
        sizes.append(float(np.abs(ours - filmed.pictures[1]).mean()))
    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[0] < 0.3 * sizes[2], "it comes in without a jump"
