"""The ways to write a head that speaks, a minute long: seconds, megabytes, and what is lost; then an hour in memory."""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np

import bfm
from sadtalker3d.export import gltf, page
from sadtalker3d.track import Track

MINUTE, HOUR = 60 * 25, 3600 * 25
WAYS: dict[str, dict[str, Any]] = {
    "full": {},
    "quantized": {"quantized": True},
    "visemes": {"profile": "visemes"},
    "visemes quantized": {"profile": "visemes", "quantized": True},
}


def main() -> None:
    """Print the numbers as JSON."""
    face, results = bfm.load("open"), {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "take.glb"
        for name, options in WAYS.items():
            results[name] = _written(_made(MINUTE), path, face, **options)
        start = time.perf_counter()
        page.write(_made(MINUTE), path.with_suffix(".html"), face=face)
        results["page"] = {
            "write_s": round(time.perf_counter() - start, 3),
            "megabytes": round(path.with_suffix(".html").stat().st_size / 1e6, 2),
        }
        hour = _made(HOUR)
        for name, options in WAYS.items():
            tracemalloc.start()
            results[f"an hour, {name}"] = _written(hour, path, face, **options)
            results[f"an hour, {name}"]["memory_megabytes"] = round(
                tracemalloc.get_traced_memory()[1] / 1e6, 1
            )
            tracemalloc.stop()
    print(json.dumps(results))


def _made(frames: int) -> Track:
    rng = np.random.default_rng(0)
    pose = rng.standard_normal((2, frames, 3), dtype=np.float32)
    return Track(rng.random((frames, 64), dtype=np.float32), 0.1 * pose[0], 0.005 * pose[1])


def _written(track: Track, path: Path, face: Any, **options: Any) -> dict[str, Any]:
    told: list[str] = []
    start = time.perf_counter()
    gltf.write(track, path, face=face, tell=told.append, **options)
    return {
        "write_s": round(time.perf_counter() - start, 3),
        "megabytes": round(path.stat().st_size / 1e6, 2),
        **({"told": told[0].split(": ", 1)[1]} if told else {}),
    }


if __name__ == "__main__":
    main()
