"""Export of a 60-second take: seconds and bytes of each format, first call in this process included.

Then an hour as GLB: the memory that is taken beyond the take itself.
"""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np

import bfm
from sadtalker3d.export import export, gltf, read
from sadtalker3d.track import Track

FRAMES = 60 * 25
HOUR = 90_000
GLBS: dict[str, dict[str, Any]] = {
    "quantized.glb": {"quantized": True},
    "visemes.glb": {"profile": "visemes"},
    "visemes quantized.glb": {"profile": "visemes", "quantized": True},
}


def main() -> None:
    """Print the numbers as JSON."""
    rng = np.random.default_rng(0)
    take = Track(
        np.clip(rng.normal(0.2, 0.3, (FRAMES, 64)), 0, 1),
        rng.normal(0, 0.1, (FRAMES, 3)),
        rng.normal(0, 0.005, (FRAMES, 3)),
        meta={"seed": 0},
    )
    start = time.perf_counter()
    face = bfm.load("open")
    results: dict[str, dict[str, float]] = {"head": {"load_s": round(time.perf_counter() - start, 3)}}
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("glb", "csv", "json", "npz"):
            path = Path(folder) / f"take.{ending}"
            written_s = []
            for _ in range(3):
                start = time.perf_counter()
                export(take, path, face=face, force=True)
                written_s.append(time.perf_counter() - start)
            start = time.perf_counter()
            read(path)
            results[ending] = {
                "first_write_s": round(written_s[0], 3),
                "best_write_s": round(min(written_s), 3),
                "read_s": round(time.perf_counter() - start, 3),
                "megabytes": round(path.stat().st_size / 1e6, 2),
            }
        for name, options in GLBS.items():
            results[name] = _written(take, Path(folder) / name, face, **options)
        results["html"] = _written(take, Path(folder) / "take.html", face)
        results["hour.glb"] = _hour(Path(folder) / "hour.glb", face)
    print(json.dumps(results))


def _written(take: Track, path: Path, face: Any, **options: Any) -> dict[str, float]:
    start = time.perf_counter()
    export(take, path, face=face, **options)
    return {
        "write_s": round(time.perf_counter() - start, 3),
        "megabytes": round(path.stat().st_size / 1e6, 2),
    }


def _hour(path: Path, face: Any) -> dict[str, float]:
    hour = Track(np.full((HOUR, 64), 0.5, np.float32), *[np.zeros((HOUR, 3), np.float32)] * 2)
    tracemalloc.start()
    start = time.perf_counter()
    gltf.write(hour, path, face=face)
    return {
        "write_s": round(time.perf_counter() - start, 3),
        "megabytes": round(path.stat().st_size / 1e6, 2),
        "memory_peak_megabytes": round(tracemalloc.get_traced_memory()[1] / 1e6, 1),
    }


if __name__ == "__main__":
    main()
