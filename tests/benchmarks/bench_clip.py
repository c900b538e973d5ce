"""`fit` of rendered 640 x 360 films: frames a second of one core, memory by length, and errors against the truth.

`python -m tests.benchmarks.bench_clip [--clip FILE ...] [--frames N]`. Real clips are not shipped: name your own. What
is known of them is where the detector sees the points, so that only how well the head lies on these can be measured.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from sadtalker3d.clip import fit_clip
from sadtalker3d.clip.fit_clip import LONGEST_PX
from sadtalker3d.clip.follow import Follower
from sadtalker3d.clip.overlay import points_px
from sadtalker3d.face.landmarks import Landmarks
from sadtalker3d.face.mesh_points import LOWER_LIP, UPPER_LIP
from sadtalker3d.face.video import timed_frames
from sadtalker3d.track import Track
from tests.benchmarks.filmed_head import WIDE_ANGLES, film, speaking
from tests.benchmarks.rendered_clip import HELD_OUT, LOOKS, head

FRAMES = 60
SIDES = (234, 454)  # of the face
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


def reprojection(found: Track, path: Path) -> dict[str, object]:
    """How far the fitted head's points lie from where the detector sees them, in percent of the face's width.

    The width is the median of the clip: a face that turns away is no worse for it.
    """
    away, lips, width = [], [], []
    head_px = points_px(found, head())
    first_s = None
    for seen in Follower(Landmarks()).through(timed_frames(path, LONGEST_PX)):
        first_s = seen.frame.time_s if first_s is None else first_s
        frame = round((seen.frame.time_s - first_s) * found.fps)
        if seen.face is None or frame >= len(found):
            continue
        # pixels' middles are whole numbers, in the file's pixels as in the shrunken ones
        points = (seen.face.mesh[:, :2].astype(np.float64) + 0.5) / seen.frame.scale - 0.5
        off = np.linalg.norm(head_px[frame] - points, axis=1)
        away.append(off.mean())
        lips.append(off[[*UPPER_LIP, *LOWER_LIP]].mean())
        width.append(np.linalg.norm(points[SIDES[1]] - points[SIDES[0]]))
    percent = 100 / np.median(width)
    return {
        "frames": len(away),
        "mean": round(percent * float(np.mean(away)), 2),
        "p95_of_frames": round(percent * float(np.percentile(away, 95)), 2),
        "lips": round(percent * float(np.mean(lips)), 2),
        "face_px": round(float(np.median(width))),
    }


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--clip", type=Path, nargs="+", default=[], help="real ones instead of rendered films"
    )
    parser.add_argument("--frames", type=int, default=FRAMES, help="of each rendered film")
    arguments = parser.parse_args()
    print(json.dumps(_real(arguments.clip) if arguments.clip else _rendered(arguments.frames)))


def _real(clips: list[Path]) -> dict[str, object]:
    results = {}
    for path in clips:
        start, cpu = time.perf_counter(), time.process_time()
        found, notes = fit_clip(path)
        taken = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - start}
        results[path.name] = {
            "percent_of_face_width": reprojection(found, path),
            **{name: round(seconds, 2) for name, seconds in taken.items()},
            "frames_a_cpu_second": round(len(found) / taken["cpu_s"], 1),
            "notes": notes,
        }
    return results


def _rendered(frames: int) -> dict[str, object]:
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for look in (*LOOKS[:4], *HELD_OUT):
            truth = speaking(look, frames)
            path = film(Path(folder) / f"{look.name}.mp4", look, truth, view=WIDE_ANGLES.get(look.name))
            start, cpu = time.perf_counter(), time.process_time()
            found, _ = fit_clip(path)
            taken_s, wall_s = time.process_time() - cpu, time.perf_counter() - start
            results[look.name] = {
                **errors(found, truth),
                "percent_of_face_width": reprojection(found, path),
                "cpu_s": round(taken_s, 2),
                "wall_s": round(wall_s, 2),
            }
        short_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        long = _joined(path, Path(folder) / "long.mp4")
        start, cpu = time.perf_counter(), time.process_time()
        found, _ = fit_clip(long)
        taken_s, wall_s = time.process_time() - cpu, time.perf_counter() - start
        results["long"] = {
            "frames": len(found),
            "cpu_s": round(taken_s, 2),
            "frames_a_cpu_second": round(len(found) / taken_s, 1),
            "frames_a_second": round(len(found) / wall_s, 1),
            "peak_mb": [round(short_mb), round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)],
        }
    return results


def _joined(path: Path, out: Path) -> Path:
    """The film forth and back, again and again."""
    from sadtalker3d.face.video import read_frames
    from sadtalker3d.render.video import write_video

    pictures = [picture for picture, _ in read_frames(path)]
    write_video(out, (picture for _ in range(REPEATS // 2) for picture in (*pictures, *pictures[::-1])), 25.0)
    return out


if __name__ == "__main__":
    main()
