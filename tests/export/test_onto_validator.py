"""Khronos' own validator has nothing to say about a character that speaks beyond what it said of it before."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from sadtalker3d.export.onto import write
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.test_gltf_validator import INSTALLED, NODE

pytestmark = pytest.mark.skipif(
    not INSTALLED and os.environ.get("REQUIRE_GLTF_VALIDATOR") != "1",
    reason="run: npm ci --prefix tests/node",
)

# extensions of others, eye bones without eyeballs, texture coordinates without a texture
KNOWN = {"UNSUPPORTED_EXTENSION", "INVALID_EXTENSION_NAME_FORMAT", "NODE_EMPTY", "UNUSED_OBJECT"}
CHARACTERS = {
    "a body": characters.full_body,
    "a head": characters.visemes_only,
    "VRM 0": lambda path: characters.vrm(path, 0),
    "VRM 1": lambda path: characters.vrm(path, 1),
}


def codes(path: Path) -> list[tuple[str, str]]:
    done = subprocess.run(
        ["node", NODE / "validate.mjs", path], capture_output=True, text=True, check=True, cwd=NODE
    )
    report = json.loads(done.stdout)
    return sorted((message["code"], message.get("pointer", "")) for message in report["issues"]["messages"])


@pytest.mark.parametrize("kind", CHARACTERS)
def test_nothing_new_is_found(tmp_path, full_take: Track, kind):
    avatar = CHARACTERS[kind](tmp_path / "avatar.glb")
    write(full_take, tmp_path / "talking.glb", avatar=avatar)
    before, after = codes(avatar), codes(tmp_path / "talking.glb")
    assert [issue for issue in after if issue not in before] == []
    assert {code for code, _ in before} <= KNOWN


def test_a_gltf_with_separate_files(tmp_path, full_take: Track):
    source = characters.as_gltf(characters.full_body(tmp_path / "a.glb"), tmp_path / "in", data_uri=True)
    write(full_take, tmp_path / "talking.glb", avatar=source)
    assert {code for code, _ in codes(tmp_path / "talking.glb")} <= KNOWN
