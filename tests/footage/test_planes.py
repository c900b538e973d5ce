import av
import numpy as np
import pytest

from sadtalker3d.footage.planes import (
    Layout,
    layout_of,
    moved,
    narrowed,
    nearest_layout,
    planes_of,
    upright_layout,
)
from sadtalker3d.footage.upright import Turn

QUARTER = Turn(swapped=True, mirrored_y=True)


def filled(layout: Layout, width: int, height: int) -> tuple[av.VideoFrame, list[np.ndarray]]:
    frame = av.VideoFrame(width, height, layout.name)
    planes = planes_of(frame, layout)
    draws = np.random.default_rng(0)
    for plane in planes:
        plane[:] = draws.integers(0, 1 << layout.bits, plane.shape)
    return frame, planes


@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuva420p", "yuv420p10le", "yuv444p12le", "gray",
             "gray10le"],
)  # fmt: skip
def test_a_layout_has_its_formats_name_and_sizes(name: str) -> None:
    layout = layout_of(name)
    assert layout is not None
    assert layout.name == name
    frame = av.VideoFrame(41, 23, name)
    assert len(frame.planes) == len(planes_of(frame, layout))
    if len(frame.planes) > 1:
        shape = planes_of(frame, layout)[1].shape
        assert shape == (-(-23 >> layout.y_shift), -(-41 >> layout.x_shift))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("nv12", "yuv420p"), ("nv16", "yuv422p"), ("p010le", "yuv420p10le"), ("yuyv422", "yuv422p"), ("rgb24", "yuv444p"),
     ("gbrp10le", "yuv444p10le"), ("yuvj422p", "yuv422p"), ("pal8", "yuv444p"), ("yuv420p10be", "yuv420p10le")],
)  # fmt: skip
def test_other_formats_become_the_nearest_planar_one(name: str, nearest: str) -> None:
    assert nearest_layout(av.VideoFormat(name)).name == nearest


def test_what_is_written_to_the_views_is_in_the_frame() -> None:
    frame, planes = filled(Layout(), 50, 30)
    assert np.array_equal(frame.to_ndarray()[:30], planes[0])


@pytest.mark.parametrize("size", [(48, 32), (49, 33)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv411p", "yuv444p10le"])
@pytest.mark.parametrize("turn", [Turn(), QUARTER, Turn(False, True, True), Turn(True, True, False)])
def test_a_turned_pixel_keeps_its_values(name: str, size: tuple[int, int], turn: Turn) -> None:
    old = layout_of(name)
    assert old is not None
    _, planes = filled(old, *size)
    new = upright_layout(old, turn, *size)
    frame = av.VideoFrame(*turn.size(*size), new.name)
    moved(planes, old, new, turn, frame)
    into = planes_of(frame, new)
    np.testing.assert_array_equal(into[0], turn.upright(planes[0]))
    y, x = np.mgrid[: size[1], : size[0]]
    for number in (1, 2):
        colour = turn.upright(planes[number][y >> old.y_shift, x >> old.x_shift])
        v, u = np.mgrid[: colour.shape[0], : colour.shape[1]]
        np.testing.assert_array_equal(into[number][v >> new.y_shift, u >> new.x_shift], colour)


def test_even_pictures_keep_their_small_colour_planes_when_turned() -> None:
    assert upright_layout(Layout(), QUARTER, 48, 32) == Layout()
    assert upright_layout(Layout(), Turn(), 49, 33) == Layout()
    assert upright_layout(Layout(8, 1, 0), QUARTER, 48, 32).name == "yuv440p"


def test_more_bits_and_fewer() -> None:
    _, planes = filled(Layout(8), 16, 16)
    deep = av.VideoFrame(16, 16, "yuv420p10le")
    moved(planes, Layout(8), Layout(10), Turn(), deep)
    np.testing.assert_array_equal(planes_of(deep, Layout(10))[0], planes[0].astype(int) * 4)
    back = av.VideoFrame(16, 16, "yuv420p")
    moved(planes_of(deep, Layout(10)), Layout(10), Layout(8), Turn(), back)
    np.testing.assert_array_equal(planes_of(back, Layout(8))[1], planes[1])


def test_grey_gets_planes_without_colour() -> None:
    _, planes = filled(Layout(8, 0, 0, grey=True), 16, 16)
    frame = av.VideoFrame(16, 16, "yuv420p")
    moved(planes, Layout(8, 0, 0, grey=True), Layout(), Turn(), frame)
    assert (planes_of(frame, Layout())[1] == 128).all()


def test_the_full_range_narrows_as_the_standard_says() -> None:
    # ITU-T H.273: 0, 255 are 16, 235 of brightness; 128 stays grey, and 255 of colour is 240
    planes = [np.array([[0, 255]], np.uint16) << 2, np.array([[128, 255]], np.uint16) << 2]
    narrowed(planes, 8, 10)
    np.testing.assert_array_equal(planes[0], [[64, 940]])
    assert planes[1][0, 0] == 512
    assert planes[1][0, 1] == pytest.approx(960, abs=3)
