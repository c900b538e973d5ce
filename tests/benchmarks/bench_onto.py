"""A 60-second take onto a 20k-vertex character with 52 targets, teeth and bones, and onto 15 visemes: seconds.

And what an hour takes in memory: the peak of a program that does nothing else, with and without the track's own bytes.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.export.onto import talking_bytes, write
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.track import Track
from tests.export.characters import OCULUS, full_body

FRAMES = 60 * 25
VERTICES = 10_000  # the face has two parts


HOUR_FRAMES = 3600 * 25
ALONE = """
import re, sys
import sadtalker3d
from sadtalker3d.export.onto import write
write(sadtalker3d.load(sys.argv[1]), sys.argv[2], avatar=sys.argv[3])
# ru_maxrss would be that of the program that started this one, where it is larger
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def random_take(frames: int) -> Track:
    """Everything moves."""
    rng = np.random.default_rng(0)
    return Track(
        np.clip(rng.normal(0.2, 0.3, (frames, 64)), 0, 1),
        rng.normal(0, 0.1, (frames, 3)),
        rng.normal(0, 0.005, (frames, 3)),
    )


def peak_megabytes(take: Track, avatar: Path, out: Path) -> dict[str, float]:
    """Of loading the track and writing the character."""
    track = take.save(out.with_suffix(".npz"))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, track, out, avatar], check=True, capture_output=True, text=True
    )
    peak, own = int(done.stdout) * 1024 / 1e6, len(take) * 4 * 70 / 1e6
    return {"peak_megabytes": round(peak, 1), "without_the_track": round(peak - own, 1)}


def main() -> None:
    """Print the numbers as JSON."""
    take = random_take(FRAMES)
    hour = random_take(HOUR_FRAMES)
    results: dict[str, dict[str, Any]] = {}
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
                "a_minute": peak_megabytes(take, avatar, out),
                "an_hour": peak_megabytes(hour, avatar, out),
            }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
