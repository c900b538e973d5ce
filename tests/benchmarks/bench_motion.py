"""Speech to track with the embedded weights: speed of the first call, and memory over length.

Each measurement is a process of its own, from its start to its end, so that imports and loading count.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"
RATE_HZ = 16000
SHORT_S, LONG_S = 60, 30 * 60
MEASURED = """
import resource, sys, time
start = time.perf_counter()
from sadtalker3d.motion.generate import generate
track = generate(sys.argv[1])
took_s = time.perf_counter() - start
print(len(track), took_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    """Print the numbers as JSON."""
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seconds in (SHORT_S, LONG_S):
            path = Path(folder) / f"{seconds}.wav"
            _write_speech(path, seconds)
            results[f"speech_{seconds}_s"] = _measure(path, seconds)
    short, long = results.values()
    results["memory"] = {"growth_mb": round(long["peak_mb"] - short["peak_mb"], 1)}
    print(json.dumps(results))


def _write_speech(path: Path, seconds: int) -> None:
    wave, _ = soundfile.read(SPEECH, dtype="float32")
    with soundfile.SoundFile(path, "w", RATE_HZ, 1) as file:
        left = seconds * RATE_HZ
        while left > 0:
            file.write(wave[:left])
            left -= len(wave)


def _measure(path: Path, seconds: int) -> dict[str, float]:
    start = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", MEASURED, path], capture_output=True, text=True, check=True)
    wall_s = time.perf_counter() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    frames, took_s, peak_mb = map(float, done.stdout.split())
    assert frames == seconds * 25
    return {
        "first_call_s": round(took_s, 2),
        "process_s": round(wall_s, 2),
        "cpu_s": round(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, 2),
        "times_real_time": round(seconds / took_s, 1),
        "process_times_real_time": round(seconds / wall_s, 1),
        "peak_mb": round(peak_mb, 1),
    }


if __name__ == "__main__":
    main()
