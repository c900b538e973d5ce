"""Clips and sounds that `fit` and `dub` cannot use, or only in part: one sentence or a stated fallback, and the
originals are as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile

import sadtalker3d
from sadtalker3d.clip.follow import Follower
from sadtalker3d.clip.watch import Watch
from sadtalker3d.errors import UserError
from sadtalker3d.export import livelink
from sadtalker3d.face.landmarks import Landmarks
from sadtalker3d.face.picture import read_picture
from sadtalker3d.face.video import Frame
from sadtalker3d.render.video import write_video
from sadtalker3d.track import Track
from tests.dub.conftest import babble
from tests.face.conftest import PORTRAIT
from tests.render.conftest import opengl
from tests.test_cli import refused, run

__all__ = ["opengl"]

SPEECH = PORTRAIT.with_name("speech.wav")
WIDE, HIGH = 320, 240
FRAMES = 16


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """(240, 240, 3): a woman who smiles, forehead to collar."""
    return cv2.resize(read_picture(PORTRAIT)[90:240, 180:330], (HIGH, HIGH), interpolation=cv2.INTER_AREA)


def swaying(face: np.ndarray, frames: int = FRAMES, size: tuple[int, int] = (WIDE, HIGH)) -> list[np.ndarray]:
    """The face, going to the right by 1 pixel a frame and rolling by up to 5 degrees."""
    made = []
    for number in range(frames):
        turn = cv2.getRotationMatrix2D((120, 120), 5 * np.sin(number / 3), 1.0)
        turn[0, 2] += 40 + number
        made.append(cv2.warpAffine(face, turn, size, borderMode=cv2.BORDER_REPLICATE))
    return made


def blob(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A hand's worth of skin before mouth and nose."""
    middle, wide = points[48:68].mean(axis=0), float(np.ptp(points[48:60, 0]))
    skin = picture[int(points[30, 1]) - 12, int(points[30, 0])]
    shape = np.zeros(picture.shape[:2], np.float32)
    axes = (int(wide), int(0.75 * wide))
    cv2.ellipse(shape, (int(middle[0]), int(middle[1]) + 4), axes, 20, 0, 360, (1.0,), -1)
    share = cv2.GaussianBlur(shape, (0, 0), 2)[..., None]
    shade = np.linspace(0.75, 1.05, len(picture))[:, None, None]
    return (picture * (1 - share) + np.clip(skin * shade, 0, 255) * share).astype(np.uint8)


@pytest.fixture(scope="module")
def covered(face: np.ndarray) -> list[np.ndarray]:
    """Thirty frames, a hand before the mouth from the tenth to the nineteenth."""
    landmarks = Landmarks()
    return [
        blob(picture, landmarks.find(picture)[0].points) if 10 <= number < 20 else picture
        for number, picture in enumerate(swaying(face, 30))
    ]


