"""`sadtalker3d render` as a user meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import scipy.io
import torch

from sadtalker3d.commands_render import angle_list
from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid import load
from sadtalker3d.track import Track
from tests.render.facevid2vid.test_talking_portrait import Mirror
from tests.test_cli import refused, run

PSNR_DB = 30.0  # of a frame and itself after H.264; measured 37
FRAMES = 3  # the official networks take seconds for one


@pytest.fixture
def performance() -> Track:
    rng = np.random.default_rng(2)
    return Track(
        rng.normal(0, 0.5, (FRAMES, 64)),
        rng.normal(0, 0.1, (FRAMES, 3)),
        rng.normal(0, 0.05, (FRAMES, 3)),
        space="basel",
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    row = np.random.default_rng(1).normal(0, 0.3, (1, 73)).astype(np.float32)
    scipy.io.savemat(tmp_path / "source.mat", {"coeff_3dmm": row})
    return tmp_path / "source.mat"


@pytest.fixture
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test fails where the portrait is read although something is known to be wrong."""

    def read(path: object, **_: object) -> None:
        raise AssertionError("the portrait was read")

    monkeypatch.setattr("sadtalker3d.render.facevid2vid.talking_portrait.fit_portrait", read)


@pytest.mark.usefixtures("nothing_read")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--size", 300), ("300", "256 or 512")),
        (("--yaw", "left"), ("--yaw", "'left'", "-20,30,10")),
        (("--yaw", "-200,10"), ("--yaw", "'-200,10'")),
        (("--pitch", "10,,nan"), ("--pitch",)),
        (("--roll", "0,91"), ("--roll", "-90 to 90")),
        (("--device", "cuda"), ("--device cuda", "no GPU")),
        (("--expression-scale", -1), ("expression scale",)),
        (("--audio", "gone.wav"), ("gone.wav",)),
        (("--source", "gone.mat"), ("gone.mat",)),
    ],
)
def test_options_that_cannot_be_used(monkeypatch, capsys, tmp_path, portrait, performance, options, words):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    take, out = performance.save(tmp_path / "take.json"), tmp_path / "out" / "me.mp4"
    refused(capsys, run(monkeypatch, "render", take, "--portrait", portrait, "-o", out, *options), *words)
    assert not out.parent.exists()


@pytest.mark.usefixtures("nothing_read")
def test_tracks_that_cannot_be_used(monkeypatch, capsys, tmp_path, portrait, take):
    out = tmp_path / "me.mp4"

    def render(path: Path, **_: object) -> int:
        return run(monkeypatch, "render", path, "--portrait", portrait, "-o", out)

    open_take = take.save(tmp_path / "open.json")
    code = run(
        monkeypatch, "render", open_take, "--portrait", portrait, "-o", out, "--renderer", "facevid2vid"
    )
    refused(capsys, code, "open.json", "--space basel")
    refused(
        capsys,
        run(monkeypatch, "render", open_take, "--portrait", portrait, "-o", out, "--yaw", "5"),
        "--yaw",
    )
    refused(capsys, render(tmp_path / "gone.json"), "gone.json: no such file")
    scipy.io.savemat(tmp_path / "69.mat", {"coeff_3dmm": np.zeros((3, 69))})
    refused(capsys, render(tmp_path / "69.mat"), "69.mat", "(3, 69)")
    scipy.io.savemat(tmp_path / "0.mat", {"coeff_3dmm": np.zeros((0, 70))})
    refused(capsys, render(tmp_path / "0.mat"), "0.mat", "no frames")
    assert not out.exists()


@pytest.mark.usefixtures("nothing_read")
def test_outputs_that_cannot_be_written(monkeypatch, capsys, tmp_path, portrait, performance):
    take = performance.save(tmp_path / "take.json")
    there = tmp_path / "there.mp4"
    there.write_text("mine")

    def render(out: object) -> int:
        return run(monkeypatch, "render", take, "--portrait", portrait, "-o", out)

    refused(capsys, render(there), "there.mp4: exists already", "--force")
    refused(capsys, render(tmp_path / "me.gif"), "me.gif", ".mp4")
    refused(capsys, render(tmp_path / "me.png"), "me.png", "me_%05d.png")
    assert there.read_text() == "mine"
    heard = performance.replace(audio="gone.wav").save(tmp_path / "heard.json")
    code = run(monkeypatch, "render", heard, "--portrait", portrait, "-o", tmp_path / "me.mp4")
    refused(capsys, code, "gone.wav", "--audio")


