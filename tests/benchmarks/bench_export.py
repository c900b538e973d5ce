"""Export of a 60-second take: seconds and bytes of each format, first call in this process included."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import numpy as np

import bfm
from sadtalker3d.export import export, read
from sadtalker3d.track import Track

FRAMES = 60 * 25


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
    print(json.dumps(results))


if __name__ == "__main__":
    main()
