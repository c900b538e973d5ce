from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sadtalker3d.errors import UserError
from sadtalker3d.face.picture import LONGEST_SIDE_PX, read_picture

# four colours that no rounding confuses, at the corners of a picture that is wider than high
CORNERS = np.array([[[250, 20, 20], [20, 250, 20]], [[20, 20, 250], [240, 240, 20]]], np.uint8)


def corners() -> Image.Image:
    return Image.fromarray(CORNERS.repeat(24, axis=0).repeat(32, axis=1))


def check(picture: np.ndarray, expected: np.ndarray = CORNERS, tolerance: int = 12) -> None:
    assert picture.dtype == np.uint8 and picture.ndim == 3
    h, w = picture.shape[:2]
    seen = picture[[h // 4, h * 3 // 4]][:, [w // 4, w * 3 // 4]]
    assert np.abs(seen.astype(int) - expected).max() <= tolerance


def test_modes_with_colour(tmp_path):
    for image in (corners(), corners().quantize(16), corners().convert("RGBA")):
        image.save(tmp_path / "a.png")
        check(read_picture(tmp_path / "a.png"))


def test_cmyk_jpeg(tmp_path):
    corners().convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    check(read_picture(tmp_path / "a.jpg"), tolerance=20)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_is_scaled_and_not_cut(tmp_path, name):
    values = np.array([[0, 65535], [32768, 257]], np.uint16).repeat(20, axis=0).repeat(20, axis=1)
    Image.fromarray(values).save(tmp_path / name)
    grey = np.array([[0, 255], [128, 1]])
    check(read_picture(tmp_path / name), np.repeat(grey[..., None], 3, axis=2), 1)


def test_16_bit_colour(tmp_path):
    import cv2

    deep = CORNERS.repeat(24, axis=0).repeat(32, axis=1).astype(np.uint16) * 257
    for name in ("a.png", "a.tif"):
        cv2.imwrite(str(tmp_path / name), deep[:, :, ::-1])
        check(read_picture(tmp_path / name), tolerance=1)


def test_grey(tmp_path):
    Image.new("L", (30, 20), 77).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert picture.shape == (20, 30, 3) and (picture == 77).all()


def test_transparent_is_mid_grey(tmp_path):
    Image.new("RGBA", (30, 20), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png") == 128).all()
    Image.new("LA", (30, 20), (255, 0)).save(tmp_path / "b.png")
    assert (read_picture(tmp_path / "b.png") == 128).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation):
    # what each value says about how the stored picture has to be turned, from the EXIF standard
    stored = {
        1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, 1), 7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation](np.asarray(corners()))  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.jpg", exif=exif, quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.shape == (48, 64, 3)
    check(picture)


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_first_frame_of_an_animation(tmp_path, name):
    black = Image.new("RGB", (64, 48))
    corners().save(tmp_path / name, save_all=True, append_images=[black, black], duration=40, lossless=True)
    check(read_picture(tmp_path / name))


def test_first_frame_of_a_video(tmp_path):
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for picture in (np.asarray(corners()), np.zeros((48, 64, 3), np.uint8)):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        file.mux(stream.encode())
    check(read_picture(tmp_path / "a.mp4"), tolerance=40)


def test_12000_pixels_are_shrunk(tmp_path):
    big = Image.new("RGB", (12_000, 1_500), (20, 250, 20))
    big.paste((250, 20, 20), (0, 0, 6_000, 1_500))
    big.save(tmp_path / "a.jpg")
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.shape == (LONGEST_SIDE_PX // 8, LONGEST_SIDE_PX, 3)
    check(picture, CORNERS[[0, 0]])


def test_more_pixels_than_can_be_decoded(tmp_path):
    Image.new("1", (20_000, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(UserError, match=r"bomb\.png: has more pixels.*shrink it"):
        read_picture(tmp_path / "bomb.png")


def test_bad_files_get_a_sentence(tmp_path):
    corners().resize((640, 480)).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    corners().resize((640, 480)).convert("RGB").save(tmp_path / "whole.jpg")
    jpeg = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("this is no picture\n" * 50)
    (tmp_path / "text.txt").write_text("this is no picture\n" * 50)
    (tmp_path / "list.jpg").write_text("#EXTM3U\n#EXTINF:1,\nwhole.png\n")
    for name, words in (
        ("cut.png", "cut short"), ("cut.jpg", "cut short"),
        ("empty.jpg", "not a whole picture"), ("text.jpg", "not a whole picture"),
        ("text.txt", "not a whole picture"), ("list.jpg", "not a whole picture"),
        ("missing.png", "no such picture"), (".", "is a folder"), ("x" * 300, "too long"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            read_picture(tmp_path / name)
