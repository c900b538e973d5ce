"""`export` as a user meets it: every format one way and back, and one sentence for every take that is no take."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.export import FORMATS, export
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.track import Track
from tests.test_cli import refused, run

ENDINGS = [
    ending for known in FORMATS.values() for ending in known.endings if ending not in (".mat", ".usd", ".htm")
]
READ_BACK = [
    ending
    for known in FORMATS.values()
    if known.reads
    for ending in known.endings
    if ending not in (".json", ".mat", ".usd")
]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def one_frame(take: Track) -> Track:
    return take.replace(**{n: getattr(take, n)[:1] for n in ("expression", "rotation", "translation")})


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_frame_in_every_format(monkeypatch, capsys, tmp_path, take, ending):
    path = one_frame(take).save(tmp_path / "take.json")
    out = tmp_path / f"mój out 1{ending}"
    if out == path:
        return
    assert run(monkeypatch, "export", path, "-o", out) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.strip() == str(out) and out.stat().st_size > 100
    before = contents(tmp_path)
    refused(capsys, run(monkeypatch, "export", path, "-o", out), "exists already", "--force")
    assert contents(tmp_path) == before
    assert run(monkeypatch, "export", path, "-o", out, "--force") == 0
    assert contents(tmp_path) == before  # the same bytes


@pytest.mark.parametrize("ending", READ_BACK)
def test_every_format_that_holds_a_track_is_a_take(monkeypatch, capsys, tmp_path, take, ending):
    """Jaw and blinks, which all of them carry; what each keeps exactly is tested beside it."""
    given = take.replace(expression=take.expression * np.isin(take.names, ["jawOpen", "eyeBlinkLeft"]))
    there = export(given, tmp_path / f"there{ending}")
    assert run(monkeypatch, "export", there, "-o", tmp_path / "back.json") == 0, capsys.readouterr().err
    back = sadtalker3d.load(tmp_path / "back.json")
    assert len(back) == len(given) and back.fps == 25
    np.testing.assert_allclose(back.column("eyeBlinkLeft"), given.column("eyeBlinkLeft"), atol=1e-6)
    if ending == ".vrma":
        assert np.corrcoef(back.column("jawOpen"), given.column("jawOpen"))[0, 1] > 0.97
    else:
        np.testing.assert_array_equal(back.column("jawOpen"), given.column("jawOpen"))


def test_the_command_takes_what_the_formats_take(monkeypatch, capsys, tmp_path, take):
    longer = {n: np.tile(getattr(take, n), (4, 1)) for n in ("expression", "rotation", "translation")}
    path = take.replace(**longer).save(tmp_path / "take.json")
    csv = tmp_path / "t.csv"
    assert run(monkeypatch, "export", path, "-o", csv, "--angle-unit", "deg", "--fps", 30) == 0
    read = ("export", csv, "-o", tmp_path / "b.json")
    assert run(monkeypatch, *read, "--angle-unit", "deg") == 0
    back = sadtalker3d.load(tmp_path / "b.json")
    assert back.fps == 30
    np.testing.assert_allclose(back.rotation[0], take.rotation[0], atol=1e-6)
    assert run(monkeypatch, *read, "--angle-unit", "deg", "--neutral-first-frame", "--force") == 0
    rest = sadtalker3d.load(tmp_path / "b.json")
    assert not rest.rotation[0].any() and not rest.expression[0].any() and rest.rotation.any()
    assert run(monkeypatch, "export", path, "-o", tmp_path / "t.vrma", "--expressions", "arkit") == 0
    assert run(monkeypatch, "export", path, "-o", tmp_path / "frames", "--format", "ply") == 0
    assert len(list((tmp_path / "frames").glob("head_*.ply"))) == 48
    for options, word in (
        (("-o", tmp_path / "x.glb", "--angle-unit", "deg"), "--angle-unit goes with .csv"),
        (("-o", tmp_path / "x.glb", "--fill-missing"), "--fill-missing goes with .csv"),
        (("-o", tmp_path / "x.usda", "--expressions", "arkit"), "--expressions goes with .vrma"),
        (("-o", tmp_path / "x.vrma", "--expressions", "all"), "choose presets or arkit"),
        (("-o", tmp_path / "x.csv", "--format", "maya"), "unknown format 'maya'"),
        (("-o", tmp_path / "x.abc"), "made by Blender"),
        (("-o", tmp_path / "x.fbx"), "made by Blender"),
        (("-o", tmp_path / "x.usdz"), "usdzip"),
        (("-o", tmp_path / "x.obj"), "x_%05d.obj"),
        (("-o", tmp_path / "x.csv", "--fps", 0), "0.0 frames a second is not possible"),
    ):
        refused(capsys, run(monkeypatch, "export", path, *options), word)
    assert not list(tmp_path.glob("x*"))


def test_what_a_file_holds_besides_is_said(monkeypatch, capsys, tmp_path):
    data = {"exportFps": 30, "facsNames": ["jawOpen", "earWiggle"], "weightMat": [[0, 1]]}
    (tmp_path / "theirs.json").write_text(json.dumps(data))
    assert run(monkeypatch, "export", tmp_path / "theirs.json", "-o", tmp_path / "t.csv") == 0
    assert "left out 1 that a track does not have: earWiggle" in capsys.readouterr().err


def test_files_that_come_besides_are_named(monkeypatch, capsys, tmp_path, take):
    path = take.save(tmp_path / "take.json")
    assert run(monkeypatch, "export", path, "-o", tmp_path / "x.pc2") == 0
    assert "beside it: x_rest.obj, x_rest.mtl, x_texture.png" in capsys.readouterr().err


@pytest.mark.slow
def test_a_recording_of_another_program_can_be_previewed(monkeypatch, capsys, tmp_path, take):
    path = export(take, tmp_path / "MySlate_1.csv")
    assert run(monkeypatch, "preview", path, "-o", tmp_path / "p.mp4", "--size", 64) == 0
    assert (tmp_path / "p.mp4").stat().st_size > 1000


def hostile_glb(count: int) -> bytes:
    """A VRM animation whose accessor says more than the file holds."""
    document = {
        "asset": {"version": "2.0"},
        "extensions": {
            "VRMC_vrm_animation": {"specVersion": "1.0", "expressions": {"preset": {"aa": {"node": 0}}}}
        },
        "nodes": [{}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": count, "type": "SCALAR"}],
        "bufferViews": [{"buffer": 0, "byteLength": 4}],
        "buffers": [{"byteLength": 4}],
        "animations": [
            {
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
                "samplers": [{"input": 0, "output": 0}],
            }
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + 4
    return (
        struct.pack("<4sIIII", b"glTF", 2, total, len(text), 0x4E4F534A)
        + text
        + struct.pack("<II4x", 4, 0x004E4942)
    )


def usda(sample: str) -> bytes:
    return (
        '#usda 1.0\ndef SkelAnimation "T"\n{\n    uniform token[] blendShapes = ["jawOpen"]\n'
        f"    float[] blendShapeWeights.timeSamples = {{\n        0: [0],\n{sample}"
    ).encode()


WEIGHTS = "Timecode,BlendshapeCount," + ",".join(name[0].upper() + name[1:] for name in ARKIT_52)
ROW = "00:00:00:00,61" + ",0.5" * 52

BAD_TAKES: list[tuple[str, bytes, str]] = [
    ("nan.csv", f"{WEIGHTS}\n{ROW[:-3]}nan\n".encode(), "not a finite number in frame 0"),
    ("short.csv", b"Timecode,JawOpen\n00:00:00:00,1\n", "lacks 51 of the 52 weights: EyeBlinkLeft"),
    ("locale.csv", f"{WEIGHTS}\n{ROW.replace('.', ',')}\n".encode(), "are its numbers written 0,5?"),
    ("cut.csv", f"{WEIGHTS}\n{ROW}\n{ROW[:40]}".encode(), "line 3 has"),
    ("none.csv", f"{WEIGHTS}\n".encode(), "has a header, but no frames"),
    ("binary.csv", b"\x89PNG\r\n\x1a\n\0\0\xff", "is not a text file"),
    (
        "counts.json",
        b'{"facsNames": ["jawOpen"], "numFrames": 2147483648, "weightMat": [[0]]}',
        "'numFrames' says",
    ),
    ("poses.json", b'{"facsNames": ["jawOpen"], "numPoses": 52, "weightMat": [[0]]}', "'numPoses' says 52"),
    ("rows.json", b'{"facsNames": ["jawOpen"], "weightMat": [[0], [0, 1]]}', "has 2 weights in frame 1"),
    ("nan.json", b'{"facsNames": ["jawOpen"], "weightMat": [[NaN]]}', "not a finite number in frame 0"),
    ("cut.json", b'{"facsNames": ["jawOpen"], "weightMat": [[0], [0', "not readable as JSON"),
    (
        "times.a2f.csv",
        b",timeCode,blendShapes.JawOpen\n0,0,1\n1,0,1\n",
        "timeCode of frame 1 does not come after",
    ),
    ("huge.vrma", hostile_glb(2**31), "says it has 2147483648 rows"),
    ("past.vrma", hostile_glb(1000), "reaches beyond the end"),
    ("cut.vrma", hostile_glb(1)[:-7], "damaged or truncated"),
    ("other.vrma", b"GIF89a", "not a GLB file"),
    ("cut.usda", usda(""), "truncated"),
    ("huge.usda", usda("        2000000000: [1],\n    }\n}\n"), "span 2000000001 frames, more than a day"),
    ("nan.usda", usda("        1: [nan],\n    }\n}\n"), "not a finite number in frame 1"),
    ("binary.usda", b"PXR-USDC\0\0\0", "usdcat"),
    ("past.glb", hostile_glb(1000), "past.glb"),
    ("points.mdd", struct.pack(">ii", 2**31 - 1, 2**31 - 1), "holds the head's points"),
    ("scene.abc", b"Ogawa", "export a .glb from there"),
    ("scene.fbx", b"Kaydara", "export a .glb from there"),
    ("scene.usdc", b"PXR-USDC", "usdcat"),
]


@pytest.mark.parametrize(("name", "content", "word"), BAD_TAKES, ids=[name for name, *_ in BAD_TAKES])
def test_a_take_that_is_none_is_one_sentence(monkeypatch, capsys, tmp_path, name, content, word):
    path = tmp_path / name
    path.write_bytes(content)
    for out in ("x.glb", "x.csv"):
        refused(capsys, run(monkeypatch, "export", path, "-o", tmp_path / "new" / out), name, word)
    refused(capsys, run(monkeypatch, "preview", path, "-o", tmp_path / "x.mp4"), name, word)
    assert contents(tmp_path) == {str(path): content}


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending not in (".json", ".npz")])
def test_a_track_of_nans_is_refused_before_anything_is_made(monkeypatch, capsys, tmp_path, take, ending):
    path = take.save(tmp_path / "take.json")
    data = json.loads(path.read_text())
    data["rotation"][5][1] = float("nan")
    path.write_text(json.dumps(data))
    before = contents(tmp_path)
    code = run(monkeypatch, "export", path, "-o", tmp_path / f"x{ending}")
    refused(capsys, code, "take.json", "field 'rotation' is not a finite number in frame 5")
    assert contents(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "vrma"])
def test_a_hundred_thousand_frames(monkeypatch, tmp_path, ending):
    still = np.zeros((100_000, 3), np.float32)
    path = Track(np.zeros((100_000, 64), np.float32), still, still).save(tmp_path / "take.npz")
    assert run(monkeypatch, "export", path, "-o", tmp_path / f"x.{ending}") == 0
    assert len(sadtalker3d.load(tmp_path / f"x.{ending}")) == 100_000


def test_a_hundred_thousand_meshes_need_another_disk_or_more_digits(monkeypatch, capsys, tmp_path):
    still = np.zeros((100_001, 3), np.float32)
    path = Track(np.zeros((100_001, 64), np.float32), still, still).save(tmp_path / "take.npz")
    code = run(monkeypatch, "export", path, "-o", tmp_path / "x_%05d.ply")
    refused(capsys, code, "has numbers for 100000 frames, this track has 100001; write %06d")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10**9})())
    for name in ("x.mdd", "x_%06d.obj"):
        refused(capsys, run(monkeypatch, "export", path, "-o", tmp_path / name), "GB, 1.0 GB are free")
    assert not list(tmp_path.glob("x*"))


def test_help_lists_every_ending(monkeypatch, capsys):
    assert run(monkeypatch, "export", "--help") == 0
    shown = capsys.readouterr().out
    for name, known in FORMATS.items():
        assert name in shown, name
        assert all(ending in shown for ending in known.endings if ending not in (".usd", ".htm")), known
