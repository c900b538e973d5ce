"""Export of a 60-second take: seconds and bytes of each format, first call in this process included; and the memory
that longer takes need, each in a process of its own: an hour, of meshes a minute."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import bfm
from sadtalker3d.export import FORMATS, export, format_of, read
from sadtalker3d.track import Track

FRAMES = 60 * 25
ENDINGS = ("glb", "html", "usda", "csv", "a2f.json", "a2f.csv", "vrma", "json", "npz", "mdd", "pc2")
MESHES = {"mdd": (150, 1500), "pc2": (150, 1500), "%05d.ply": (15, 150), "%05d.obj": (15, 150)}
LENGTHS = (FRAMES, 60 * FRAMES)


def made(frames: int) -> Track:
    """A seeded take."""
    rng = np.random.default_rng(0)
    pose = rng.standard_normal((2, frames, 3), dtype=np.float32)
    return Track(rng.random((frames, 64), dtype=np.float32), 0.1 * pose[0], 0.005 * pose[1], meta={"seed": 0})


def speed() -> dict[str, dict[str, float]]:
    """Seconds and megabytes of each format."""
    take = made(FRAMES)
    start = time.perf_counter()
    face = bfm.load("open")
    results: dict[str, dict[str, float]] = {"head": {"load_s": round(time.perf_counter() - start, 3)}}
    with tempfile.TemporaryDirectory() as folder:
        for ending in ENDINGS:
            path = Path(folder) / f"take.{ending}"
            written_s = []
            for _ in range(3):
                start = time.perf_counter()
                export(take, path, face=face, force=True)
                written_s.append(time.perf_counter() - start)
            results[ending] = {
                "first_write_s": round(written_s[0], 3),
                "best_write_s": round(min(written_s), 3),
                "megabytes": round(path.stat().st_size / 1e6, 2),
            }
            if format_of(path).reads:
                start = time.perf_counter()
                read(path)
                results[ending]["read_s"] = round(time.perf_counter() - start, 3)
            path.unlink()
    return results


def memory() -> dict[str, dict[str, float]]:
    """Peak megabytes of writing a short and a long take, above those of having the take and the head."""
    results = {}
    for name in (*(ending for ending in ENDINGS if ending not in MESHES), *MESHES):
        for frames in MESHES.get(name, LENGTHS):
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_export", name, str(frames)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            results.setdefault(name, {})[f"{frames} frames"] = json.loads(done.stdout)
    return results


def peak_mb() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(ending: str, frames: int) -> dict[str, float]:
    """What writing one take needs, in this process."""
    take, face = made(frames), bfm.load("open")
    with tempfile.TemporaryDirectory() as folder:
        export(made(1), Path(folder) / f"first.{ending.removeprefix('%05d.')}", face=face)  # imports, caches
        before, start = peak_mb(), time.perf_counter()
        export(take, Path(folder) / f"take.{ending}", face=face)
        return {
            "peak_above_mb": round(peak_mb() - before, 1),
            "peak_mb": round(peak_mb(), 1),
            "s": round(time.perf_counter() - start, 2),
        }


def main() -> None:
    """Print the numbers as JSON."""
    assert {format_of(Path(f"a.{ending}")).module for ending in (*ENDINGS, *MESHES)} == {
        known.module for known in FORMATS.values()
    }
    print(json.dumps({"minute": speed(), "memory": memory()}))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(one(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