def encoded(
    path: Path, pictures: Iterable[np.ndarray], *, pixels: str = "yuv420p", rotation: int = 0,
    times_ms: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """A film without sound that `write_video` would not make."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25 if times_ms is None else 1000, options={"crf": "16"})
        stream.pix_fmt = pixels
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = int(times_ms[number]), Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def film(pictures: Iterable[np.ndarray]) -> Iterator[Frame]:
    for number, picture in enumerate(pictures):
        yield Frame(picture, number / 25, 0, 1.0)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# what is refused


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("text.mp4", b"no film at all", "not a video that can be read (Invalid data"),
        ("empty.mp4", b"", "is empty; export the video again"),
        ("none.mp4", None, "no such video"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "dub"])
def test_what_is_no_film_is_refused(
    monkeypatch, capsys, tmp_path: Path, command, name, content, says
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    more = ("--audio", SPEECH) if command == "dub" else ()
    code = run(monkeypatch, command, tmp_path / name, *more, "-o", tmp_path / "take.json")
    refused(capsys, code, name, says)
    assert [path.name for path in tmp_path.iterdir()] == ([] if content is None else [name])


@pytest.mark.parametrize("command", ["fit", "dub"])
def test_a_film_without_a_face_is_refused(monkeypatch, capsys, tmp_path: Path, command) -> None:
    write_video(tmp_path / "wall.mp4", [np.full((96, 128, 3), 120, np.uint8)] * 3, 25.0)
    before, more = digest(tmp_path / "wall.mp4"), ("--audio", SPEECH) if command == "dub" else ()
    code = run(monkeypatch, command, tmp_path / "wall.mp4", *more, "-o", tmp_path / "take.json")
    refused(capsys, code, "wall.mp4: no face found in it", "from the front")
    assert digest(tmp_path / "wall.mp4") == before and not (tmp_path / "take.json").exists()


@pytest.mark.slow
def test_a_profile_is_refused(monkeypatch, capsys, tmp_path: Path, opengl: str) -> None:
    import bfm
    from sadtalker3d.render.preview import Preview

    for name, degrees in (("side", (70.0, 72.0)), ("profile", (84.0, 88.0))):
        rotation = np.zeros((5, 3))
        rotation[:, 1] = np.radians(np.linspace(*degrees, 5))
        turned = Track(np.zeros((5, 64)), rotation, np.zeros((5, 3)))
        with Preview(bfm.load("open"), 300) as preview:
            write_video(tmp_path / f"{name}.mp4", preview.render(turned), 25.0)
        code = run(monkeypatch, "fit", tmp_path / f"{name}.mp4", "-o", tmp_path / "take.json")
        # nearly sideways the detector sees a face or none, by a hair
        refused(capsys, code, f"{name}.mp4: ", "a face is seen from the front")
    watch = Watch(Path("turns.mp4"))
    with pytest.raises(UserError, match=r"seen from the side throughout \(by 60 degrees or more\)"):
        watch.notes((), np.radians([-60.0, -70.0]), 100.0)
    (note,) = watch.notes((), np.radians([0.0, 20.0, 60.0]), 100.0)
    assert "turned by more than 50 degrees in 1 of 3 frames" in note


# what is used as far as it goes


@pytest.mark.slow
def test_a_face_that_is_away_is_held_and_said(monkeypatch, capsys, tmp_path: Path, face) -> None:
    pictures = swaying(face, 40)
    grey = np.full_like(pictures[0], 110)
    write_video(
        tmp_path / "part.mp4", [grey if 10 <= n < 28 else p for n, p in enumerate(pictures)], 25.0, SPEECH
    )
    assert run(monkeypatch, "fit", tmp_path / "part.mp4", "-o", tmp_path / "take.json") == 0
    assert "no face in 18 of 40 frames (0.4" in capsys.readouterr().err
    track = sadtalker3d.load(tmp_path / "take.json")
    ((first, last),) = track.meta["fit"]["lost_s"]
    assert (first, last) == pytest.approx((0.42, 1.1), abs=0.06)
    assert np.abs(np.diff(track.expression[14:20], axis=0)).max() < 0.02


def test_a_hand_before_the_mouth_is_not_believed(covered: list[np.ndarray]) -> None:
    watch = Watch(Path("hand.mp4"))
    seen = np.array([one.face is not None for one in watch.through(film(covered))])
    assert seen[:10].all() and seen[20:].all()
    assert seen[12:19].sum() <= 1
    ((first, last),) = watch.covered.spans()
    assert first == pytest.approx(0.4, abs=0.05) and last == pytest.approx(0.8, abs=0.25)
    (note,) = watch.notes((), np.zeros(20), 100.0)
    assert note.startswith("hand.mp4: the mouth seems covered, or the face unclear, from 0.4")


def test_a_mouth_that_nothing_covers_is_not_said_to_be(face: np.ndarray) -> None:
    watch = Watch(Path("film.mp4"))
    list(watch.through(film(swaying(face))))
    assert watch.notes((), np.zeros(FRAMES), 100.0) == ()


@pytest.mark.slow
def test_a_hand_before_the_mouth_makes_no_wild_one(monkeypatch, tmp_path: Path, covered) -> None:
    write_video(tmp_path / "hand.mp4", covered, 25.0, SPEECH)
    assert run(monkeypatch, "fit", tmp_path / "hand.mp4", "-o", tmp_path / "hand.json") == 0
    track = sadtalker3d.load(tmp_path / "hand.json")
    smile, mouth = track.expression[5, 14:52], track.expression[:, 14:52]
    assert smile.max() > 0.3
    assert np.abs(mouth - smile).max() < 0.2  # she smiles on, where the detector shut the covered mouth
    assert np.degrees(np.ptp(track.rotation[:, :2], axis=0)).max() < 5  # and it made her nod by 20 degrees


def test_two_people_are_said_and_the_smaller_can_be_named(face: np.ndarray) -> None:
    picture = np.full((HIGH, 2 * HIGH, 3), 100, np.uint8)
    picture[:, :HIGH] = face
    picture[130:190, 370:430] = cv2.resize(face[:, ::-1], (60, 60), interpolation=cv2.INTER_AREA)
    for choice, is_left, says in (
        (2, False, "2 faces found, the chosen one is followed"),
        ((400.0, 160.0), False, "2 faces found, the chosen one"),
        ((470.0, 20.0), False, "no face is found at --face 470,20, the nearest is followed"),
        ((120.0, 100.0), True, "2 faces found, the chosen one is followed"),
    ):
        watch = Watch(Path("two.mp4"), choice)
        faces = [one.face for one in watch.through(film([picture] * 2))]
        assert all(one is not None and (one.points[30, 0] < HIGH) == is_left for one in faces), choice
        assert any(says in note for note in watch.notes((), np.zeros(2), 100.0)), choice
    (seen,) = Follower(Landmarks()).through(film([np.concatenate([face, face], axis=1)]))
    assert seen.others == 1


@pytest.mark.slow
def test_odd_sizes_odd_times_and_no_sound(monkeypatch, capsys, tmp_path: Path, face) -> None:
    encoded(tmp_path / "odd.mp4", swaying(face, 10, (WIDE + 1, HIGH + 1)), pixels="yuv444p")
    assert run(monkeypatch, "fit", tmp_path / "odd.mp4", "-o", tmp_path / "odd.json") == 0
    assert "odd.mp4: has no sound, so the track names none" in capsys.readouterr().err
    odd = sadtalker3d.load(tmp_path / "odd.json")
    assert (len(odd), odd.audio, odd.meta["fit"]["size_px"]) == (10, None, [WIDE + 1, HIGH + 1])

    times_ms = np.concatenate([[0], np.cumsum(np.random.default_rng(0).uniform(15, 90, 29))])
    encoded(tmp_path / "vfr.mp4", swaying(face, 30), times_ms=times_ms)
    assert run(monkeypatch, "fit", tmp_path / "vfr.mp4", "-o", tmp_path / "vfr.json") == 0
    assert "its frames come at odd times; the track has 25 frames a second" in capsys.readouterr().err
    track = sadtalker3d.load(tmp_path / "vfr.json")
    assert track.duration_s == pytest.approx(times_ms[-1] / 1000, abs=0.06)
    at_s = np.arange(len(track)) / 25
    roll = 5 * np.sin(
        np.interp(at_s, times_ms / 1000, np.arange(30)) / 3
    )  # where the clock says, not the count
    assert np.corrcoef(np.degrees(track.rotation[:, 2]), roll)[0, 1] > 0.95


@pytest.mark.slow
def test_a_phone_held_upright_is_fitted_as_it_is_shown(monkeypatch, tmp_path: Path, face) -> None:
    lying = [np.rot90(picture, -1) for picture in swaying(face, 10)]
    path = encoded(tmp_path / "phone.mp4", lying, rotation=90)
    before = digest(path)
    assert run(monkeypatch, "fit", path, "-o", tmp_path / "take.json") == 0
    track = sadtalker3d.load(tmp_path / "take.json")
    assert track.meta["fit"]["size_px"] == [WIDE, HIGH]
    assert np.abs(np.degrees(track.rotation[:, 2])).max() < 12
    assert digest(path) == before


# dubs


@pytest.fixture
def performance(tmp_path: Path) -> Path:
    track = babble(2, 1)
    nods = np.stack([0.1 * np.sin(np.arange(50) / 5), np.zeros(50), np.zeros(50)], axis=1)
    return track.replace(rotation=nods).save(tmp_path / "take.json")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("text.wav", b"no sound", "not a sound or video file"),
        ("empty.wav", b"", "is empty; export the sound again"),
    ],
)
def test_what_is_no_sound_is_refused(monkeypatch, capsys, performance: Path, name, content, says) -> None:
    sound = performance.with_name(name)
    sound.write_bytes(content)
    code = run(monkeypatch, "dub", performance, "--audio", sound, "-o", performance.with_name("new.json"))
    refused(capsys, code, name, says)
    assert not performance.with_name("new.json").exists()


def test_a_film_without_sound_is_no_speech(monkeypatch, capsys, performance: Path) -> None:
    mute = performance.with_name("mute.mp4")
    write_video(mute, [np.full((64, 64, 3), 90, np.uint8)] * 5, 25.0)
    code = run(monkeypatch, "dub", performance, "--audio", mute, "-o", performance.with_name("new.json"))
    refused(capsys, code, "mute.mp4: has no sound track")


def test_a_performance_in_basel_is_refused_before_the_speech_is_heard(
    monkeypatch, capsys, performance: Path
) -> None:
    from sadtalker3d import commands_dub

    old = sadtalker3d.load(performance)
    basel = Track(old.expression, old.rotation, old.translation, space="basel").save(
        performance.with_name("b.mat")
    )
    monkeypatch.setattr(commands_dub, "_speech", None)
    code = run(monkeypatch, "dub", basel, "--audio", SPEECH, "-o", performance.with_name("new.json"))
    refused(capsys, code, "b.mat: ", "'open' space, this one is 'basel'", "--as open --basel FOLDER")


def test_what_is_read_is_never_written(monkeypatch, capsys, performance: Path) -> None:
    sound = performance.with_name("new.wav")
    sound.write_bytes(SPEECH.read_bytes())
    before = {path: digest(path) for path in (performance, sound)}
    for more in (
        ("-o", performance),
        ("-o", performance.with_name("new.json"), "--sound", sound),
        ("-o", performance.with_name("." + performance.name).parent / "." / performance.name),
    ):
        code = run(monkeypatch, "dub", performance, "--audio", sound, "--force", *more)
        refused(capsys, code, "is what is being read")
    assert {path: digest(path) for path in before} == before
    assert sorted(path.name for path in performance.parent.iterdir()) == ["new.wav", "take.json"]


@pytest.mark.slow
def test_silence_and_a_speech_ten_times_as_long(monkeypatch, capsys, performance: Path) -> None:
    folder = performance.parent
    soundfile.write(folder / "silence.wav", np.zeros(32000), 16000)
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(folder / "long.wav", np.tile(samples, 4), rate)
    assert (
        run(monkeypatch, "dub", performance, "--audio", folder / "silence.wav", "-o", folder / "a.json") == 0
    )
    assert "silence.wav: nobody is heard speaking in it" in capsys.readouterr().err
    assert sadtalker3d.load(folder / "a.json").column("jawOpen").max() < 0.05
    assert run(monkeypatch, "dub", performance, "--audio", folder / "long.wav", "-o", folder / "b.json") == 0
    assert "long.wav is 24.2 s long, the performance 2 s: it repeats itself a lot" in capsys.readouterr().err
    long = sadtalker3d.load(folder / "b.json")
    assert long.duration_s == pytest.approx(24.2, abs=0.1)
    assert np.abs(np.diff(long.rotation, axis=0)).max() < 0.06  # and jumps nowhere
    assert long.rotation[-25:, 0].std() > 0.02


@pytest.mark.slow
def test_a_phones_capture_and_the_sound_of_a_film(monkeypatch, performance: Path) -> None:
    folder = performance.parent
    old = sadtalker3d.load(performance)
    livelink.write(old, folder / "phone.csv")
    write_video(folder / "speech.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 50, 25.0, SPEECH)
    assert run(monkeypatch, "dub", folder / "phone.csv", "--audio", folder / "speech.mp4", "--soften", 0,
               "-o", folder / "new.json") == 0  # fmt: skip
    new = sadtalker3d.load(folder / "new.json")
    np.testing.assert_allclose(new.rotation[:30], old.rotation[:30], atol=1e-6)
    assert new.audio == "speech.mp4" and new.column("jawOpen").std() > 0.02
