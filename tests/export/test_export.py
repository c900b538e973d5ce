"""One function for every format: chosen by ending, nothing overwritten, nothing half-written."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.export import FORMATS, export, format_of, read
from sadtalker3d.track import Track

ROOT = Path(sadtalker3d.__file__).parents[1]


@pytest.mark.parametrize("ending", ["glb", "csv", "json", "npz", "a2f.json", "a2f.csv"])
def test_every_ending_writes_and_reads(tmp_path, full_take: Track, face, ending):
    options = {"fold_speech": False} if "fold_speech" in format_of(tmp_path / f"a.{ending}").options else {}
    path = export(full_take, tmp_path / "neu" / f"głowa 1 头.{ending}", face=face, **options)
    back = read(path)
    arkit = slice(0, 52)
    np.testing.assert_array_equal(back.expression[:, arkit], full_take.expression[:, arkit])
    if "a2f" not in ending:  # has no place for it
        np.testing.assert_allclose(back.rotation, full_take.rotation, atol=1e-6)
    assert back.fps == 25


def test_upper_case_endings_are_known(tmp_path, take: Track):
    assert read(export(take, tmp_path / "TAKE.CSV")).space == "open"


def test_every_format_has_both_directions_and_its_options():
    for name, known in FORMATS.items():
        module = import_module(f"sadtalker3d.export.{known.module}")
        assert set(known.options) <= set(inspect.signature(module.write).parameters), name
        if known.reads:
            assert set(known.reading) <= set(inspect.signature(module.read).parameters), name
        assert known.endings


def test_package_is_the_function(tmp_path, take: Track):
    assert sadtalker3d.export(take, tmp_path / "a.csv") == tmp_path / "a.csv"


def test_format_can_be_named(tmp_path, take: Track):
    path = export(take, tmp_path / "take.txt", format="livelink")
    assert path.read_text().startswith("Timecode,")
    assert len(read(path, format="livelink")) == len(take)


@pytest.mark.parametrize("ending", ["glb", "csv", "json"])
def test_existing_file_is_kept_unless_forced(tmp_path, take: Track, face, ending):
    path = tmp_path / f"take.{ending}"
    path.write_text("mine")
    with pytest.raises(UserError, match=rf"take\.{ending}: exists already"):
        export(take, path, face=face)
    assert path.read_text() == "mine"
    export(take, path, face=face, force=True)
    assert path.stat().st_size > 100


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("take.fbx", {}, r"take\.fbx: an FBX file is made by Blender: export a \.glb, open it there"),
        ("take.ABC", {}, r"take\.ABC: an Alembic file is made by Blender: export a \.glb or \.usda"),
        ("take.x", {"format": "alembic"}, "an Alembic file is made by Blender"),
        ("take.bvh", {}, r"unknown ending '\.bvh'; choose one of \.glb"),
        ("take", {}, "unknown ending ''"),
        ("take.glb", {"angle_unit": "deg"}, r"take\.glb: --angle-unit goes with \.csv; leave it out"),
        ("take.csv", {"format": "bvh"}, "unknown format 'bvh'; choose one of gltf"),
        ("take.csv", {"angle_unit": "turns"}, "unknown angle unit 'turns'; choose rad or deg"),
    ],
)
def test_what_cannot_be_written_says_why_and_leaves_nothing(tmp_path, take: Track, name, options, message):
    with pytest.raises(UserError, match=message):
        export(take, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["glb", "csv"])
def test_basel_track_on_the_open_head_is_refused(tmp_path, take: Track, face, ending):
    basel = take.replace(space="basel", names=())
    with pytest.raises(UserError, match="'basel'"):
        export(basel, tmp_path / f"take.{ending}", face=face)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["glb", "csv", "json", "npz"])
def test_a_file_of_another_kind_is_named(tmp_path, ending):
    path = tmp_path / f"note.{ending}"
    path.write_bytes(b"\x89dear diary\xff\x00")
    with pytest.raises(UserError, match=rf"note\.{ending}: "):
        read(path)


@pytest.mark.parametrize("ending", ["glb", "csv", "json", "npz", "mat"])
def test_an_empty_file_is_named(tmp_path, ending):
    path = tmp_path / f"empty.{ending}"
    path.write_bytes(b"")
    with pytest.raises(UserError, match=rf"empty\.{ending}: "):
        read(path)


FLOOR = """
import sys
sys.modules.update(dict.fromkeys(["scipy", "cv2", "PIL", "torch", "soundfile", "librosa", "av", "typer"]))
import sadtalker3d, numpy as np
still = np.zeros((30, 3))
take = sadtalker3d.Track(np.random.default_rng(0).random((30, 64)), still, still)
for ending in ("json", "npz", "csv", "a2f.json", "a2f.csv"):
    sadtalker3d.export(take, f"take.{ending}")
    assert len(sadtalker3d.load(f"take.{ending}")) == 30
outside = {name.partition(".")[0] for name, module in sys.modules.items() if module} - sys.stdlib_module_names
print(sorted(name for name in outside if not name.startswith(("_", "numpy", "cython", "sadtalker3d"))))
"""


def test_what_blender_runs_needs_numpy_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-S", "-c", FLOOR],
        capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(np.__file__).parents[1])])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
