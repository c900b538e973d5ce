"""The extension in real Blenders, installed from its zip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib
import pytest
import soundfile

import sadtalker3d
from sadtalker3d.export import export, livelink
from sadtalker3d.rig import OPEN_64
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track

pytestmark = pytest.mark.slow
SAMPLES = Path(__file__).parents[2] / "samples"
SCENE_FPS = 30 / 1.001
FRAMES = 1 + 5 * np.arange(20)
TURN = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # track axes to Blender's


@pytest.fixture
def take() -> Track:
    time = np.arange(100)[:, None] / 25
    expression = 0.5 - 0.5 * np.cos(time * (1 + np.arange(64) / 8) * 2)
    expression[:, 52:] = 0  # a character without the speech shapes gets them folded into others
    rotation = 0.2 * np.sin(time * np.array([2, 3, 5]))
    return Track(expression.astype(np.float32), rotation.astype(np.float32), np.zeros((100, 3), np.float32))


def at_frames(column: np.ndarray) -> np.ndarray:
    """A column of the take where the scene shows it, linear between the track's frames."""
    return np.interp((FRAMES - 1) / SCENE_FPS * 25, np.arange(len(column)), column)


def weights_of(glb: Path, mesh: str, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and weights of one morph target in a GLB, read by pygltflib."""
    file = pygltflib.GLTF2().load(str(glb))
    binary = file.binary_blob()

    def numbers(index: int) -> np.ndarray:
        accessor = file.accessors[index]
        start = file.bufferViews[accessor.bufferView].byteOffset + (accessor.byteOffset or 0)
        return np.frombuffer(binary, np.float32, accessor.count, start)

    node = next(
        i for i, n in enumerate(file.nodes) if n.mesh is not None and file.meshes[n.mesh].name == mesh
    )
    names = file.meshes[file.nodes[node].mesh].extras["targetNames"]
    for animation in file.animations:
        for channel in animation.channels:
            if (channel.target.node, channel.target.path) == (node, "weights"):
                sampler = animation.samplers[channel.sampler]
                times, values = numbers(sampler.input), numbers(sampler.output)
                return times, values.reshape(len(times), -1)[:, names.index(target)]
    raise AssertionError(f"{mesh} has no weights animation")


def test_a_take_lives_and_goes(play, take, tmp_path: Path):
    path, written, glb = take.save(tmp_path / "take.json"), tmp_path / "written.json", tmp_path / "again.glb"
    seen = play("life_of_a_take", take=path, written=written, blend=tmp_path / "scene.blend", glb=glb)
    assert seen["valid"][0] == 0, seen["valid"]
    assert seen["matched"].startswith("Face: 7 keys matched (arkit), 45 missing, 1 left alone")
    assert (seen["head"], seen["extra"]) == (["Rig", "Head"], "someCorrective")

    jaw = at_frames(take.column("jawOpen"))
    np.testing.assert_allclose(seen["jaw"], jaw, atol=1e-4)
    np.testing.assert_allclose(seen["teeth"], jaw, atol=1e-4)
    np.testing.assert_allclose(seen["blink"], at_frames(take.column("eyeBlinkLeft")), atol=1e-4)
    angles = np.stack([at_frames(column) for column in take.rotation.T], axis=1)
    np.testing.assert_allclose(seen["turned"], TURN @ to_matrices(angles) @ TURN.T, atol=2e-3)
    assert seen["by_hand"] == 0.25, "the animator's own curve on the head bone is untouched"

    back = sadtalker3d.load(written)
    count = min(len(back), len(take))
    assert count >= len(take) - 1
    for name in ("jawOpen", "mouthClose", "eyeBlinkRight", "browInnerUp"):
        np.testing.assert_allclose(back.column(name)[:count], take.column(name)[:count], atol=1e-4)
    np.testing.assert_allclose(back.rotation[:count], take.rotation[:count], atol=1e-3)

    assert seen["undone"] == [["by hand"], 0.0], "one step back, and nothing is left"
    assert seen["again"] == seen["actions"], "applying again replaces"
    np.testing.assert_allclose(seen["as_strip"], jaw, atol=1e-4)
    assert seen["strips"] == ["ST3D take"]
    np.testing.assert_allclose(seen["reloaded"], jaw, atol=1e-4)
    times, exported = weights_of(glb, "Face", "jawOpen")
    assert "drifts from the sound" in seen["exported"]
    at_s = times * 1.001**2  # Blender's exporter multiplies by fps_base where it should divide
    shown = np.interp(at_s * 25, np.arange(100), take.column("jawOpen"))
    np.testing.assert_allclose(exported, shown, atol=1e-3)
    assert seen["removed"] == [0.0] * 20
    assert seen["left"] == ["by hand"]
    assert not seen["registered"]


def filmed(folder: Path) -> Path:
    """A track of a film of the sample's portrait, a third of a second long."""
    from PIL import Image

    from sadtalker3d.commands_fit import fit
    from sadtalker3d.render.video import write_video

    photo = np.asarray(Image.open(SAMPLES / "portrait.jpg").convert("RGB").crop((80, 0, 400, 320)))
    film = folder / "film.mp4"
    write_video(
        film, (np.roll(photo, number // 4, axis=1) for number in range(8)), 25.0, SAMPLES / "speech.wav"
    )
    return fit(film, folder / "filmed.json").file


def test_the_new_head_speaks(play, tmp_path: Path):
    made = {name: tmp_path / name for name in ("take.csv", "written.json")}
    words = tmp_path / "words.wav"
    values, rate_hz = soundfile.read(SAMPLES / "speech.wav")
    soundfile.write(words, values[rate_hz : rate_hz + rate_hz // 3], rate_hz)
    seen = play(
        "new_head_speaks", speech=SAMPLES / "speech.wav", portrait=SAMPLES / "portrait.jpg",
        csv=made["take.csv"], written=made["written.json"], filmed=filmed(tmp_path),
        words=words,
    )  # fmt: skip
    assert "needs the footage" in seen["no footage"]
    assert "the film is" in seen["footage"]
    film = Path(seen["footage"].rpartition("the film is ")[2])
    assert film.suffix == ".mp4" and film.stat().st_size > 10_000
    assert seen["keys"] == list(OPEN_64)
    assert seen["identity_moves_mm"] > 1
    assert seen["shape_stays_mm"] < 1e-3
    assert "press Apply" in seen["generated"]
    track = sadtalker3d.load(seen["take"])
    np.testing.assert_allclose(seen["jaw"], track.column("jawOpen")[:20], atol=1e-5)

    back = sadtalker3d.load(made["written.json"])
    for name in ("expression", "rotation", "translation"):
        np.testing.assert_allclose(getattr(back, name), getattr(track, name), atol=1e-4, err_msg=name)

    said, dubbed = seen["dubbed"]
    assert "press Apply" in said
    same = sadtalker3d.load(dubbed)
    np.testing.assert_allclose(same.column("browInnerUp"), track.column("browInnerUp"), atol=1e-4)
    np.testing.assert_allclose(same.column("jawOpen"), track.column("jawOpen"), atol=0.1)

    merry = sadtalker3d.load(seen["merry"])
    assert merry.column("mouthSmileLeft").mean() > track.column("mouthSmileLeft").mean() + 0.1
    said, keys, still = seen["likeness"]
    assert said.startswith("portrait: 64 keys matched") and keys == 65 and still

    assert livelink.read(made["take.csv"]).expression.shape == merry.expression.shape


def test_bad_inputs_are_one_sentence_and_change_nothing(play, take, tmp_path: Path):
    path = take.save(tmp_path / "take.json")
    basel = Track(take.expression, take.rotation, take.translation, space="basel").save(
        tmp_path / "basel.json"
    )
    other = tmp_path / "old"
    other.write_text("#!/bin/sh\necho sadtalker3d 0.0.9\n")
    other.chmod(0o755)
    not_sound = tmp_path / "notes.txt"
    not_sound.write_text("no sound in here")
    a2f = export(take, tmp_path / "capture.a2f.json")
    seen = play(
        "refusals",
        take=path,
        a2f=a2f,
        basel=basel,
        other_version=other,
        not_sound=not_sound,
        map=tmp_path / "mine.json",
        library=tmp_path / "library.blend",
        speech=SAMPLES / "speech.wav",
        packed=tmp_path / "packed.wav",
    )
    says = {
        "absolute": "absolute shape keys",
        "muted": "'jawOpen' is muted",
        "driven": "'jawOpen' has a driver",
        "edit mode": "in edit mode",
        "no bone": "no bone 'Neck'",
        "other rig": "'wing' in the map is no column",
        "no sound": "/nowhere/speech.wav is not there",
        "basel": "needs a track in the 'open' space",
        "not a track": "refusals.py: unknown ending '.py'",
        "no speech": "/nowhere/speech.wav is not there",
        "not sound": "notes.txt",
        "other version": "is version 0.0.9, this extension",
        "no command": "/nowhere/sadtalker3d, named in $SADTALKER3D, is not there",
        "no shape keys": "has no shape keys",
        "no known name": "none of the shape keys has a known name (whatever)",
    }
    says["linked"], says["override"] = "'Teeth' is linked", "is a library override"
    if "packed" in seen:
        says["packed"] = "is packed into the .blend"
    for name, words in says.items():
        result, message, actions = seen[name]
        assert result == ["CANCELLED"], name
        assert words in message and "\n" not in message, (name, message)
        assert actions == 0, f"{name}: nothing is left behind"
    assert seen["characters"] == 1
    assert seen["captured"] == ["capture.a2f: 100 frames at 25 a second", 2]
    assert "held within the sliders' range: jawOpen" in seen["limited"]
    assert seen["other"] == [False, True], "each character has its own"
    assert seen["map"] == ["mine.json: 7 lines", 0.5]
