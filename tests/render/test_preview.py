import dataclasses
from pathlib import Path

import av
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.preview import Preview, render_still, write_preview
from sadtalker3d.render.shading import Studio
from sadtalker3d.track import BASEL_NAMES, Track
from tests.render.egg import JAW, Egg, egg

pytestmark = pytest.mark.usefixtures("opengl")


def takes(frames: int = 3, **changes: np.ndarray) -> Track:
    still = {
        "expression": np.zeros((frames, 64)),
        "rotation": np.zeros((frames, 3)),
        "translation": np.zeros((frames, 3)),
    }
    return Track(**{**still, **changes})


def jaw(weight: float) -> np.ndarray:
    expression = np.zeros(64)
    expression[JAW] = weight
    return expression


def blue_eyed() -> Egg:
    face = egg()
    texture, uv = face.texture.copy(), face.uv.copy()
    texture[-3:, -3:, :3] = (0, 0, 255)
    uv[np.unique(face.faces[face.parts["eyes"]])] = 0.99
    return dataclasses.replace(face, texture=texture, uv=uv)


def bluish(picture: np.ndarray) -> np.ndarray:
    return picture[..., 2].astype(int) > picture[..., 0].astype(int) + 40


def head(picture: np.ndarray) -> np.ndarray:
    """Where the egg is: its skin is much brighter than the backdrop."""
    return picture.max(axis=2) > 110


def test_the_head_stands_in_the_middle_of_a_dark_grey_room() -> None:
    picture = render_still(egg(), size=128)
    assert picture.shape == (128, 128, 3)
    assert picture.dtype == np.uint8
    rows, columns = np.nonzero(head(picture))
    assert columns.mean() == pytest.approx(63.5, abs=2)
    assert 4 < rows.min() < 20  # room above
    corner = picture[:8, :8].reshape(-1, 3).mean(axis=0)
    assert corner.max() < 60
    assert np.ptp(corner) < 8


def test_the_key_light_comes_from_the_upper_left() -> None:
    picture = render_still(egg(4), size=128).astype(float).mean(axis=2)
    assert picture[30:50, 45:55].mean() > picture[30:50, 73:83].mean() + 5


def test_only_the_jaw_moves_with_jaw_open() -> None:
    shut, opened = (render_still(egg(), jaw(weight), size=128).astype(int) for weight in (0, 1))
    changed = np.abs(opened - shut).max(axis=2) > 12
    rows = np.nonzero(changed)[0]
    assert changed.sum() > 50
    assert rows.min() > 60


@pytest.mark.parametrize(("rotation", "axis"), [((0.0, 0.4, 0.0), 1), ((0.4, 0.0, 0.0), 0)])
def test_turning_carries_the_eyes_right_and_down(rotation: tuple[float, float, float], axis: int) -> None:
    # yaw + takes the nose to the picture's right, pitch + the chin down and with it the eyes
    face = blue_eyed()
    before, after = (
        np.argwhere(bluish(render_still(face, rotation=pose, size=128))).mean(axis=0)[axis]
        for pose in ((0.0, 0.0, 0.0), rotation)
    )
    assert after - before > 4


def test_one_frame_alone_equals_the_same_frame_in_the_run() -> None:
    rng = np.random.default_rng(1)
    track = takes(20, expression=rng.random((20, 64)), rotation=rng.normal(0, 0.1, (20, 3)))
    with Preview(egg(), 64) as preview:
        run = list(preview.render(track))
        alone = list(preview.render(track, [17, 3]))
    np.testing.assert_array_equal(alone[0], run[17])
    np.testing.assert_array_equal(alone[1], run[3])
    assert not np.array_equal(run[17], run[3])


def test_two_previews_take_turns() -> None:
    track = takes(2, rotation=np.array([[0, 0, 0], [0, 0.5, 0]]))
    with Preview(egg(), 64) as one:
        expected = [frame.copy() for frame in one.render(track)]
    with Preview(egg(), 64) as one, Preview(egg(), 48) as other:
        pairs = list(zip(one.render(track), other.render(track), strict=True))
    for (frame, small), before in zip(pairs, expected, strict=True):
        np.testing.assert_array_equal(frame, before)
        assert small.shape == (48, 48, 3)


def test_see_through_parts_show_what_is_behind() -> None:
    face = egg(4)
    half = face.texture.copy()
    half[..., 3] = 128
    look = dataclasses.replace(face.materials["eyes"], alpha_mode="BLEND")
    glassy = dataclasses.replace(face, texture=half, materials={**face.materials, "eyes": look})
    solid, seen = render_still(face, size=128).astype(int), render_still(glassy, size=128).astype(int)
    # through the half transparent eyes one sees the dark room; skin is opaque whatever its alpha
    assert (seen - solid)[..., 1].min() < -25
    assert np.abs(seen[90:] - solid[90:]).max() <= 2


