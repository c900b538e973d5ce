"""A 60-second take onto a 20k-vertex character with 52 targets, teeth and bones; and onto 15 visemes: seconds."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sadtalker3d.export.onto import talking_bytes, write
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.track import Track
from tests.export.characters import OCULUS, full_body

FRAMES = 60 * 25
VERTICES = 10_000  # the face has two parts


def main() -> None:
    """Print the numbers as JSON."""
    rng = np.random.default_rng(0)
    take = Track(
        np.clip(rng.normal(0.2, 0.3, (FRAMES, 64)), 0, 1),
        rng.normal(0, 0.1, (FRAMES, 3)),
        rng.normal(0, 0.005, (FRAMES, 3)),
    )
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        track = take.save(Path(folder) / "take.npz")
        out = Path(folder) / "out.glb"
        for kind, names in (("52 shapes", ARKIT_52), ("15 visemes", tuple(f"viseme_{v}" for v in OCULUS))):
            avatar = full_body(Path(folder) / "avatar.glb", names, vertices=VERTICES)
            call_s = []
            for _ in range(3):
                start = time.perf_counter()
                write(take, out, avatar=avatar)
                call_s.append(time.perf_counter() - start)
            command = [
                sys.executable,
                "-m",
                "sadtalker3d",
                "export",
                track,
                "--onto",
                avatar,
                "-o",
                out,
                "--force",
            ]
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run(command, check=True, capture_output=True)
            results[kind] = {
                "first_call_s": round(call_s[0], 3),
                "best_call_s": round(min(call_s), 3),
                "command_s": round(time.perf_counter() - start, 3),
                "command_cpu_s": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 3),
                "avatar_megabytes": round(avatar.stat().st_size / 1e6, 2),
                "added_megabytes": round(
                    (len(talking_bytes(take, avatar)[0]) - avatar.stat().st_size) / 1e6, 2
                ),
            }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
