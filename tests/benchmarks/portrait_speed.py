"""A speaking photo's frames a second, with H.264 and sound; milliseconds of each stage; time to fit; peak memory.

Each number is of a process of its own, `python -m tests.benchmarks.portrait_speed CORES HEIGHT FRAMES`, which may use
so many cores. `cpu_ms` is all threads' time, which other programs on the machine disturb less than the clock.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = Path(__file__).parents[2] / "samples"
STAGES = ("nearest_triangles", "cover", "blend")  # functions of render/portrait.py


def speed(cores: int, height: int, frames: int) -> dict[str, Any]:
    """Measured in another process. `height` 512 is the sample portrait, others are it enlarged and made 16:9."""
    command = [sys.executable, "-m", "tests.benchmarks.portrait_speed", str(cores), str(height), str(frames)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main(cores: int, height: int, frames: int) -> None:
    """Measure in this process and print JSON."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    import cv2

    cv2.setNumThreads(cores)
    from sadtalker3d.motion.generate import generate
    from sadtalker3d.render.portrait import PhotoPortrait
    from sadtalker3d.render.video import write_video

    said = generate(SAMPLES / "speech.wav", style=10)
    turns = np.arange(frames) % len(said)
    track = replace(
        said,
        expression=said.expression[turns],
        rotation=said.rotation[turns],
        translation=said.translation[turns],
    )
    before_mb = _peak_mb()
    picture, fit, times_s = _fitted(height)
    start = time.perf_counter()
    portrait = PhotoPortrait(picture, fit)
    times_s["prepare_s"] = round(time.perf_counter() - start, 2)
    next(portrait.frames(track))  # compiles, where numba's cache is empty
    with tempfile.TemporaryDirectory() as folder:
        start, start_cpu = time.perf_counter(), time.process_time()
        count = write_video(
            Path(folder) / "all.mp4", portrait.frames(track), track.fps, SAMPLES / "speech.wav"
        )
        took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    peak_mb = _peak_mb()
    shorter = replace(
        track, **{name: getattr(track, name)[:50] for name in ("expression", "rotation", "translation")}
    )
    print(
        json.dumps({
            "picture": list(picture.shape[1::-1]),
            "frames": count,
            "frames_per_s": round(count / took, 1),
            "cpu_ms": round(1000 * cpu / count, 1),
            "load_average": round(os.getloadavg()[0], 1),
            "peak_mb": peak_mb,
            "peak_before_portrait_mb": before_mb,
            "fit": times_s,
            "stages_cpu_ms": _stages(portrait, shorter),
        })
    )  # fmt: skip


def _fitted(height: int) -> tuple[np.ndarray, Any, dict[str, float]]:
    """The picture, its fit, and the seconds of detector and fit the first time and once more."""
    import cv2

    from sadtalker3d.face.fit import fit_portrait3d
    from sadtalker3d.face.landmarks import Landmarks, largest_face
    from sadtalker3d.face.picture import read_picture

    picture = read_picture(SAMPLES / "portrait.jpg")
    if height != picture.shape[0]:
        picture = cv2.resize(picture, (height, height), interpolation=cv2.INTER_CUBIC)
        beside = (height * 16 // 9 - height) // 2
        picture = cv2.copyMakeBorder(picture, 0, 0, beside, beside, cv2.BORDER_REPLICATE)
    times_s = {}
    finder = None
    for name in ("first_s", "warm_s"):
        start = time.perf_counter()
        finder = finder or Landmarks()
        fit = fit_portrait3d(picture, largest_face(picture, "the sample", finder)[0])
        times_s[name] = round(time.perf_counter() - start, 2)
    return picture, fit, times_s


def _stages(portrait: Any, track: Any) -> dict[str, float]:
    """Milliseconds of this thread a frame; `rest` is what lies between, `encode` H.264 and AAC of all threads."""
    import cv2

    from sadtalker3d.render import portrait as module
    from sadtalker3d.render.video import write_video

    places: list[tuple[Any, str, str]] = [(module, name, name) for name in STAGES]
    places += [
        (portrait._motion, "displacement", "displacement"), (portrait._motion, "see", "see"),
        (portrait._grid, "draw", "sheet"), (portrait._attributes, "of", "attributes"), (cv2, "remap", "remap"),
    ]  # fmt: skip
    spent: dict[str, float] = defaultdict(float)
    with _timed(places, spent):
        start = time.thread_time()
        frames = list(portrait.frames(track))
        total = time.thread_time() - start
    spent = dict(spent)
    spent["rest"] = total - sum(spent.values())
    spent["draw"] = total
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        write_video(Path(folder) / "one.mp4", iter(frames), track.fps, SAMPLES / "speech.wav")
        spent["encode"] = time.process_time() - start
    return {name: round(1000 * seconds / len(track), 2) for name, seconds in spent.items()}


@contextmanager
def _timed(places: list[tuple[Any, str, str]], spent: dict[str, float]) -> Iterator[None]:
    """Count the time in functions, without the time in those among them that they call."""
    inner = [0.0]

    def counted(work: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            outside, inner[0] = inner[0], 0.0
            start = time.thread_time()
            result = work(*arguments, **named)
            took = time.thread_time() - start
            spent[name] += took - inner[0]
            inner[0] = outside + took
            return result

        return call

    originals = [getattr(owner, attribute) for owner, attribute, _ in places]
    for (owner, attribute, name), work in zip(places, originals, strict=True):
        setattr(owner, attribute, counted(work, name))
    try:
        yield
    finally:
        for (owner, attribute, _), work in zip(places, originals, strict=True):
            setattr(owner, attribute, work)


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:4]))
