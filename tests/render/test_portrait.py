"""A photo that speaks: what must not change does not, what must move moves."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.track import Track
from tests.render.painted import IRIS, columns_open, head, photo, weights


@pytest.fixture(scope="module")
def portrait() -> PhotoPortrait:
    return PhotoPortrait(*photo(), model=head())


def track(*rows: np.ndarray, rotation: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Track:
    n = len(rows)
    return Track(np.stack(rows), np.tile(rotation, (n, 1)), np.zeros((n, 3)))


def blue(frame: np.ndarray) -> np.ndarray:
    """(n, 2) rows and columns of the pixels in the iris's colour."""
    return np.argwhere(np.abs(frame.astype(int) - np.array(IRIS)).max(axis=2) < 60)


def test_neutral_track_gives_the_photo_itself(portrait: PhotoPortrait) -> None:
    for frame in portrait.frames(track(weights(), weights())):
        np.testing.assert_array_equal(frame, photo()[0])


@pytest.mark.parametrize("pose", [{"jaw_open": 0.2}, {"blink": 1.0}], ids=["open mouth", "closed eyes"])
def test_neutral_track_gives_the_photo_itself_with(pose: dict[str, float]) -> None:
    picture, fit = photo(**pose)
    frame = next(PhotoPortrait(picture, fit, model=head()).frames(track(weights())))
    np.testing.assert_array_equal(frame, picture)


def test_only_the_head_and_its_surroundings_change(portrait: PhotoPortrait) -> None:
    picture = photo()[0]
    frame = next(portrait.frames(track(weights(jawOpen=0.4, mouthSmile=0.5), rotation=(0.1, 0.25, 0.2))))
    changed = (frame != picture).any(axis=2)
    assert changed.mean() > 0.05
    for edge in (changed[0], changed[-1], changed[:, 0], changed[:, -1], changed[-40:]):
        assert not edge.any()


def test_expression_leaves_hair_and_wall_alone(portrait: PhotoPortrait) -> None:
    frame = next(portrait.frames(track(weights(jawOpen=0.3, eyeBlink=1.0))))
    assert (frame == photo()[0])[:60].all()


def test_mouth_opens_as_the_track_says(portrait: PhotoPortrait) -> None:
    jaws = np.array([0.0, 0.08, 0.16, 0.24, 0.32, 0.4])
    frames = portrait.frames(track(*(weights(jawOpen=jaw) for jaw in jaws)), still=True)
    gaps = np.array([columns_open(frame) for frame in frames])
    assert gaps[0] <= columns_open(photo()[0])
    assert np.all(np.diff(gaps) > 0)
    assert np.corrcoef(jaws, gaps)[0, 1] > 0.97


def test_lips_of_an_open_mouth_meet_in_m() -> None:
    picture, fit = photo(0.2)
    portrait = PhotoPortrait(picture, fit, model=head())
    closed = weights(mouthPress=0.3)
    frames = list(portrait.frames(track(*[closed] * 15, weights(jawOpen=0.2))))
    assert columns_open(picture) > 4
    assert columns_open(frames[7]) <= columns_open(photo()[0])


def test_closed_lids_cover_the_iris(portrait: PhotoPortrait) -> None:
    shown = len(blue(photo()[0]))
    assert shown > 20
    half, full = portrait.frames(track(weights(eyeBlink=0.3), weights(eyeBlink=1.0)))
    assert 0 < len(blue(half)) < 0.8 * shown
    assert len(blue(full)) == 0


def test_eyes_look_where_the_track_looks(portrait: PhotoPortrait) -> None:
    frame = next(portrait.frames(track(weights(eyeLookInLeft=0.6, eyeLookOutRight=0.6))))
    # to the subject's right, which is the picture's left
    assert blue(frame)[:, 1].mean() < blue(photo()[0])[:, 1].mean() - 0.5


def test_a_small_change_changes_little(portrait: PhotoPortrait) -> None:
    rows = [weights(jawOpen=0.2 + 0.002 * k, eyeBlink=0.4 + 0.004 * k) for k in range(3)]
    first, second, third = (
        frame.astype(float) for frame in portrait.frames(track(*rows, rotation=(0, 0.1, 0)))
    )
    assert np.abs(first - second).mean() < 0.4
    assert np.abs(first - third).mean() < 0.8


def test_head_that_turns_too_far_is_said(portrait: PhotoPortrait) -> None:
    said: list[str] = []
    next(portrait.frames(track(weights(), rotation=(0, 0.6, 0)), tell=said.append))
    assert len(said) == 1 and "turn by 34 degrees" in said[0]
    said.clear()
    next(portrait.frames(track(weights(), rotation=(0, 0.6, 0)), still=True, tell=said.append))
    assert said == []


def test_what_does_not_fit_is_an_error(portrait: PhotoPortrait) -> None:
    picture, fit = photo()
    with pytest.raises(UserError, match="fit is for a picture of"):
        PhotoPortrait(picture[:100], fit, model=head())
    with pytest.raises(UserError, match="uint8"):
        PhotoPortrait(picture.astype(float), fit, model=head())
    basel = Track(np.zeros((1, 64)), np.zeros((1, 3)), np.zeros((1, 3)), space="basel")
    with pytest.raises(UserError, match="'open'"):
        next(portrait.frames(basel))
