"""A page of somebody's own character: its own names, and the face in the middle of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.export import export
from sadtalker3d.export.glb import GlbReader
from sadtalker3d.export.onto import talking_bytes
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import Track
from tests.export.characters import full_body, visemes_only
from tests.export.node import in_chromium, needs_chromium

SHOWN = """async () => {
  const p = await player;
  p.toFrame(13);
  await new Promise((done) => setTimeout(done, 300));
  p.draw();
  return {
    weights: Object.fromEntries([...p.shapes.keys()].map((name) => [name, p.weight(name)])),
    target: p.controls.target.toArray(), clip: p.clip.name,
  };
}"""


@needs_chromium
@pytest.mark.slow
def test_it_plays(tmp_path, speaking: Track):
    character = visemes_only(tmp_path / "bob.glb")
    seen = in_chromium(
        export(speaking, tmp_path / "bob.html", onto=character), ("evaluate", SHOWN), width=300, height=400
    )
    (shown,) = seen["answers"]
    assert seen["errors"] == []
    (tmp_path / "talking.glb").write_bytes(talking_bytes(speaking, character)[0])
    file = GlbReader(tmp_path / "talking.glb")
    names = file.document["meshes"][0]["extras"]["targetNames"]
    animation = file.document["animations"][-1]
    (sampler,) = {c["sampler"] for c in animation["channels"] if c["target"]["path"] == "weights"}
    weights = file.values(animation["samplers"][sampler]["output"]).reshape(len(speaking), len(names))
    np.testing.assert_allclose([shown["weights"][name] for name in names], weights[13], atol=1e-5)
    assert shown["clip"] == animation["name"]
    assert 1.4 < shown["target"][1] < 1.8  # it looks at the head, not at the feet


@needs_chromium
@pytest.mark.slow
def test_a_picture_and_extensions_of_others_do_no_harm(tmp_path, speaking: Track):
    page = export(speaking, tmp_path / "body.html", onto=full_body(tmp_path / "body.glb"))
    seen = in_chromium(page, ("evaluate", SHOWN), width=300, height=400)
    assert seen["errors"] == []
    (shown,) = seen["answers"]
    expected = dict(zip(ARKIT_52, to_arkit(speaking)[13], strict=True))
    for name in ("jawOpen", "mouthPucker", "mouthFunnel"):
        assert shown["weights"][name] == pytest.approx(expected[name], abs=1e-5)
    assert expected["jawOpen"] > 0.05
    assert shown["clip"] == "Take"


def test_the_command_says_what_follows(tmp_path, take: Track):
    from sadtalker3d.commands_export import export as command

    saved = take.save(tmp_path / "take.json")
    made = command(saved, tmp_path / "body.html", onto=full_body(tmp_path / "body.glb"))
    assert made.file.read_text().startswith("<!doctype html>")
    assert any("head" in note for note in made.notes)


def test_bad_characters_leave_nothing(tmp_path, take: Track):
    (tmp_path / "x.glb").write_bytes(b"glTF")
    with pytest.raises(UserError):
        export(take, tmp_path / "x.html", onto=tmp_path / "x.glb")
    assert not (tmp_path / "x.html").exists()
