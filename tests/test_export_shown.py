"""`export` on files: profiles and quantized GLBs, a person's head, and pages."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.commands_export import export
from sadtalker3d.errors import UserError
from sadtalker3d.export import gltf
from sadtalker3d.export.glb import GlbReader
from sadtalker3d.track import Track


@pytest.fixture
def take_file(tmp_path, take: Track, speech):
    return take.replace(audio=speech.as_posix()).save(tmp_path / "take.json")


def test_eight_shapes_and_what_they_lose(tmp_path, take_file):
    made = export(take_file, tmp_path / "take.glb", profile="visemes", quantized=True)
    document = GlbReader(made.file).document
    assert document["meshes"][0]["extras"]["targetNames"][0] == "viseme_aa"
    assert document["extensionsRequired"] == ["KHR_mesh_quantization"]
    assert any("mm off" in note for note in made.notes)


@pytest.mark.parametrize(
    ("ending", "options", "message"),
    [
        ("csv", {"profile": "visemes"}, "--profile goes with"),
        ("html", {"quantized": True}, "--quantized goes with"),
        ("csv", {"portrait": "portrait.jpg"}, "--portrait"),
        ("glb", {"profile": "twelve"}, "full or visemes"),
    ],
)
def test_options_that_do_not_fit(tmp_path, take_file, ending, options, message):
    with pytest.raises(UserError, match=message):
        export(take_file, tmp_path / f"x.{ending}", **options)
    assert not (tmp_path / f"x.{ending}").exists()


@pytest.mark.slow
def test_a_persons_head_with_the_photo_as_texture(tmp_path, take_file, portrait):
    def picture(path) -> bytes:
        data, document = path.read_bytes(), GlbReader(path).document
        view = document["bufferViews"][document["images"][0]["bufferView"]]
        start = 28 + int.from_bytes(data[12:16], "little") + view["byteOffset"]
        return data[start : start + view["byteLength"]]

    someone = export(take_file, tmp_path / "someone.glb", portrait=portrait).file
    anyone = gltf.write(Track(np.zeros((1, 64)), np.zeros((1, 3)), np.zeros((1, 3))), tmp_path / "any.glb")
    assert picture(someone)[:3] == picture(anyone)[:3] == b"\xff\xd8\xff"
    assert picture(someone) != picture(anyone)
    page = export(take_file, tmp_path / "someone.html", portrait=portrait)
    assert page.notes == () and page.file.stat().st_size < 6_000_000