@pytest.mark.parametrize("kind", ["text", "missing", "no face"])
def test_pictures_that_cannot_be_used(monkeypatch, capsys, tmp_path, performance, kind):
    take, picture, out = performance.save(tmp_path / "take.json"), tmp_path / "me.png", tmp_path / "me.mp4"
    if kind == "text":
        picture.write_text("no picture")
    elif kind == "no face":
        cv2.imwrite(str(picture), np.full((200, 200, 3), 128, np.uint8))
    refused(capsys, run(monkeypatch, "render", take, "--portrait", picture, "-o", out), "me.png")
    assert not out.exists()


def test_networks_that_are_not_there(monkeypatch, capsys, tmp_path, portrait, performance, source):
    monkeypatch.setenv("SADTALKER3D_WEIGHTS", str(tmp_path / "store"))
    take, out = performance.save(tmp_path / "take.json"), tmp_path / "me.mp4"
    for options in ((), ("--source", source), ("--source", source, "--preprocess", "full", "--size", 512)):
        code = run(monkeypatch, "render", take, "--portrait", portrait, "-o", out, *options)
        refused(capsys, code, "sadtalker3d weights import")
    assert not out.exists()


def test_a_source_without_the_crop_is_not_enough_for_full(
    monkeypatch, capsys, tmp_path, portrait, performance
):
    take = performance.save(tmp_path / "take.json")
    source = performance.save(tmp_path / "me.mat")  # 70 columns
    code = run(
        monkeypatch, "render", take, "--portrait", portrait, "-o", tmp_path / "me.mp4",
        "--source", source, "--preprocess", "full",
    )  # fmt: skip
    refused(capsys, code, "70 coefficients", "73")


def test_the_largest_of_two_faces_is_pasted_and_said(
    monkeypatch, capsys, tmp_path, portrait, performance, source
):
    monkeypatch.setattr("sadtalker3d.render.facevid2vid.talking_portrait.AnimatedPortrait", Mirror)
    monkeypatch.setattr(load, "load_networks", lambda size, full, trained: None)
    one = cv2.imread(str(portrait))[:260, 100:350]
    both = np.concatenate([one, cv2.resize(one, None, fx=1.25, fy=1.25)[:260]], axis=1)
    cv2.imwrite(str(tmp_path / "two.png"), both)
    bright = np.full((FRAMES, 64), 0.4)
    take = performance.replace(fps=30.0, expression=bright).save(tmp_path / "take.json")
    out = tmp_path / "me.mp4"
    code = run(
        monkeypatch, "render", take, "--portrait", tmp_path / "two.png", "-o", out,
        "--source", source, "--preprocess", "full",
    )  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0 and printed.out.strip() == str(out), printed.err
    assert "2 faces found, the largest is used" in printed.err
    with av.open(str(out)) as file:
        assert file.streams.video[0].average_rate == 30 and not file.streams.audio
    shown = pictures(out)
    assert len(shown) == FRAMES and shown[0].shape == both.shape
    changed = np.abs(shown[0].astype(int) - both[..., ::-1]).mean(axis=2)
    brighter = changed[100:160]  # Mirror brightens the face it is given
    assert brighter[:, 80:170].mean() < 8 < brighter[:, 370:440].mean()


def test_degrees() -> None:
    assert angle_list("-20,30,10", "--yaw") == angle_list(" -20 30 1e1", "--yaw") == (-20.0, 30.0, 10.0)
    assert angle_list("5", "--yaw") == (5.0,) and angle_list(None, "--yaw") is None
    with pytest.raises(UserError, match="--yaw is ''"):
        angle_list("", "--yaw")


@pytest.fixture
def official() -> Iterator[None]:
    """The official networks' architecture with seeded weights, in place of the user's store."""
    from sadtalker3d.render.facevid2vid.animate import Networks
    from tests.seeded import seeded

    networks = Networks(seeded("generator"), seeded("kp_extractor"), seeded("mapping"))  # type: ignore[arg-type]
    regressor = seeded("face_3drecon")
    patch = pytest.MonkeyPatch()
    patch.setattr(load, "load_networks", lambda size, full, trained: networks)
    patch.setattr(load, "load_regressor", lambda: regressor)
    yield
    patch.undo()


def psnr_db(seen: np.ndarray, given: np.ndarray) -> float:
    """Of the brightness: H.264 has a quarter of the colours, and what seeded networks draw is coloured noise."""
    height, width = given.shape[:2]  # the video is up to a pixel larger
    seen, given = (
        cv2.cvtColor(np.ascontiguousarray(p), cv2.COLOR_RGB2GRAY).astype(np.float64)
        for p in (seen[:height, :width], given)
    )
    return float(10 * np.log10(255**2 / np.mean((seen - given) ** 2)))


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


