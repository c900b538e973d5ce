"""Footage written again with a patch on every frame: speed, beside decoding and encoding alone, and memory. JSON.

`python -m tests.benchmarks.bench_footage [--frames N]`. The clips are 4:2:0 H.264 of soft moving noise, with a sound;
the patch is a quarter of the picture wide and high. Every number is of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from sadtalker3d.footage.encoding import add_pictures, encoding_for
from sadtalker3d.footage.frames import Frames
from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.plan import Shown
from sadtalker3d.footage.refilm import refilm
from sadtalker3d.footage.retouch import Retouch
from sadtalker3d.render.containers import CONTAINERS

SIZES = {"360p": (640, 360), "1080p": (1920, 1080)}


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--part", nargs=3, help="of the measuring: kind, source, out")
    arguments = parser.parse_args()
    if arguments.part:
        kind, source, out = arguments.part
        print(json.dumps(_part(kind, Path(source), Path(out))))
        return
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, size in SIZES.items():
            source = _clip(place / f"{name}.mp4", size, arguments.frames)
            for kind in ("plain", "patched", "looped"):
                result[f"{name}_{kind}"] = _apart(kind, source, place / "out.mp4")
        long = _clip(place / "long.mp4", SIZES["360p"], 1000)
        result["360p_1000_frames"] = _apart("patched", long, place / "out.mp4")
        result["360p_1000_frames_looped"] = _apart("looped", long, place / "out.mp4")
    print(json.dumps(result))


def _apart(kind: str, source: Path, out: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_footage", "--part", kind, str(source), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(source.stem, kind, done.stdout.strip(), file=sys.stderr, flush=True)
    return dict(json.loads(done.stdout))


def _part(kind: str, source: Path, out: Path) -> dict[str, float]:
    """Frames a second, the cores' time for one, and the most memory. "plain" decodes and encodes only."""
    if kind == "plain":
        begin, spent = time.perf_counter(), time.process_time()
        count = _plain(source, out)
    else:
        with Frames(source) as frames:
            count = frames.total
        plan = [Shown(i / 25, i if i < count - 10 else i - count // 2) for i in range(count)]
        refilm(
            source, out, _draw, sound=source.with_suffix(".wav"), plan=[Shown(0.0, 0)]
        )  # compiles the loops
        begin, spent = time.perf_counter(), time.process_time()
        refilm(source, out, _draw, sound=source.with_suffix(".wav"), plan=plan if kind == "looped" else None)
    seconds, spent = time.perf_counter() - begin, time.process_time() - spent
    # ru_maxrss would be that of the program that started this one, where it is larger
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    peak_mb = round(int(peak[1]) / 1024) if peak else 0
    return {
        "fps": round(count / seconds, 1),
        "cpu_ms": round(1000 * spent / count, 1),
        "peak_mb": peak_mb,
        "bytes": out.stat().st_size,
    }


def _plain(source: Path, out: Path) -> int:
    with Frames(source) as frames, av.open(str(out), "w") as file:
        retouch = Retouch(source, frames.first.frame, frames.pixel_aspect)
        encoding = encoding_for(CONTAINERS[".mp4"], retouch.layout, retouch.size)
        stream = add_pictures(file, encoding, retouch.size, frames.rate, frames.time_base, retouch.tags)
        number = 0
        while (found := frames.get(number)) is not None:
            found.frame.pict_type = 0
            file.mux(stream.encode(found.frame))
            number += 1
        file.mux(stream.encode(None))
    return number


def _draw(picture: np.ndarray, number: int, time_s: float) -> Patch:
    height, width = picture.shape[:2]
    part = picture[height // 2 : height * 3 // 4, width // 2 : width * 3 // 4]
    y, x = np.mgrid[-1 : 1 : part.shape[0] * 1j, -1 : 1 : part.shape[1] * 1j]
    alpha = np.clip(3 - 3 * np.hypot(x, y), 0, 1).astype(np.float32)
    return Patch(width // 2, height // 2, (0.9 * part.astype(np.float32)).astype(np.float32), alpha)


def _clip(path: Path, size: tuple[int, int], frames: int) -> Path:
    import cv2

    width, height = size
    draws = np.random.default_rng(0)
    ground = draws.integers(60, 190, (height // 8 + 32, width // 8 + 32, 3)).astype(np.uint8)
    ground = cv2.resize(ground, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "18", "preset": "veryfast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            left, top = round(60 + 60 * np.sin(number / 9)), round(60 + 60 * np.cos(number / 13))
            picture = ground[top : top + height, left : left + width]
            grain = draws.integers(0, 4, (height, width, 1)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture + grain), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with wave.open(str(path.with_suffix(".wav")), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(draws.integers(-500, 500, 16000 * frames // 25).astype("<i2").tobytes())
    return path


if __name__ == "__main__":
    main()
