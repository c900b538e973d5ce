"""Basel tracks on the command line: made, exported, converted, and refused where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import sadtalker3d
from sadtalker3d import UserError, weights
from sadtalker3d.export import gltf, livelink
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rig.basel_to_open import SEEN
from sadtalker3d.track import Track
from tests.basel_folder import FakeBasel, write_fake_basel
from tests.seeded import CONFORMANCE, seeded
from tests.test_cli import refused, run

TAKE_FRAMES = 8


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBasel:
    return write_fake_basel(tmp_path_factory.mktemp("basel"))


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official networks with seeded weights."""

    def load(name: str, size: int = 256):
        return seeded(name)

    monkeypatch.setattr(weights, "official", load, raising=False)


@pytest.fixture
def known() -> np.ndarray:
    w = np.clip(np.random.default_rng(1).normal(0.1, 0.3, (TAKE_FRAMES, 52)), 0, 1)
    w[:, [name not in SEEN for name in ARKIT_52]] = 0
    return w


@pytest.fixture
def basel_take(fake: FakeBasel, known: np.ndarray, tmp_path: Path) -> Path:
    turned = np.random.default_rng(2).normal(0, 0.1, (TAKE_FRAMES, 3))
    track = Track(fake.coefficients(known), turned, np.tile([0.0, 0.1, 0.4], (TAKE_FRAMES, 1)), space="basel")
    return track.save(tmp_path / "basel.mat")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """SadTalker's own file of a portrait, 73 columns."""
    data = np.load(CONFORMANCE / "get_data.npz")
    savemat(tmp_path / "me.mat", {"coeff_3dmm": data["first_coeff"]})
    savemat(tmp_path / "other.mat", {"coeff_3dmm": data["ref_blink"]})
    return tmp_path / "me.mat"


def test_speech_becomes_a_basel_track(monkeypatch, tmp_path, write_sound, official, source):
    sound = write_sound("speech.wav", np.random.default_rng(0).normal(0, 0.1, 32000))
    other = source.with_name("other.mat")
    for name, more in (
        ("a.json", ()),
        ("b.mat", ()),
        ("c.json", ("--ref-pose", other, "--ref-eyeblink", other)),
    ):
        out = tmp_path / name
        assert run(monkeypatch, "animate", sound, "-o", out, "--space", "basel", "--source", source,
                   "--style", 45, "--seed", 3, *more) == 0  # fmt: skip
    a, b, c = (sadtalker3d.load(tmp_path / name) for name in ("a.json", "b.mat", "c.json"))
    assert (a.space, len(a), a.audio) == ("basel", 50, "speech.wav")
    np.testing.assert_array_equal(a.expression, b.expression)
    assert len(a.meta["source"]) == 73
    assert (c.expression != a.expression).any() and (c.rotation != a.rotation).any()


@pytest.mark.slow
def test_a_portrait_gives_the_coefficients(monkeypatch, tmp_path, write_sound, official, portrait, fake):
    pytest.importorskip("sadtalker3d.face.portrait")
    sound = write_sound("speech.wav", np.random.default_rng(0).normal(0, 0.1, 16000))
    out = tmp_path / "take.json"
    assert run(monkeypatch, "animate", sound, "-o", out, "--space", "basel", "--portrait", portrait) == 0
    take = sadtalker3d.load(out)
    assert len(take) == 25 and len(take.meta["source"]) == 73 and len(take.meta["identity"]) == 80
    np.testing.assert_allclose(take.rotation.mean(axis=0), take.meta["source"][64:67], atol=1.0)
    glb = tmp_path / "take.glb"  # on the person's own mask
    assert run(monkeypatch, "export", out, "-o", glb, "--basel", fake.folder) == 0
    assert gltf.read(glb).meta["identity"] == take.meta["identity"]


@pytest.mark.slow
def test_a_video_gives_the_head_motion(monkeypatch, tmp_path, write_sound, official, source, portrait):
    pytest.importorskip("sadtalker3d.face.video")
    import cv2

    picture = cv2.imread(str(portrait))
    picture = cv2.resize(picture, (picture.shape[1] // 4 * 2, picture.shape[0] // 4 * 2))
    video = tmp_path / "me.mp4"
    size = (picture.shape[1], picture.shape[0])
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"mp4v"), 25, size)
    for shift in range(4):
        writer.write(np.roll(picture, 3 * shift, axis=1))
    writer.release()
    sound = write_sound("speech.wav", np.random.default_rng(0).normal(0, 0.1, 16000))
    for name, more in (("a.json", ()), ("b.json", ("--ref-pose", video, "--ref-eyeblink", video))):
        assert run(monkeypatch, "animate", sound, "-o", tmp_path / name, "--space", "basel",
                   "--source", source, *more) == 0  # fmt: skip
    a, b = (sadtalker3d.load(tmp_path / name) for name in ("a.json", "b.json"))
    np.testing.assert_allclose(b.rotation[0], a.rotation[0], atol=1e-6)  # relative to the video's first frame
    np.testing.assert_allclose((b.rotation - a.rotation)[4:8], (b.rotation - a.rotation)[:4], atol=1e-5)
    assert (b.rotation != a.rotation).any() and (b.expression != a.expression).any()


