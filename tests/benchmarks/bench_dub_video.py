"""`dub --video` on drawn films whose truth is known: the same head with the new words, drawn by the renderer.

One film says the sample's first half, the other its second half with the first one's head, eyes and brows. The first
is dubbed with the second's mouth, as a user would, and compared with the second. `old` is the film as it was.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from sadtalker3d.clip.fit_clip import film_of, track_of
from sadtalker3d.dub import DubConfig, dubbed
from sadtalker3d.edit.regions import REGIONS
from sadtalker3d.face.landmarks import Face, Landmarks
from sadtalker3d.face.video import read_frames
from sadtalker3d.footage.refilm import refilm
from sadtalker3d.motion.generate import generate
from sadtalker3d.render.newmouth.dubbed_film import DubbedFilm
from sadtalker3d.render.video import write_video
from sadtalker3d.track import Track
from tests.benchmarks.portrait_reenactment import face_and_mouth, lip_gap
from tests.benchmarks.rendered_clip import LOOKS, SPEECH, Clip, Look, clip, head

FRAMES = 60


def clips(look: Look, frames: int, size: int) -> tuple[Clip, Clip, Track]:
    """The old film, the true new one, and the new speech."""
    said = generate(SPEECH, style=look.style, seed=look.seed)
    names = list(head().expression_names)
    mouth = [names.index(name) for name in REGIONS["mouth"]]
    old = said.expression[:frames].copy()
    speech = np.zeros_like(old)
    later = len(said) - frames
    speech[:, mouth] = said.expression[later:, mouth]
    new = old.copy()
    new[:, mouth] = speech[:, mouth]
    turn, shift = said.rotation[:frames] - said.rotation[0], said.translation[:frames] - said.translation[0]
    still = np.zeros((frames, 3), np.float32)
    return clip(look, old, turn, shift, size), clip(look, new, turn, shift, size), Track(speech, still, still)


def dub_film(path: Path, out: Path, speech: Track, tension: float = 1.0) -> tuple[float, float]:
    """Dub a film; seconds for looking at it and for drawing and writing."""
    start = time.perf_counter()
    with film_of(path, head()) as film:
        old, _ = track_of(film, path, head())
        looked_s = time.perf_counter() - start
        made = dubbed(old, speech, config=DubConfig(tension=tension, soften=0))
        begins_s = float(film.rows["time_s"][0])
        drawn = DubbedFilm(path, film, old, made.track, begins_s=begins_s, model=head())
        refilm(path, out, drawn.draw, sound=None)
    return looked_s, time.perf_counter() - start - looked_s


def scores(old: np.ndarray, truth: np.ndarray, ours: np.ndarray) -> dict[str, float]:
    """(T, H, W, 3) uint8 each."""
    finder = Landmarks()
    square = {name: np.zeros((3, 2)) for name in ("ours", "old")}
    gaps: dict[str, list[float]] = {"ours": [], "truth": [], "old": []}
    lips, faces = [], dict[str, Face]()
    import cv2

    for before, real, made in zip(old, truth, ours, strict=True):
        for name, picture in (("old", before), ("truth", real), ("ours", made)):
            last = faces.get(name)
            face = finder.follow(picture, last) if last else finder.find(picture)[0]
            if face is None:
                raise ValueError("the detector loses the face")
            faces[name] = face
            gaps[name].append(lip_gap(face))
        eyes_px = np.linalg.norm(faces["truth"].mesh[33, :2] - faces["truth"].mesh[263, :2])
        off = faces["ours"].points[48:68] - faces["truth"].points[48:68]
        lips.append(np.linalg.norm(off, axis=1).mean() / eyes_px)
        face_mask, mouth = face_and_mouth(faces["truth"], real.shape)
        wide = cv2.dilate(face_mask.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
        for name, picture in (("ours", made), ("old", before)):
            error = (picture.astype(np.float32) - real) ** 2
            for k, mask in enumerate((face_mask, mouth)):
                square[name][k] += error[mask].sum(), 3 * mask.sum()
        error = (made.astype(np.float32) - before) ** 2
        square["ours"][2] += error[~wide].sum(), 3 * (~wide).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        psnr = {name: 10 * np.log10(255**2 / (rows[:, 0] / rows[:, 1])) for name, rows in square.items()}
    return {
        "face_db": psnr["ours"][0],
        "face_old_db": psnr["old"][0],
        "mouth_db": psnr["ours"][1],
        "mouth_old_db": psnr["old"][1],
        "elsewhere_db": psnr["ours"][2],
        "lip_error": float(np.mean(lips)),
        "gap_correlation": float(np.corrcoef(gaps["ours"], gaps["truth"])[0, 1]),
        "gap_correlation_old_words": float(np.corrcoef(gaps["ours"], gaps["old"])[0, 1]),
        "gap_correlation_of_the_words": float(np.corrcoef(gaps["truth"], gaps["old"])[0, 1]),
        "gap_too_wide": float(np.mean(gaps["ours"]) - np.mean(gaps["truth"])),
        "closed_share": float(np.mean(np.array(gaps["ours"])[np.array(gaps["truth"]) < 0.06] < 0.06)),
    }


def accuracy(looks: tuple[Look, ...], folder: Path, frames: int, size: int) -> dict[str, dict[str, float]]:
    """Scores of each look."""
    found = {}
    for look in looks:
        before, truth, speech = clips(look, frames, size)
        path, out = folder / f"{look.name}.mp4", folder / f"{look.name}_dubbed.mp4"
        write_video(path, iter(before.frames), 25.0)
        dub_film(path, out, speech)
        old, ours = (np.stack([picture for picture, _ in read_frames(p)]) for p in (path, out))
        found[look.name] = {k: round(v, 4) for k, v in scores(old, truth.frames, ours).items()}
    return found


def speed(folder: Path, height: int, frames: int) -> dict[str, float]:
    """Frames a second of one film, and the process's peak memory."""
    look = replace(LOOKS[0])
    before, _, speech = clips(look, min(frames, FRAMES), height)
    path, out = folder / f"speed_{height}_{frames}.mp4", folder / f"speed_{height}_{frames}_dubbed.mp4"

    def there_and_back() -> Iterator[np.ndarray]:
        for k in range(frames):
            at = k % (2 * len(before.frames) - 2)
            yield before.frames[min(at, 2 * len(before.frames) - 2 - at)]

    write_video(path, there_and_back(), 25.0)
    repeats = -(-frames // len(speech))
    rows = np.tile(speech.expression, (repeats, 1))[:frames]
    still = np.zeros((frames, 3), np.float32)
    looked_s, drawn_s = dub_film(path, out, Track(rows, still, still))
    return {
        "size": height,
        "frames": frames,
        "look_fps": round(frames / looked_s, 1),
        "draw_fps": round(frames / drawn_s, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--looks", default="mean,dark,turned,smile", help="names of rendered_clip.LOOKS, or all"
    )
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--speed", action="store_true", help="speed and memory in place of accuracy")
    parser.add_argument("--keep", type=Path, help="a folder in which the films stay")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(exist_ok=True, parents=True)
        if args.speed:
            print(json.dumps([speed(folder, 512, 100), speed(folder, 512, 1000), speed(folder, 1080, 100)]))
            return
        names = [look.name for look in LOOKS] if args.looks == "all" else args.looks.split(",")
        looks = tuple(look for look in LOOKS if look.name in names)
        print(json.dumps(accuracy(looks, folder, args.frames, args.size), indent=1))


if __name__ == "__main__":
    main()