@pytest.mark.slow
@pytest.mark.usefixtures("official")
def test_a_video_has_the_frames_the_rate_and_the_sound(monkeypatch, capsys, tmp_path, portrait, performance):
    import soundfile

    from sadtalker3d.render.facevid2vid.animate import AnimatedPortrait, HeadAngles, as_picture
    from sadtalker3d.render.facevid2vid.fit import fit_portrait
    from sadtalker3d.render.facevid2vid.talking_portrait import driving_motion, unsqueezed

    made: list[Remembering] = []

    class Remembering(AnimatedPortrait):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.drawn: list[tuple[torch.Tensor, torch.Tensor]] = []
            made.append(self)

        def frame(self, kp_driving: torch.Tensor) -> torch.Tensor:
            picture = super().frame(kp_driving)
            self.drawn.append((kp_driving.clone(), picture.clone()))  # its memory is used again
            return picture

    monkeypatch.setattr("sadtalker3d.render.facevid2vid.talking_portrait.AnimatedPortrait", Remembering)
    rate_hz = 16000
    soundfile.write(tmp_path / "tone.wav", np.sin(np.arange(rate_hz) * 0.2) * 0.3, rate_hz)
    take = performance.replace(audio="tone.wav").save(tmp_path / "take.json")
    out = tmp_path / "me.mp4"
    assert run(monkeypatch, "render", take, "--portrait", portrait, "-o", out, "--yaw", "-20,10") == 0
    assert capsys.readouterr().out.strip() == str(out)
    with av.open(str(out)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.average_rate == 25
        assert float(video.duration * video.time_base) == pytest.approx(FRAMES / 25)
        assert float(audio.duration * audio.time_base) == pytest.approx(FRAMES / 25, abs=1e-3)
        sound = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    assert np.std(sound[0, 1500:5000]) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)

    # the last frame, as it came from the networks for this performance and these angles
    fitted = fit_portrait(portrait, size=256)
    (animated,) = made
    np.testing.assert_allclose(animated.source, fitted.source, atol=1e-6)
    *_, last = animated.driving_keypoints(driving_motion(performance), angles=HeadAngles(yaw=(-20, 10)))
    keypoints, frame = animated.drawn[-1]
    np.testing.assert_allclose(keypoints[0], last, atol=1e-6)
    given = unsqueezed(as_picture(frame), fitted)
    shown = pictures(out)
    assert len(shown) == FRAMES
    assert psnr_db(shown[-1], given) > PSNR_DB
    assert psnr_db(shown[0], given) < PSNR_DB - 5  # another frame; measured below 20


def test_a_renderer_of_ones_own_takes_its_own_tracks_and_size(monkeypatch, capsys, tmp_path, portrait):
    from sadtalker3d.render.facevid2vid.generator import Generator
    from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
    from sadtalker3d.render.facevid2vid.mapping import MappingNet
    from sadtalker3d.render.facevid2vid.sizes import RendererSizes
    from sadtalker3d.render.facevid2vid.trained import save_trained

    sizes = RendererSizes.of(width=0.0625, size_px=64)
    made = {
        "generator": Generator(sizes.generator),
        "kp_extractor": KeypointDetector(sizes.keypoints),
        "mapping": MappingNet(sizes.mapping),
    }
    save_trained(tmp_path / "mine", made, {"size_px": "64", "space": "open", "width": "0.0625"})
    rng = np.random.default_rng(0)
    take = Track(rng.random((3, 64)), np.zeros((3, 3)), np.zeros((3, 3))).save(tmp_path / "take.json")
    asked = [
        "render",
        take,
        "--portrait",
        portrait,
        "-o",
        tmp_path / "me.mp4",
        "--weights",
        tmp_path / "mine",
    ]
    refused(capsys, run(monkeypatch, *asked), "'open' tracks", "--source")
    assert run(monkeypatch, *asked, "--source", take) == 0
    shown = pictures(tmp_path / "me.mp4")
    assert len(shown) == 3 and shown[0].shape[1] == 64
    refused(capsys, run(monkeypatch, *asked, "--source", take, "--preprocess", "full", "--force"), "73")
    refused(capsys, run(monkeypatch, *asked[:-1], tmp_path / "none"), "mapping.safetensors", "train")
