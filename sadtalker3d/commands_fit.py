"""What `fit` does, on files."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import MAX_FPS, Track, relative_audio

if TYPE_CHECKING:
    from sadtalker3d.clip.follow import Choice

TRACKS = (".json", ".npz")
LEAST_FPS = 1.0


def fit(
    source: str | Path,
    out: str | Path,
    *,
    face: str | Choice = 1,
    fps: float | None = None,
    force: bool = False,
    show: Mode = "none",
) -> Made:
    """A track file of the face in a video or photograph; it names the video as its sound.

    Parameters
    ----------
    out : .json or .npz
    face : 1 the largest, 2 the next, ...; or a point on it in pixels, (x, y) or "X,Y"
    fps : of the track; the video's own unless given

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    source, out = Path(source), Path(out)
    if out.suffix.lower() not in TRACKS:
        raise UserError(f"{out}: a track is written as .json or .npz; `export` makes other files of it")
    choice = which_face(face)
    if fps is not None and not (math.isfinite(fps) and LEAST_FPS <= fps <= MAX_FPS):
        raise UserError(f"--fps {fps:g} must lie between {LEAST_FPS:g} and {MAX_FPS:g}")
    check_outputs([out], force=force, inputs=[source])
    track, notes = performance(source, face=choice, fps=fps, show=show)
    if track.audio is not None:
        track = track.replace(audio=relative_audio(source, out))
    return Made(track.save(out), notes)


def performance(
    source: Path, *, face: Choice = 1, fps: float | None = None, show: Mode = "none"
) -> tuple[Track, tuple[str, ...]]:
    """The track of a video or photograph, and notes; its `audio` is the file's name where that has sound."""
    from sadtalker3d.clip import fit_clip, fit_photo
    from sadtalker3d.face.video import sound_start_s

    with progress("fit", show) as report:
        if is_photo(source):
            track, notes = fit_photo(source, face=face)
            report(1, 1)
            return track, notes
        track, notes = fit_clip(source, fps=fps, face=face, progress=report)
    if sound_start_s(source) is None:
        return track, (*notes, f"{source.name}: has no sound, so the track names none")
    return track.replace(audio=source.name), notes


def which_face(face: str | Choice) -> Choice:
    """A number or a point from what the command line says."""
    try:
        numbers = [float(part) for part in face.split(",")] if isinstance(face, str) else face
    except ValueError:
        numbers = []
    if isinstance(numbers, int):
        numbers = [numbers]
    if len(numbers) == 2 and all(math.isfinite(n) for n in numbers):
        return float(numbers[0]), float(numbers[1])
    if len(numbers) == 1 and numbers[0] in range(1, 100):
        return int(numbers[0])
    raise UserError(f"--face {face}: name a face as 1, 2, ..., by size, or as X,Y, a point on it in pixels")


def is_photo(path: Path) -> bool:
    """Whether it is one still picture."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                return getattr(image, "n_frames", 1) == 1 or image.format == "MPO"
        except Exception:  # what Pillow does not know, or is not there: the video reader has the sentence
            return False
