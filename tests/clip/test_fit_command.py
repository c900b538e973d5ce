"""`fit` on files: what it makes, and what it says of what it cannot use."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.cli import app
from sadtalker3d.commands_fit import fit, which_face
from sadtalker3d.errors import UserError
from sadtalker3d.face.picture import read_picture
from sadtalker3d.render.video import write_video
from tests.face.conftest import PORTRAIT


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames of the portrait, swaying and turning in its plane, black in three, with the sample's speech."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    photo = cv2.resize(read_picture(PORTRAIT)[100:400, 106:406], (240, 240), interpolation=cv2.INTER_AREA)
    frames = []
    for number in range(20):
        turn = cv2.getRotationMatrix2D((120, 120), 8 * np.sin(number / 3), 1.0)
        turn[0, 2] += 40 + number
        frame = cv2.warpAffine(photo, turn, (320, 240), borderMode=cv2.BORDER_REPLICATE)
        frames.append(np.zeros_like(frame) if number in (9, 10, 11) else frame)
    write_video(path, frames, 25.0, PORTRAIT.with_name("speech.wav"))
    return path


@pytest.fixture(scope="module")
def fitted(film: Path) -> tuple[sadtalker3d.Track, tuple[str, ...]]:
    made = fit(film, film.with_name("take.json"))
    return sadtalker3d.load(made.file), made.notes


def test_a_film_becomes_a_track_of_its_length_that_names_its_sound(
    fitted: tuple[sadtalker3d.Track, tuple[str, ...]],
) -> None:
    track, _ = fitted
    assert (len(track), track.fps, track.space, track.audio) == (20, 25.0, "open", "film.mp4")
    assert len(track.meta["fit"]["identity"]) == 80
    assert 0 <= track.expression.min() <= track.expression.max() <= 1


def test_a_head_that_turns_in_the_picture_rolls(
    fitted: tuple[sadtalker3d.Track, tuple[str, ...]],
) -> None:
    roll = np.degrees(fitted[0].rotation[:, 2])
    # getRotationMatrix2D turns counter-clockwise: the top of the head to the left of the picture
    wanted = 8 * np.sin(np.arange(20) / 3)
    assert np.abs((roll - wanted) - np.median(roll - wanted))[3:-3].max() < 2.5
    assert np.corrcoef(roll, wanted)[0, 1] > 0.97


def test_a_short_loss_is_bridged_said_and_half_believed(
    fitted: tuple[sadtalker3d.Track, tuple[str, ...]],
) -> None:
    track, notes = fitted
    assert any("no face in 3 of 20 frames" in note for note in notes)
    assert track.meta["fit"]["lost_s"] == []
    spans = track.meta["fit"]["confidence"]
    assert min(span[2] for span in spans) == pytest.approx(0.5, abs=0.2)
    assert np.abs(np.diff(track.rotation, axis=0)).max() < np.radians(6)


def test_a_photo_is_a_track_of_one_frame(tmp_path: Path) -> None:
    made = fit(PORTRAIT, tmp_path / "one.json")
    assert len(sadtalker3d.load(made.file)) == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("talk.mp4", b"no video at all", "not a video"),
        ("none.mp4", None, "no such video"),
    ],
)
def test_what_is_no_video_is_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        fit(tmp_path / name, tmp_path / "take.json")
    assert not (tmp_path / "take.json").exists()


def test_a_sound_and_a_film_without_a_face_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no pictures"):
        fit(PORTRAIT.with_name("speech.wav"), tmp_path / "take.json")
    write_video(tmp_path / "wall.mp4", [np.full((96, 128, 3), 120, np.uint8)] * 3, 25.0)
    with pytest.raises(UserError, match="no face found"):
        fit(tmp_path / "wall.mp4", tmp_path / "take.json")


def test_the_original_is_never_written_to(film: Path, tmp_path: Path) -> None:
    before = film.read_bytes()
    with pytest.raises(UserError, match="written as"):
        fit(film, film, force=True)
    (tmp_path / "take.json").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        fit(film, tmp_path / "take.json")
    assert film.read_bytes() == before
    assert (tmp_path / "take.json").read_text() == "mine"


def test_a_face_is_a_number_or_a_point() -> None:
    assert which_face("2") == 2
    assert which_face("420, 180.5") == (420.0, 180.5)
    for wrong in ("0", "left", "1,2,3", "1.5", ""):
        with pytest.raises(UserError, match="--face"):
            which_face(wrong)


def test_the_command_is_registered() -> None:
    assert "fit" in {command.callback.__name__ for command in app.registered_commands if command.callback}


@pytest.mark.slow
def test_a_dub_takes_a_film(film: Path, tmp_path: Path) -> None:
    from sadtalker3d.commands_dub import dub

    made = dub(film, tmp_path / "dubbed.json", audio=PORTRAIT.with_name("speech.wav"))
    assert any("was fitted first" in note for note in made.notes)
    track = sadtalker3d.load(made.file)
    assert track.column("jawOpen").std() > 0.02
    assert track.audio is not None
    assert track.audio.endswith("speech.wav")
