"""The page in Debian's Chromium: no error, no network; it plays, and the mouth does what the track says."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.export import export, page
from sadtalker3d.export.page.opening import opening_mm
from sadtalker3d.export.page.speech import BIT_RATES, encode
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track
from tests.export.node import NODE, in_chromium, installed, needs_chromium

FRAMES, OPEN, CLOSED = 200, 20, 30
DURATION_S = FRAMES / 25


def vowel_and_bilabial() -> Track:
    """Eight seconds: the mouth wide open at frame 20, its lips pressed together at frame 30."""

    def peak(at: int) -> np.ndarray:
        return np.maximum(1 - np.abs(np.arange(FRAMES) - at) / 5, 0)

    expression = np.zeros((FRAMES, 64), np.float32)
    for name, at, strength in (
        ("jawOpen", OPEN, 0.6), ("mouthLowerDownLeft", OPEN, 0.3), ("mouthLowerDownRight", OPEN, 0.3),
        ("mouthSeal", CLOSED, 0.7), ("jawOpen", CLOSED, 0.1), ("mouthClose", CLOSED, 0.1),
    ):  # fmt: skip
        expression[:, OPEN_64.index(name)] += strength * peak(at)
    turned = np.zeros((FRAMES, 3))
    turned[:, 1] = 0.1 * np.sin(np.arange(FRAMES) / 8)
    return Track(expression, turned, np.zeros((FRAMES, 3)), audio="clicks.wav")


def glb_of(document: Any) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text), len(text), 0x4E4F534A) + text


CLICKS_S = (0.25, 3.8, 7.7)


def clicks(path: Path, rate: int = 44100) -> Path:
    sound = np.zeros(8 * rate, np.float32)
    for at in CLICKS_S:
        sound[round(at * rate) : round(at * rate) + 40] = 0.8 * np.hanning(40)
    soundfile.write(path, sound, rate)
    return path


SHOWN = """async () => {
  const p = await player, head = p.scene.getObjectByName("Head");
  const inside = [];
  head.traverse((mesh) => INSIDE.includes(mesh.material?.name) && inside.push(mesh.material));
  const looks = inside.map((material) => [material.color.clone(), material.emissive.clone()]);
  inside.forEach((material) => (material.color.set(0, 0, 0), material.emissive.set(0, 0.7, 0)));
  p.draw();
  inside.forEach((material, i) => (material.color.copy(looks[i][0]), material.emissive.copy(looks[i][1])));
  const gl = p.renderer.getContext(), { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
  const pixels = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  let green = 0, drawn = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] > 200) drawn++;
    if (pixels[i + 1] > 1.5 * (pixels[i] + pixels[i + 2])) green++;
  }
  const weights = Object.fromEntries([...p.shapes.keys()].map((name) => [name, p.weight(name)]));
  return { frame: p.frame, time: p.time, weights, drawn, inside: green / drawn, turn: head.quaternion.toArray() };
}""".replace("INSIDE", '["mouth", "teeth", "gums", "tongue"]')
"""The pose that is shown, and how much of the head's pixels shows the inside of the mouth, painted green for it."""
PLAYED = """async () => {
  const p = await player, from = p.time, at = performance.now(), pairs = [];
  while (performance.now() - at < 700) {
    await new Promise(requestAnimationFrame);
    pairs.push([p.time, p.audio.currentTime]);
  }
  return { playing: p.playing, from, to: p.time, took: (performance.now() - at) / 1000, pairs };
}"""
FROM_195 = "async () => { const p = await player; p.toFrame(195); await p.setPlaying(true); }"
SOUND = """async () => {
  const p = await player;
  const data = await (await fetch(p.audio.src)).arrayBuffer();
  const sound = (await new OfflineAudioContext(1, 1, 24000).decodeAudioData(data)).getChannelData(0);
  return [...sound].map((value) => Math.round(32767 * value));
}"""