def test_nothing_can_be_made_before_the_weights_are_imported(monkeypatch, capsys, tmp_path, speech, source):
    def load(name: str, size: int = 256):
        raise UserError("SadTalker's weights are not imported; run sadtalker3d weights import")

    monkeypatch.setattr(weights, "official", load, raising=False)
    code = run(
        monkeypatch, "animate", speech, "-o", tmp_path / "t.json", "--space", "basel", "--source", source
    )
    refused(capsys, code, "weights import")
    assert not (tmp_path / "t.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--space", "basel"], ["--portrait", "--source"]),
        (["--space", "basel", "--source", "me.mat", "--portrait", "me.jpg"], ["either"]),
        (["--space", "basel", "--source", "me.mat", "--live"], ["--live"]),
        (["--space", "basel", "--source", "me.mat", "--mouth", "1.2"], ["gains"]),
        (["--space", "basel", "--source", "me.mat", "--still", "--ref-pose", "other.mat"], ["--still"]),
        (["--space", "basel", "--source", "me.jpg"], ["me.jpg", "--portrait"]),
        (["--space", "basel", "--source", "open.json"], ["open.json", "'basel'", "--space basel"]),
        (["--space", "basel", "--source", "me.mat", "--ref-pose", "open.json"], ["open.json", "'basel'"]),
        (["--space", "basel", "--source", "me.mat", "--ref-eyeblink", "no.mat"], ["no.mat", "no such"]),
        (["--space", "basel", "--source", "me.mat", "--style", "46"], ["0 to 45"]),
        (["--space", "flame"], ["flame", "open or basel"]),
        (["--source", "me.mat"], ["--source", "--space basel"]),
        (["--portrait", "me.jpg"], ["--portrait", "--space basel"]),
        (["--ref-pose", "other.mat"], ["--ref-pose", "--space basel"]),
        (["--ref-eyeblink", "other.mat"], ["--ref-eyeblink", "--space basel"]),
    ],
)
def test_options_that_make_no_sense(
    monkeypatch, capsys, tmp_path, speech, take, official, source, options, words
):
    take.save(tmp_path / "open.json")
    monkeypatch.chdir(tmp_path)
    refused(capsys, run(monkeypatch, "animate", speech, "-o", "out.json", *options), *words)
    assert not (tmp_path / "out.json").exists()


def test_a_glb_shows_the_basel_face(monkeypatch, tmp_path, basel_take, fake):
    out = tmp_path / "x.glb"
    assert run(monkeypatch, "export", basel_take, "-o", out, "--basel", fake.folder) == 0
    back, given = gltf.read(out), sadtalker3d.load(basel_take)
    assert back.space == "basel"
    np.testing.assert_allclose(back.expression, given.expression, atol=1e-6)
    np.testing.assert_allclose(back.translation, given.translation, atol=1e-5)


def test_converted_for_the_embedded_head(monkeypatch, capsys, tmp_path, basel_take, fake, known):
    for name in ("open.json", "open.glb"):
        assert run(monkeypatch, "export", basel_take, "-o", tmp_path / name, "--as", "open",
                   "--basel", fake.folder) == 0  # fmt: skip
    assert "residual" in capsys.readouterr().err
    for track in (sadtalker3d.load(tmp_path / "open.json"), gltf.read(tmp_path / "open.glb")):
        assert track.space == "open"
        np.testing.assert_allclose(track.expression[:, :52], known, atol=0.08)
    code = run(monkeypatch, "export", basel_take, "-o", tmp_path / "x.csv", "--basel", fake.folder)
    assert code == 0 and "mm" in capsys.readouterr().err  # Live Link knows nothing else
    csv = livelink.read(tmp_path / "x.csv")
    np.testing.assert_allclose(csv.expression[:, :52], known, atol=0.08)


@pytest.mark.parametrize(
    ("command", "ending", "words"),
    [
        ("export", "glb", ["--basel", "--as open"]),
        ("export", "csv", ["'open'", "--as open --basel"]),
        ("preview", "mp4", ["'open'", "--as open --basel"]),
    ],
)
def test_a_basel_track_where_open_is_needed(
    monkeypatch, capsys, tmp_path, basel_take, command, ending, words
):
    out = tmp_path / f"x.{ending}"
    refused(capsys, run(monkeypatch, command, basel_take, "-o", out), "basel.mat: ", *words)
    assert not out.exists()


def test_an_open_track_where_basel_is_needed(monkeypatch, capsys, tmp_path, take, fake):
    path = take.save(tmp_path / "take.json")
    for name, options, word in (
        ("x.mat", (), "--space basel"),
        ("x.glb", ("--basel", fake.folder), "--basel goes with"),
        ("x.json", ("--as", "basel"), "--as basel goes with"),
        ("x.json", ("--as", "flame"), "open, basel"),
    ):
        refused(capsys, run(monkeypatch, "export", path, "-o", tmp_path / name, *options), word)
        assert not (tmp_path / name).exists()


def test_a_conversion_without_its_model(monkeypatch, capsys, tmp_path, basel_take):
    out = tmp_path / "x.json"
    for options, word in (
        (("--as", "open"), "--basel"),
        (("--as", "open", "--basel", tmp_path / "nowhere"), "no such folder"),
        (("--as", "open", "--basel", tmp_path), "BFM_model_front.mat"),
        (("--basel", tmp_path), "--as open"),
    ):
        refused(capsys, run(monkeypatch, "export", basel_take, "-o", out, *options), word)
        assert not out.exists()


def test_editing_by_regions_and_joining_say_how_to_convert(basel_take):
    from sadtalker3d.edit import gain, join

    basel = sadtalker3d.load(basel_take)
    with pytest.raises(UserError, match="--as open"):
        gain(basel, {"mouth": 1.2})
    with pytest.raises(UserError, match="--space basel"):
        join(basel, Track(np.zeros((9, 64)), np.zeros((9, 3)), np.zeros((9, 3))))