def test_masked_parts_have_holes() -> None:
    face = egg(4)
    holes = face.texture.copy()
    holes[..., 3] = 100
    look = dataclasses.replace(face.materials["eyes"], alpha_mode="MASK", alpha_cutoff=0.5)
    cut = dataclasses.replace(face, texture=holes, materials={**face.materials, "eyes": look})
    assert head(render_still(cut, size=128)).sum() < head(render_still(face, size=128)).sum() - 40


def test_the_foot_of_the_neck_stays_but_a_mask_moves_whole() -> None:
    def shift_at_the_bottom(face: Egg) -> float:
        track = takes(2, translation=np.array([[0, 0, 0], [0.03, 0, 0]])).replace(
            space=face.space, names=face.expression_names
        )
        with Preview(face, 128) as preview:
            before, after = (np.argwhere(head(picture)) for picture in preview.render(track))
        low = min(before[:, 0].max(), after[:, 0].max()) - 3
        return float(after[after[:, 0] >= low, 1].mean() - before[before[:, 0] >= low, 1].mean())

    mask = dataclasses.replace(egg(), space="basel", expression_names=BASEL_NAMES)
    pixels = 0.03 / 0.27 * 128  # 27 cm are in the picture
    assert shift_at_the_bottom(mask) == pytest.approx(pixels, abs=1.5)
    assert shift_at_the_bottom(egg()) < 0.5 * pixels


@pytest.mark.parametrize("size", [33, 100])
def test_any_size(size: int) -> None:
    assert render_still(egg(), size=size).shape == (size, size, 3)


def test_the_wrong_space_is_refused() -> None:
    track = Track(np.zeros((1, 64)), np.zeros((1, 3)), np.zeros((1, 3)), space="basel")
    with Preview(egg(), 32) as preview, pytest.raises(UserError, match="'open' space"):
        next(preview.render(track))


def test_the_video_has_every_frame_and_says_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []

    def report(done: int, total: int | None = None) -> None:
        told.append((done, total))

    track = takes(7, expression=np.linspace(0, 1, 7)[:, None] * jaw(1))
    write_preview(track, tmp_path / "a.mp4", egg(), size=64, progress=report)
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert sum(1 for _ in file.decode(video=0)) == 7
    assert told == [(i, 7) for i in range(1, 8)]


def test_same_track_same_bytes(tmp_path: Path) -> None:
    track = takes(5, expression=np.linspace(0, 1, 5)[:, None] * jaw(1))
    for name in ("a.mp4", "b.mp4"):
        write_preview(track, tmp_path / name, egg(), size=64)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_transparent_picture_over_the_room_is_the_opaque_picture() -> None:
    track = takes(1, expression=jaw(1)[None])
    plain = Studio(backdrop_edge=Studio().backdrop_middle)  # a room of one colour
    with (
        Preview(egg(4), 128, studio=plain) as before_the_room,
        Preview(egg(4), 128, studio=plain, transparent=True) as alone,
    ):
        opaque, cut = next(before_the_room.render(track)), next(alone.render(track))
    assert cut.shape == (128, 128, 4)
    assert (cut[:8, :8, 3] == 0).all()
    alpha, room = cut[..., 3:] / 255, opaque[:8, :8].mean(axis=(0, 1))
    above_the_neck = slice(0, 80)  # there the room shows through the fading neck, in other mixtures
    difference = np.abs(cut[..., :3] * alpha + room * (1 - alpha) - opaque)[above_the_neck]
    solid = cut[above_the_neck, :, 3] == 255
    assert solid.sum() > 1000
    assert difference[solid].max() <= 2
    edge = (cut[above_the_neck, :, 3] > 0) & ~solid
    assert edge.sum() > 20
    assert difference[edge].max() <= 5  # where little is there, its colour is taken from beside it


def test_nothing_dark_lies_beyond_a_transparent_picture_s_edge() -> None:
    with Preview(egg(4), 128, transparent=True) as preview:
        cut = next(preview.render(takes(1)))
    brightness = cut[..., :3].max(axis=2)
    row = cut[60]
    left = int(np.flatnonzero(row[:, 3] > 250)[0])
    skin = int(brightness[60, left + 1])
    assert skin > 60
    assert brightness[60, left - 4 : left].min() > 0.8 * skin  # half transparent and, outside, hidden