def at_frame(frame: int) -> str:
    """Scrub to a frame and wait until it is shown."""
    return f"""async () => {{
      const p = await player;
      p.toFrame({frame});
      for (let i = 0; i < 20 && (i < 3 || p.frame !== {frame} || p.audio?.seeking); i++)
        await new Promise((done) => setTimeout(done, 50));
      return await ({SHOWN})();
    }}"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict[str, Any]:
    """All that one visit of the page showed."""
    folder = tmp_path_factory.mktemp("page")
    clicks(folder / "clicks.wav")
    made = page.write(vowel_and_bilabial(), folder / "mój take.html", title="Anna & <Otto>")
    (folder / "clicks.wav").unlink()  # the page has it
    steps = [
        ("evaluate", "async () => (await player).take"), ("evaluate", at_frame(OPEN)),
        ("evaluate", at_frame(CLOSED)), ("evaluate", at_frame(0)),
        ("press", "Shift+ArrowRight"), ("press", "ArrowRight"), ("press", "ArrowRight"), ("press", "ArrowLeft"),
        ("wait", 300), ("evaluate", "async () => (await player).frame"),
        ("evaluate", "async () => (await player).toFrame(3)"), ("wait", 100),
        ("click", "#play"), ("evaluate", PLAYED), ("press", " "),
        ("evaluate", "async () => (await player).playing"), ("evaluate", SOUND),
        ("press", "l"), ("evaluate", FROM_195),
        ("wait", 1200), ("evaluate", "async () => { const p = await player; return [p.playing, p.frame]; }"),
        ("press", "l"), ("evaluate", FROM_195),
        ("wait", 1200), ("evaluate", "async () => { const p = await player; return [p.playing, p.frame]; }"),
        ("evaluate", "() => [...document.querySelectorAll('button, select, input, canvas, [role=meter]')]"
                     ".filter((e) => !e.hidden && !e.ariaHidden && !e.ariaLabel).map((e) => e.outerHTML)"),
        ("evaluate", "() => [...document.querySelectorAll('.shape .name')].map((e) => e.textContent)"),
        ("evaluate", "() => document.querySelector('h1').textContent"),
    ]  # fmt: skip
    found = in_chromium(made, *steps, width=480, height=640)
    answers = iter(
        answer for (act, _), answer in zip(steps, found["answers"], strict=True) if act == "evaluate"
    )
    names = (
        "take", "open", "closed", "rest", "stepped", "_", "played", "paused", "sound", "_", "ended", "_", "looped",
        "unlabelled", "bars", "heading",
    )  # fmt: skip
    return {**found, **dict(zip(names, answers, strict=True))}


@needs_chromium
@pytest.mark.slow
class TestInChromium:
    def test_without_errors_and_without_network(self, seen):
        assert seen["errors"] == []
        assert len(seen["requests"]) > 0
        assert [url for url in seen["requests"] if not re.match(r"file:.*take\.html$|blob:|data:", url)] == []

    def test_scrubbed_to_a_frame_every_shape_has_the_tracks_weight(self, seen):
        track = vowel_and_bilabial()
        for name, frame in (("open", OPEN), ("closed", CLOSED), ("rest", 0)):
            assert seen[name]["frame"] == frame
            shown = [seen[name]["weights"][column] for column in OPEN_64]
            # the page is a hair, half a millisecond, past the frame's own time
            np.testing.assert_allclose(shown, track.expression[frame], atol=0.003)
            assert seen[name]["turn"][1] == pytest.approx(np.sin(track.rotation[frame, 1] / 2), abs=1e-3)

    def test_the_mouth_is_seen_open_at_the_vowel_and_closed_at_the_bilabial(self, seen):
        assert seen["open"]["drawn"] > 10_000
        assert seen["open"]["inside"] > 0.01
        assert seen["closed"]["inside"] < 0.0005

    def test_it_plays_by_the_sounds_clock(self, seen):
        played = seen["played"]
        assert played["playing"]
        assert played["to"] - played["from"] == pytest.approx(played["took"], abs=0.3)
        shown, heard = np.array(played["pairs"]).T
        assert (np.diff(shown) >= 0).all()
        assert np.abs(shown - heard).max() <= 0.1
        assert not seen["paused"]

    def test_the_sound_lies_where_it_was(self, seen):
        sound = np.abs(np.array(seen["sound"]))
        assert len(sound) == pytest.approx(DURATION_S * 24000, abs=24000 * 0.05)
        for at in CLICKS_S:
            near = slice(round((at - 0.1) * 24000), round((at + 0.1) * 24000))
            assert np.argmax(sound[near]) / 24000 - 0.1 == pytest.approx(0, abs=0.002)

    def test_keys_step_by_frames(self, seen):
        assert seen["stepped"] == 26

    def test_it_stops_at_the_end_unless_it_loops(self, seen):
        playing, frame = seen["ended"]
        assert (playing, frame) == (False, FRAMES - 1)
        playing, frame = seen["looped"]
        assert playing and frame < 195

    def test_everything_to_touch_has_a_label(self, seen):
        assert seen["unlabelled"] == []
        assert seen["heading"] == "Anna & <Otto>"

    def test_bars_are_the_strongest_shapes(self, seen):
        assert seen["bars"][0] == "jawOpen"
        assert set(seen["bars"]) == {"jawOpen", "mouthLowerDown", "mouthSeal", "mouthClose"}


def test_one_small_file_with_nothing_to_fetch(tmp_path, speech, portrait):
    track = vowel_and_bilabial().replace(audio=speech.as_posix())
    told: list[str] = []
    made = export(track, tmp_path / "take.html", tell=told.append)
    text = made.read_text()
    assert made.stat().st_size < 6_000_000 and told == []
    assert "default-src 'none'" in text
    assert re.findall(r"""(?:src|href)=["'](?!data:)[^"']*""", text) == []
    assert "MIT License" in text and "three.js authors" in text
    assert list(tmp_path.iterdir()) == [made]


def test_any_glb_and_the_same_bytes(tmp_path, take: Track):
    pages = [
        page.write(take, tmp_path / name / "a.html", glb=glb_of({"asset": {"version": "2.0"}}))
        for name in "ab"
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_sound_that_is_gone_is_told(tmp_path, take: Track):
    told: list[str] = []
    page.write(take.replace(audio="gone.wav"), tmp_path / "a.html", glb=glb_of({}), tell=told.append)
    assert "gone.wav" in told[0] and "silent" in told[0]


def test_a_name_cannot_end_the_script(tmp_path, take: Track):
    made = page.write(
        take, tmp_path / "a.html", glb=glb_of({}), title="</script><script>alert(1)</script>{{HEAD}}"
    )
    text = made.read_text()
    assert text.count("<script") == text.count("</script") == 5
    assert "alert(1)</script>" not in text and "{{HEAD}}" in text


@pytest.mark.parametrize(
    ("glb", "message"),
    [
        (b"", "not a GLB"),
        (b"PK" + bytes(100), "not a GLB"),
        (glb_of({})[:-4], "not a GLB"),
        (glb_of([1]), "damaged"),
        (glb_of({})[:20] + b"[[[[", "damaged"),
        (glb_of({"extensionsRequired": ["KHR_draco_mesh_compression"]}), "Draco"),
        (glb_of({"extensionsRequired": ["EXT_meshopt_compression"]}), "meshopt"),
    ],
)
def test_what_it_cannot_show(tmp_path, take: Track, glb, message):
    with pytest.raises(UserError, match=message):
        page.write(take, tmp_path / "a.html", glb=glb)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not installed("esbuild"), reason="run: npm ci --prefix tests/node")
def test_the_bundle_is_what_npm_gives(tmp_path):
    made = tmp_path / "three.bundle.js"
    subprocess.run(["node", NODE / "bundle_three.mjs", made], cwd=NODE, check=True)
    committed = Path(page.__file__).with_name("three.bundle.js")
    assert made.read_bytes() == committed.read_bytes()


def test_a_page_is_not_read(tmp_path, take: Track):
    with pytest.raises(UserError, match="only to look at"):
        page.read(page.write(take, tmp_path / "a.html", glb=glb_of({})))


def test_the_curve_is_the_gap_of_the_lips():
    track, face = vowel_and_bilabial(), bfm.load("open")
    curve = opening_mm(track)
    upper, lower = (face.vertices(None, track.expression)[:, face.landmarks68[i], 1] for i in (62, 66))
    np.testing.assert_allclose(curve, np.maximum(1000 * (upper - lower), 0), atol=0.05)
    assert curve[OPEN] > 8 and curve[CLOSED] < 1


@pytest.mark.parametrize(("room", "rate"), [(10**6, 64_000), (9000, 32_000), (10, 24_000)])
def test_speech_is_as_large_as_there_is_room(tmp_path, room, rate):
    speech = encode(clicks(tmp_path / "a.wav"), 2.0, room)
    assert speech.bit_rate == rate in BIT_RATES
    assert len(speech.data) < 2 * rate / 8 + 1500
