import av
import numpy as np
import pytest

from sadtalker3d.footage.colours import USUAL, Coding, coding_of, picture_of, put
from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.planes import Layout

BT709, BT2020 = (0.2126, 0.0722), (0.2627, 0.0593)
LAYOUTS = [Layout(), Layout(8, 1, 0), Layout(8, 0, 0), Layout(10), Layout(8, 2, 0)]


def planes(layout: Layout, width: int = 32, height: int = 24) -> list[np.ndarray]:
    draws = np.random.default_rng(1)
    step = 1 << (layout.bits - 8)
    shapes = [(height, width)] + 2 * [(-(-height >> layout.y_shift), -(-width >> layout.x_shift))]
    return [
        (draws.integers(low * step, high * step, shape)).astype(layout.type)
        for shape, (low, high) in zip(shapes, [(60, 180), (110, 146), (110, 146)], strict=True)
    ]


def flat(layout: Layout, values: tuple[int, int, int]) -> list[np.ndarray]:
    return [np.full_like(plane, value) for plane, value in zip(planes(layout), values, strict=True)]


@pytest.mark.parametrize(
    ("coding", "bits", "red"),
    [
        # what the standards' formulas give for pure red
        (Coding(*BT709, False), 8, (63, 102, 240)),
        (Coding(*USUAL, False), 8, (82, 90, 240)),  # 81.5
        (Coding(*USUAL, True), 8, (76, 85, 255)),
        (Coding(*BT2020, False, 10), 10, (294, 387, 960)),
    ],
)
def test_red_is_what_the_standards_say(coding: Coding, bits: int, red: tuple[int, int, int]) -> None:
    layout = Layout(bits)
    made = flat(layout, (100 << (bits - 8), 128 << (bits - 8), 128 << (bits - 8)))
    rgb = np.zeros((24, 32, 3), np.uint8)
    rgb[..., 0] = 255
    put(Patch(0, 0, rgb, np.ones((24, 32), np.float32)), made, layout, coding)
    for plane, value in zip(made, red, strict=True):
        assert plane.min() == plane.max() == pytest.approx(value, abs=1 << (bits - 8))
    np.testing.assert_allclose(picture_of(made, layout, coding)[3, 3], (255, 0, 0), atol=2)


@pytest.mark.parametrize("matrix", [1, 2, 5, 9])
@pytest.mark.parametrize("colour_range", [1, 2])
def test_pictures_are_those_of_ffmpeg(matrix: int, colour_range: int) -> None:
    layout = Layout(8, 0, 0)
    made = planes(layout)
    frame = av.VideoFrame(32, 24, "yuv444p")
    for plane, values in zip(frame.planes, made, strict=True):
        plane.update(np.pad(values, ((0, 0), (0, plane.line_size - 32))).tobytes())
    frame.colorspace, frame.color_range = matrix, colour_range
    theirs = frame.to_ndarray(format="rgb24").astype(int)
    assert np.abs(theirs - picture_of(made, layout, coding_of(frame, layout))).max() <= 2


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(32, 24), (33, 25)])
def test_the_pictures_own_pixels_change_nothing(layout: Layout, size: tuple[int, int]) -> None:
    made, coding = planes(layout, *size), Coding(*BT709, False, layout.bits)
    before = [plane.copy() for plane in made]
    rgb = picture_of(made, layout, coding)
    put(Patch(0, 0, rgb, np.full(rgb.shape[:2], 0.7, np.float32)), made, layout, coding)
    for plane, old in zip(made, before, strict=True):
        np.testing.assert_array_equal(plane, old)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_where_alpha_is_0_everything_stays(layout: Layout) -> None:
    made, coding = planes(layout, 33, 25), Coding(*USUAL, False, layout.bits)
    before = [plane.copy() for plane in made]
    alpha = np.zeros((12, 10), np.float32)
    alpha[3:7, 2:5] = 0.5
    rgb = np.full((12, 10, 3), (255, 200, 60), np.uint8)
    put(Patch(7, 6, rgb, alpha), made, layout, coding)
    shown = np.zeros((25, 33), bool)
    shown[6:18, 7:17] = alpha > 0
    np.testing.assert_array_equal(made[0] != before[0], shown)
    cells = np.zeros(made[1].shape, bool)
    y, x = np.nonzero(shown)
    cells[y >> layout.y_shift, x >> layout.x_shift] = True
    for plane, old in zip(made[1:], before[1:], strict=True):
        np.testing.assert_array_equal(plane[~cells], old[~cells])
        assert (plane[cells] != old[cells]).mean() > 0.8


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("layout", [Layout(8, 0, 0), Layout(10, 0, 0)])
def test_drawn_colours_come_back(layout: Layout, full: bool) -> None:
    coding = Coding(*BT709, full, layout.bits)
    made = flat(layout, tuple(value << (layout.bits - 8) for value in (100, 128, 128)))  # type: ignore[arg-type]
    rgb = np.random.default_rng(2).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    put(Patch(0, 0, rgb, np.ones((24, 32), np.float32)), made, layout, coding)
    apart = np.abs(picture_of(made, layout, coding).astype(int) - rgb)
    assert apart.max() <= (2 if layout.bits == 8 else 1)


def test_alpha_is_how_far_a_value_goes() -> None:
    layout, coding = Layout(), Coding(*USUAL, True)
    made = flat(layout, (40, 128, 128))
    # a cell of four pixels, of which one is drawn over: its colour goes a quarter of the way
    rgb = np.broadcast_to(np.float32([255, 0, 0]), (1, 1, 3)).copy()
    put(Patch(4, 4, rgb, np.full((1, 1), 0.5, np.float32)), made, layout, coding)
    assert made[0][4, 4] == pytest.approx(40 + 0.5 * (76.2 - 40), abs=1)
    assert made[2][2, 2] == pytest.approx(128 + 0.25 * 0.5 * (255.5 - 128), abs=1)
    assert made[0][4, 5] == 40


@pytest.mark.parametrize(("left", "top"), [(-5, -5), (28, 20), (100, 3), (3, -100)])
def test_what_lies_outside_is_not_shown(left: int, top: int) -> None:
    layout, coding = Layout(), Coding(*USUAL, False)
    made = flat(layout, (40, 128, 128))
    put(
        Patch(left, top, np.full((9, 9, 3), 255, np.uint8), np.ones((9, 9), np.float32)), made, layout, coding
    )
    shown = np.zeros((24, 32), bool)
    shown[max(top, 0) : max(top + 9, 0), max(left, 0) : max(left + 9, 0)] = True
    np.testing.assert_array_equal(made[0] != 40, shown)


def test_patches_of_other_kinds_are_refused() -> None:
    alpha = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="rgb"):
        Patch(0, 0, np.zeros((4, 4, 4), np.uint8), alpha)
    with pytest.raises(ValueError, match="alpha"):
        Patch(0, 0, np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)))
