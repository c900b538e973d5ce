"""Applying a take in Blender: seconds for 60 s on three meshes with the 52 shapes, and frames a second of the new head.

BLENDER_PYTHON=/path/to/python python -m tests.benchmarks.bench_blender
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sadtalker3d.addon import build
from sadtalker3d.track import Track

SCENARIO = Path(__file__).parents[1] / "blender" / "scenarios" / "speed.py"


def main() -> dict[str, object]:
    python = os.environ.get("BLENDER_PYTHON", sys.executable)
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        track = Track(draw.random((1500, 64)), draw.normal(0, 0.1, (1500, 3)), np.zeros((1500, 3)))
        env = os.environ | {
            "BLENDER_USER_RESOURCES": f"{folder}/blender",
            "ST3D_ZIP": str(build(Path(folder) / "sadtalker3d.zip")),
            "ST3D_GIVEN": json.dumps({"take": str(track.save(Path(folder) / "take.npz"))}),
        }
        done = subprocess.run([python, str(SCENARIO)], env=env, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("REPORT"))
    return json.loads(line.removeprefix("REPORT"))


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
