"""Frames a second of the preview, whole and by part, and memory at two lengths; prints JSON.

python -m tests.benchmarks.bench_preview [--frames 250] [--size 512] [--minutes 1 10]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from sadtalker3d.track import Track


def moving_track(face_names: tuple[str, ...], frames: int) -> Track:
    """Every frame different, with about as many columns in use as generated speech has."""
    rng = np.random.default_rng(0)
    at = np.arange(frames)[:, None] / 25
    expression = np.zeros((frames, 64))
    used = [i for i, name in enumerate(face_names) if not name.startswith("eyeLook")]
    phase, pace = rng.uniform(0, 6.28, (2, len(used)))
    expression[:, used] = 0.15 + 0.15 * np.sin(at * (1 + pace * 2) + phase)
    rotation = 0.12 * np.sin(at * [1.1, 0.7, 0.5])
    return Track(expression, rotation, np.zeros((frames, 3)), names=face_names)


def tone(path: Path, seconds: float) -> Path:
    """A sound of that length."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        for second in range(int(np.ceil(seconds))):
            at = second + np.arange(16000) / 16000
            file.writeframes((8000 * np.sin(2 * np.pi * 220 * at)).astype("<i2").tobytes())
    return path


def speed(frames: int, size: int) -> dict[str, float]:
    """Seconds for the parts, and frames a second for the whole with its sound."""
    import bfm
    from sadtalker3d.render.morph import Morph
    from sadtalker3d.render.preview import Preview, write_preview
    from sadtalker3d.render.video import write_video

    face = bfm.load("open")
    track = moving_track(face.expression_names, frames)
    start = time.perf_counter()
    with Preview(face, size) as preview:
        prepared = time.perf_counter()
        pictures = list(preview.render(track))
        rendered = time.perf_counter()
    for _ in Morph(face, None, (track.expression != 0).any(axis=0)).frames(track.expression):
        pass
    morphed = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        sound = tone(Path(folder) / "tone.wav", track.duration_s)
        before_encoding = time.perf_counter()
        write_video(Path(folder) / "a.mp4", pictures, track.fps, sound)
        encoded = time.perf_counter()
        del pictures
        before_whole, busy = time.perf_counter(), time.process_time()
        write_preview(track, Path(folder) / "b.mp4", face, sound, size=size)
        whole, busy = time.perf_counter() - before_whole, time.process_time() - busy
    return {
        "frames": frames,
        "size": size,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else -1,
        "prepare_s": round(prepared - start, 2),
        "render_frames_per_s": round(frames / (rendered - prepared), 1),
        "of_it_morph_ms_per_frame": round((morphed - rendered) / frames * 1e3, 2),
        "encode_frames_per_s": round(frames / (encoded - before_encoding), 1),
        "whole_frames_per_s": round(frames / whole, 1),
        "whole_after_preparing_frames_per_s": round(frames / (whole - (prepared - start)), 1),
        "whole_processor_ms_per_frame": round(busy / frames * 1e3, 1),
    }


def peak_mb(minutes: float, size: int) -> float:
    """Peak memory in MB of a process that writes a preview of that length."""
    import bfm
    from sadtalker3d.render.preview import write_preview

    face = bfm.load("open")
    track = moving_track(face.expression_names, round(minutes * 60 * 25))
    with tempfile.TemporaryDirectory() as folder:
        sound = tone(Path(folder) / "tone.wav", track.duration_s)
        write_preview(track, Path(folder) / "a.mp4", face, sound, size=size)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1024**2
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument(
        "--minutes", type=float, nargs="*", default=[], help="measure memory at these lengths"
    )
    parser.add_argument("--peak", type=float, help=argparse.SUPPRESS)  # one length, in this process
    arguments = parser.parse_args()
    if arguments.peak is not None:
        print(peak_mb(arguments.peak, arguments.size))
        return
    result: dict[str, object] = dict(speed(arguments.frames, arguments.size))
    # a process each, because the peak of a process never falls
    result["peak_mb_by_minutes"] = {
        minutes: round(float(subprocess.check_output(
            [sys.executable, "-m", "tests.benchmarks.bench_preview", "--peak", str(minutes), "--size", "128"]
        )))
        for minutes in arguments.minutes
    }  # fmt: skip
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
