"""A face set back into its picture: nothing outside moves, no seam inside, whatever colour the frame has."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sadtalker3d.render.pasteback import Pasteback

BOX = (70, 40, 230, 210)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Smooth colours and fine noise, as a photograph has."""
    rng = np.random.default_rng(3)
    coarse = cv2.resize(rng.uniform(40, 210, (5, 6, 3)).astype(np.float32), (300, 260), interpolation=3)
    return np.clip(coarse + rng.normal(0, 3, coarse.shape), 0, 255).astype(np.uint8)


def cut(picture: np.ndarray, box: tuple[int, int, int, int] = BOX, size: int = 256) -> np.ndarray:
    x0, y0, x1, y1 = box
    return cv2.resize(picture[y0:y1, x0:x1], (size, size))


def step_across(pasted: np.ndarray, picture: np.ndarray) -> float:
    """The largest step, in grey levels, that colours make over 20 pixels and that the picture does not make."""
    lacking = cv2.GaussianBlur(pasted.astype(np.float32) - picture, (0, 0), 4)
    x0, y0, x1, y1 = BOX
    middle = lacking[y0 + 60 : y1 - 60, x0 + 60 : x1 - 60].mean(axis=(0, 1))
    steps = [np.abs(lacking[:, 20:] - lacking[:, :-20]).max(), np.abs(lacking[20:] - lacking[:-20]).max()]
    return float(max(*steps, np.abs(middle).max()))


def test_outside_the_box_nothing_changes(picture: np.ndarray) -> None:
    x0, y0, x1, y1 = BOX
    paste = Pasteback(picture, BOX, cut(picture))
    pasted = paste.onto(np.full((256, 256, 3), 255, np.uint8))
    outside = np.ones(picture.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    np.testing.assert_array_equal(pasted[outside], picture[outside])
    assert np.abs(pasted[y0:y1, x0:x1].astype(int) - picture[y0:y1, x0:x1]).max() > 30


def test_the_portrait_at_rest_gives_the_picture_back(picture: np.ndarray) -> None:
    frame = cut(picture)
    pasted = Pasteback(picture, BOX, frame).onto(frame)
    blurred = cv2.GaussianBlur(picture, (0, 0), 3).astype(int)
    assert np.abs(cv2.GaussianBlur(pasted, (0, 0), 3).astype(int) - blurred).max() <= 3


@pytest.mark.parametrize("colour", [(0, 0, 0), (25, -20, 10), (-30, -30, -30)])
def test_a_frame_of_another_colour_is_matched(picture: np.ndarray, colour: tuple[int, int, int]) -> None:
    frame = np.clip(cut(picture).astype(int) + colour, 0, 255).astype(np.uint8)
    assert step_across(Pasteback(picture, BOX, frame).onto(frame), picture) < 4
    plain = picture.copy()
    x0, y0, x1, y1 = BOX
    plain[y0:y1, x0:x1] = cv2.resize(frame, (x1 - x0, y1 - y0))
    if any(colour):
        assert step_across(plain, picture) > 15  # the measure sees a seam where there is one


def test_what_moves_at_the_border_leaves_no_step(picture: np.ndarray) -> None:
    # all frames get the match of the frame at rest; a later one that is darker fades in
    frame = cut(picture)
    darker = np.clip(frame.astype(int) - 24, 0, 255).astype(np.uint8)
    pasted = Pasteback(picture, BOX, frame).onto(darker).astype(np.float32)
    x0, y0, x1, y1 = BOX
    lacking = cv2.GaussianBlur(pasted - picture, (0, 0), 2)[..., 1]
    assert np.abs(np.diff(lacking, axis=1)).max() < 4 and np.abs(np.diff(lacking, axis=0)).max() < 4
    assert lacking[(y0 + y1) // 2, (x0 + x1) // 2] == pytest.approx(-24, abs=2)


def test_a_side_that_is_the_pictures_own_has_no_border(picture: np.ndarray) -> None:
    box = (0, 0, 300, 200)
    paste = Pasteback(picture, box, cut(picture, box))
    pasted = paste.onto(np.zeros((256, 256, 3), np.uint8))
    assert pasted[:150].max() < 25  # black up to three sides
    np.testing.assert_array_equal(pasted[199:], picture[199:])


def test_the_frames_before_leave_no_trace(picture: np.ndarray) -> None:
    frame = cut(picture)
    paste, fresh = Pasteback(picture, BOX, frame), Pasteback(picture, BOX, frame)
    paste.onto(255 - frame)
    np.testing.assert_array_equal(paste.onto(frame), fresh.onto(frame))


@pytest.mark.parametrize("box", [(10, 10, 12, 13), (0, 0, 300, 260), (299, 0, 300, 260)])
def test_any_box_in_the_picture_works(picture: np.ndarray, box: tuple[int, int, int, int]) -> None:
    frame = cut(picture, box, 64)
    pasted = Pasteback(picture, box, frame).onto(frame)
    assert pasted.shape == picture.shape


@pytest.mark.parametrize("box", [(-1, 0, 20, 20), (0, 0, 301, 20), (5, 5, 5, 20)])
def test_a_box_outside_is_refused(picture: np.ndarray, box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="not inside"):
        Pasteback(picture, box, picture)


def test_the_chin_of_an_open_mouth_is_not_cut_off(picture: np.ndarray) -> None:
    # upstream's box ends about a twentieth of its height below such a chin
    frame = cut(picture)
    chin = frame.copy()
    chin[230:240, 100:156] = 0  # at 90 to 94 %
    x0, y0, x1, y1 = BOX
    pasted = Pasteback(picture, BOX, frame).onto(chin)
    assert pasted[y0 + round(0.905 * (y1 - y0)) : y0 + round(0.93 * (y1 - y0)), (x0 + x1) // 2].max() < 30
