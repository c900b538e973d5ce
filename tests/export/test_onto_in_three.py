"""three.js plays a character that speaks with the track's own values, on every mesh and on the head.

Needs node and three in tests/node (`npm ci --prefix tests/node`); skipped where they are not installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from sadtalker3d.export.onto import write
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.node import run
from tests.export.test_gltf_validator import NODE

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "three").is_dir(),
    reason="run: npm ci --prefix tests/node",
)


def test_three_has_the_values_of_the_track(tmp_path: Path, full_take: Track):
    names = (*ARKIT_52[:20], "mouthSmile_L")
    avatar = characters.full_body(tmp_path / "avatar.glb", names)
    # a picture cannot be opened without a browser, and an extension of nobody is not to be understood
    characters.rewritten(
        avatar, lambda d: [d.pop(key) for key in ("images", "textures")] and d["materials"][0].clear()
    )
    rotation = full_take.rotation.copy()
    rotation[0] = 0  # the pose at rest
    full_take = full_take.replace(rotation=rotation)
    write(full_take, tmp_path / "talking.glb", avatar=avatar, name="take")
    frames = [0, 31, 74]
    times = [str(np.float32(frame / 25)) for frame in frames]
    done = subprocess.run(
        ["node", NODE / "play.mjs", tmp_path / "talking.glb", "take", "mixamorigHead", *times],
        capture_output=True, text=True, cwd=NODE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    axes = characters.front(avatar)
    rest = Rotation.from_quat(shown[0]["turn"])
    for frame, moment in zip(frames, shown, strict=True):
        expected = dict(zip(ARKIT_52, to_arkit(full_take)[frame], strict=True))
        parts = {name: weights for name, weights in moment["weights"].items() if name.startswith("Face")}
        assert len(parts) == 2  # three makes a mesh of each primitive
        for weights in (*parts.values(), moment["weights"]["Teeth"]):
            for name, value in weights.items():
                assert value == pytest.approx(expected[name.replace("_L", "Left")], abs=1e-4), name
        wanted = axes * Rotation.from_euler("xyz", full_take.rotation[frame]) * axes.inv()
        assert (Rotation.from_quat(moment["turn"]) * rest.inv() * wanted.inv()).magnitude() < 1e-3


def test_three_moves_what_gltfpack_compressed_as_it_moves_the_original(tmp_path, speaking: Track):
    """The same head, quantized and packed by gltfpack 1.3 with `-cc -kn -km -ke`, and never unpacked by us."""
    plain = characters.visemes_only(tmp_path / "bob.glb")
    packed = Path(__file__).parents[1] / "data" / "characters" / "bob_meshopt.glb"
    times = [str(np.float32(frame / 25)) for frame in (3, 22, 25)]
    moved = []
    for avatar in (plain, packed):
        out = tmp_path / f"talking_{avatar.name}"
        write(speaking, out, avatar=avatar, name="take")
        moved.append(run("points.mjs", out, "take", *times))
    assert b'"extensionsRequired":["KHR_mesh_quantization","EXT_meshopt_compression"]' in out.read_bytes()
    for plain_points, packed_points in zip(
        *(np.concatenate(list(m.values()), axis=1) for m in moved), strict=True
    ):
        apart = cdist(plain_points.reshape(-1, 3), packed_points.reshape(-1, 3))
        assert max(apart.min(axis=0).max(), apart.min(axis=1).max()) < 1e-4  # 16 bits of a metre and a half
