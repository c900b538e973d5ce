"""Folders of OBJ files: ICT-FaceKit's layout is read, and damaged ones are one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.rig.obj_folder import read_folder

SQUARE = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\nusemtl M\nf 1/1/1 2/1/1 3/1/1 4/1/1\n"
MOVED = SQUARE.replace("v 1 1 0", "v 1 1.5 0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"generic_neutral_mesh": SQUARE, "jawOpen": MOVED, "still_L": SQUARE, "identity000": MOVED}
    for name, text in files.items():
        (tmp_path / f"{name}.obj").write_text(text)
    (tmp_path / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": [0, 1, 2, 3] * 17}))
    return tmp_path


def test_ict_facekits_layout(folder):
    got = read_folder(folder)
    assert list(got.shapes) == ["jawOpen"]
    assert got.empty == ("still_L",)
    np.testing.assert_allclose(got.shapes["jawOpen"], [[0, 0, 0], [0, 0, 0], [0, 0.5, 0], [0, 0, 0]])
    np.testing.assert_array_equal(got.faces, [[0, 1, 2], [0, 2, 3]])  # the quad as two triangles
    assert got.landmarks68 is not None and got.landmarks68[2] == 2


def test_faces_counted_backwards(folder):
    (folder / "generic_neutral_mesh.obj").write_text(
        SQUARE.replace("f 1/1/1 2/1/1 3/1/1 4/1/1", "f -4 -3 -2")
    )
    np.testing.assert_array_equal(read_folder(folder).faces, [[0, 1, 2]])


def test_another_neutral_face_and_landmarks_of_ones_own(folder):
    (folder / "own.json").write_text(json.dumps([3] * 68))
    got = read_folder(folder, neutral="jawOpen", landmarks=folder / "own.json")
    assert set(got.shapes) == {"generic_neutral_mesh", "still_L"}
    assert got.landmarks68 is not None and (got.landmarks68 == 3).all()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("jawOpen.obj", "v 0 0 0\nv 1 0 0\nv 1 1 0\n", "has 3 vertices, generic_neutral_mesh.obj has 4"),
        ("jawOpen.obj", MOVED.replace("1.5", "x"), "not three numbers"),
        ("jawOpen.obj", MOVED.replace("1.5", "nan"), "finite"),
        ("jawOpen.obj", MOVED.replace("v 1 1.5 0", "v 1 1.5"), "not three"),
        ("jawOpen.obj", "", "has 0 vertices"),
        ("jawOpen.obj", SQUARE, "none of its files moves anything"),
        ("generic_neutral_mesh.obj", SQUARE.replace("4/1/1", "5/1/1"), "vertex that is not there"),
        ("generic_neutral_mesh.obj", SQUARE.replace("4/1/1", "-9"), "vertex that is not there"),
        ("generic_neutral_mesh.obj", SQUARE.replace("4/1/1", "x"), "not a list of vertices"),
        ("generic_neutral_mesh.obj", SQUARE[: SQUARE.index("f ")], "has no faces"),
        ("my_neutral.obj", SQUARE, "several files have 'neutral'"),
        ("vertex_indices.json", "{}", "68 vertices from 0 to 3"),
        ("vertex_indices.json", json.dumps([4] * 68), "68 vertices from 0 to 3"),
        ("vertex_indices.json", json.dumps([True] * 68), "68 vertices from 0 to 3"),
        ("vertex_indices.json", "[", "not JSON"),
    ],
)
def test_what_is_damaged_is_named(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read_folder(folder)


def test_what_is_no_character(tmp_path):
    with pytest.raises(UserError, match="is no folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(UserError, match="holds 0"):
        read_folder(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.obj").write_text(SQUARE)
    with pytest.raises(UserError, match="no file has 'neutral'"):
        read_folder(tmp_path)
    with pytest.raises(UserError, match="holds no 'c'"):
        read_folder(tmp_path, neutral="c")
    (tmp_path / "b.obj").write_text(MOVED)
    with pytest.raises(UserError, match="--landmarks"):
        read_folder(tmp_path, neutral="a").face_model()
