"""`fit` of rendered 640 x 360 films: frames a second of one core, memory by length, and errors against the truth."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from sadtalker3d.clip import fit_clip
from sadtalker3d.track import Track
from tests.benchmarks.filmed_head import film, speaking
from tests.benchmarks.rendered_clip import LOOKS

FRAMES = 60
REPEATS = 8  # of a film, joined: memory must not follow its length


def errors(found: Track, truth: Track) -> dict[str, object]:
    """Mean absolute ones; of the rotation also without what is the same in every frame, a person's own tilt."""
    off = np.degrees(found.rotation.astype(np.float64) - truth.rotation)
    apart = off - np.median(off, axis=0)
    blinks = [np.flatnonzero(_peaks(track.column("eyeBlinkLeft"))) for track in (truth, found)]
    return {
        "rotation_deg": np.abs(off).mean(axis=0).round(2).tolist(),
        "rotation_apart_from_tilt_deg": np.abs(apart).mean(axis=0).round(2).tolist(),
        "jaw_open": round(float(np.abs(found.column("jawOpen") - truth.column("jawOpen")).mean()), 3),
        "blinks_at": [frames.tolist() for frames in blinks],
    }


def _peaks(closed: np.ndarray) -> np.ndarray:
    """(T,) bool: the middles of the blinks that go beyond a half."""
    inner = np.zeros(len(closed), bool)
    inside = np.concatenate([[False], closed > 0.5, [False]]).astype(int)
    edges = np.flatnonzero(np.diff(inside))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        inner[begin + int(closed[begin:end].argmax())] = True
    return inner


def main() -> None:
    """Print the numbers as JSON."""
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for look in LOOKS[:4]:
            truth = speaking(look, FRAMES)
            path = film(Path(folder) / f"{look.name}.mp4", look, truth)
            start, cpu = time.perf_counter(), time.process_time()
            found, _ = fit_clip(path)
            results[look.name] = {
                **errors(found, truth),
                "cpu_s": round(time.process_time() - cpu, 2),
                "wall_s": round(time.perf_counter() - start, 2),
            }
        short_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        long = _joined(path, Path(folder) / "long.mp4")
        cpu = time.process_time()
        found, _ = fit_clip(long)
        taken = time.process_time() - cpu
        results["long"] = {
            "frames": len(found),
            "cpu_s": round(taken, 2),
            "frames_a_cpu_second": round(len(found) / taken, 1),
            "peak_mb": [round(short_mb), round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)],
        }
    print(json.dumps(results))


def _joined(path: Path, out: Path) -> Path:
    """The film forth and back, again and again."""
    from sadtalker3d.face.video import read_frames
    from sadtalker3d.render.video import write_video

    pictures = [picture for picture, _ in read_frames(path)]
    write_video(out, (picture for _ in range(REPEATS // 2) for picture in (*pictures, *pictures[::-1])), 25.0)
    return out


if __name__ == "__main__":
    main()
