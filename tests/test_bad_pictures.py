"""Every kind of picture that a user calls a portrait, through the command line: it works, or one sentence says why not.

The pictures are made from samples/portrait.jpg, whose face is 107 pixels tall.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from sadtalker3d.face.fit import fit_portrait3d
from sadtalker3d.face.landmarks import Face, Landmarks, largest_face
from sadtalker3d.face.picture import read_picture
from sadtalker3d.face.portrait import read_portrait
from sadtalker3d.track import Track
from tests.conftest import SAMPLES
from tests.test_cli import refused, run

PHOTO = SAMPLES / "portrait.jpg"
EYES, MOUTH = ((203, 103), (247, 104)), (225, 142)  # pixels of the photo


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """(512, 512, 3) uint8."""
    return read_picture(PHOTO)


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    return Landmarks()


@pytest.fixture(scope="module")
def whole(photo: np.ndarray, landmarks: Landmarks) -> Face:
    """The face of the photo itself."""
    return largest_face(photo, "photo", landmarks)[0]


@pytest.fixture
def short_take(tmp_path: Path) -> Path:
    """Two frames, the second with open mouth."""
    weights = np.zeros((2, 64), np.float32)
    weights[1, 24] = 0.3
    return Track(weights, np.zeros((2, 3)), np.zeros((2, 3))).save(tmp_path / "take.json")


def with_patch(photo: np.ndarray, places: tuple, size: tuple[int, int], colour: tuple) -> Image.Image:
    picture = photo.copy()
    for place in places:
        cv2.ellipse(picture, place, size, 0, 0, 360, colour, -1, cv2.LINE_AA)
    return Image.fromarray(picture)


def no_face(photo: np.ndarray) -> Image.Image:
    return Image.fromarray(cv2.GaussianBlur(photo[300:], (0, 0), 3))


def profile(photo: np.ndarray) -> Image.Image:
    """One half of the face, which is what a head seen from the side shows."""
    picture = photo.copy()
    picture[:, :225] = (200, 190, 190)
    return Image.fromarray(picture)


def crowd(photo: np.ndarray) -> Image.Image:
    row = np.concatenate([photo, photo[:, ::-1]], axis=1)
    return Image.fromarray(np.concatenate([row, row[:, ::-1]]))


def save_16_bit(picture: np.ndarray, path: Path) -> None:
    cv2.imwrite(str(path), picture[..., ::-1].astype(np.uint16) * 257)


def save_turned(picture: np.ndarray, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise to be seen upright
    Image.fromarray(np.ascontiguousarray(np.rot90(picture))).save(path, exif=exif, quality=95)


def save_cut(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(picture).save(path)
    path.write_bytes(path.read_bytes()[:9000])


def save_animation(picture: np.ndarray, path: Path) -> None:
    black = Image.new("RGB", (512, 512))
    Image.fromarray(picture).save(path, save_all=True, append_images=[black, black], duration=40)


def with_alpha(picture: np.ndarray) -> Image.Image:
    alpha = np.full((512, 512, 1), 255, np.uint8)
    alpha[:, :60] = 0
    return Image.fromarray(np.concatenate([picture, alpha], axis=2))


# name of the file: how it is made. Each becomes a video, and the face is where it is in the photo.
GOOD: dict[str, Callable[[np.ndarray, Path], object]] = {
    "deep.png": save_16_bit,
    "grey.png": lambda picture, path: Image.fromarray(picture).convert("L").save(path),
    "deep_grey.png": lambda picture, path: cv2.imwrite(
        str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
    ),
    "palette.png": lambda picture, path: Image.fromarray(picture).quantize(64).save(path),
    "alpha.png": lambda picture, path: with_alpha(picture).save(path),
    "turned.jpg": save_turned,
    "cmyk.jpg": lambda picture, path: Image.fromarray(picture).convert("CMYK").save(path, quality=95),
    "animated.gif": save_animation,
}


@pytest.mark.parametrize("name", GOOD)
def test_kinds_of_files_are_read_and_fitted_alike(tmp_path, photo, landmarks, whole, name):
    GOOD[name](photo, tmp_path / name)
    portrait = read_portrait(tmp_path / name, landmarks)
    assert portrait.picture.shape == (512, 512, 3) and portrait.notes == []
    assert np.linalg.norm(portrait.face.points - whole.points, axis=1).mean() < 3
    fit = fit_portrait3d(portrait.picture, portrait.face, name=name)
    assert fit.residual.mean_mm < 1.6 and np.abs(np.degrees(fit.rotation_rad)).max() < 8


@pytest.mark.slow
def test_a_scan_of_12000_pixels(tmp_path, photo, landmarks):
    Image.fromarray(photo[40:200, 140:300]).resize((12_000, 12_000), Image.Resampling.BICUBIC).save(
        tmp_path / "scan.jpg", quality=60
    )
    portrait = read_portrait(tmp_path / "scan.jpg", landmarks)
    assert portrait.picture.shape == (4096, 4096, 3)
    fit = fit_portrait3d(portrait.picture, portrait.face)
    assert fit.residual.mean_mm < 1.6


REFUSED: dict[str, tuple[Callable[[np.ndarray, Path], object], tuple[str, ...]]] = {
    "wall.png": (lambda picture, path: no_face(picture).save(path), ("no face found", "--points")),
    "tiny.png": (
        lambda picture, path: Image.fromarray(picture[20:260, 100:340]).resize((44, 44)).save(path),
        ("only", "pixels tall"),
    ),
    "cut.jpg": (save_cut, ("cut short", "again")),
    "text.jpg": (lambda _, path: path.write_text("no picture\n" * 99), ("not a whole picture",)),
    "empty.png": (lambda _, path: path.touch(), ("not a whole picture",)),
    "edge.png": (
        lambda picture, path: Image.fromarray(picture[:, 203:]).save(path),
        ("cut off by the edge",),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_render_refuses_with_one_sentence(monkeypatch, capsys, tmp_path, photo, short_take, name):
    make, words = REFUSED[name]
    make(photo, tmp_path / name)
    out = tmp_path / "me.mp4"
    refused(
        capsys, run(monkeypatch, "render", short_take, "--portrait", tmp_path / name, "-o", out), name, *words
    )
    assert not out.exists()


def test_talk_refuses_before_anything_is_written(monkeypatch, capsys, tmp_path, photo, speech):
    no_face(photo).save(tmp_path / "wall.png")
    out = tmp_path / "out"
    refused(capsys, run(monkeypatch, "talk", tmp_path / "wall.png", speech, "-o", out), "wall.png", "no face")
    assert not out.exists() or not any(out.iterdir())


SAID: dict[str, tuple[Callable[[np.ndarray], Image.Image], str]] = {
    "glasses.png": (lambda photo: with_patch(photo, EYES, (15, 11), (12, 12, 14)), "dark glasses"),
    "mask.png": (lambda photo: with_patch(photo, (MOUTH,), (34, 28), (225, 228, 230)), "covered"),
    "crowd.png": (crowd, "faces found"),
    "small.png": (lambda photo: Image.fromarray(photo).resize((256, 256)), "blurred"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_can_be_used_but_should_be_known_is_said(tmp_path, photo, landmarks, name):
    make, words = SAID[name]
    make(photo).save(tmp_path / name)
    portrait = read_portrait(tmp_path / name, landmarks)
    fit = fit_portrait3d(portrait.picture, portrait.face, name=name)
    notes = [*portrait.notes, *fit.notes]
    assert any(words in note for note in notes), notes


def test_half_a_face_is_refused_or_said(tmp_path, photo, landmarks):
    profile(photo).save(tmp_path / "half.png")
    from sadtalker3d.errors import UserError

    try:
        portrait = read_portrait(tmp_path / "half.png", landmarks)
        notes = [*portrait.notes, *fit_portrait3d(portrait.picture, portrait.face).notes]
    except UserError as error:
        notes = [str(error)]
    assert any(word in " ".join(notes) for word in ("no face", "from the side", "turned by", "badly")), notes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deep.png", "animated.gif", "alpha.png"])
def test_becomes_a_video(monkeypatch, capsys, tmp_path, photo, short_take, name):
    GOOD[name](photo, tmp_path / name)
    out = tmp_path / "me.mp4"
    code = run(monkeypatch, "render", short_take, "--portrait", tmp_path / name, "-o", out, "--size", 256)
    assert code == 0, capsys.readouterr().err
    assert out.stat().st_size > 1000
