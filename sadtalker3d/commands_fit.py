"""What `fit` does, on files."""

from __future__ import annotations

import math
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sadtalker3d.errors import UserError
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import MAX_FPS, Track, relative_audio
from sadtalker3d.track_files import MAT_FPS

if TYPE_CHECKING:
    from sadtalker3d.clip.follow import Choice

Method = Literal["landmarks", "recon"]
METHODS: tuple[str, ...] = get_args(Method)
TRACKS = (".json", ".npz")
BASEL_TRACKS = (*TRACKS, ".mat")
LEAST_FPS = 1.0


def fit(
    source: str | Path,
    out: str | Path,
    *,
    face: str | Choice = 1,
    fps: float | None = None,
    method: Method = "landmarks",
    force: bool = False,
    show: Mode = "none",
) -> Made:
    """A track file of the face in a video or photograph; it names the video as its sound.

    Parameters
    ----------
    out : .json or .npz; with recon SadTalker's .mat as well, which has 25 frames a second
    face : 1 the largest, 2 the next, ...; or a point on it in pixels, (x, y) or "X,Y"
    fps : of the track; the video's own unless given
    method : "landmarks" for an `open` track; "recon" for a `basel` one, with the official regressor's weights

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    source, out = Path(source), Path(out)
    if method not in METHODS:
        raise UserError(f"--method {method} is unknown; choose {' or '.join(METHODS)}")
    endings = TRACKS if method == "landmarks" else BASEL_TRACKS
    if out.suffix.lower() not in endings:
        raise UserError(
            f"{out}: a track is written as {' or '.join(endings)}; `export` makes other files of it"
        )
    choice = which_face(face)
    if fps is not None and not (math.isfinite(fps) and LEAST_FPS <= fps <= MAX_FPS):
        raise UserError(f"--fps {fps:g} must lie between {LEAST_FPS:g} and {MAX_FPS:g}")
    if out.suffix.lower() == ".mat":
        if fps not in (None, MAT_FPS):
            raise UserError(
                f"{out}: SadTalker's .mat has {MAT_FPS:g} frames a second; leave --fps out, or choose .json or .npz"
            )
        fps = MAT_FPS
    check_outputs([out], force=force, inputs=[source])
    track, notes = performance(source, face=choice, fps=fps, method=method, show=show)
    if track.audio is not None:
        track = track.replace(audio=relative_audio(source, out))
    return Made(track.save(out), notes)


def performance(
    source: Path,
    *,
    face: Choice = 1,
    fps: float | None = None,
    method: Method = "landmarks",
    show: Mode = "none",
) -> tuple[Track, tuple[str, ...]]:
    """The track of a video or photograph, and notes; its `audio` is the file's name where that has sound."""
    from sadtalker3d.face.video import sound_start_s

    film, photo = _methods(method)
    with progress("fit", show) as report:
        if is_photo(source):
            track, notes = photo(source, face=face)
            report(1, 1)
            return track, notes
        track, notes = film(source, fps=fps, face=face, progress=report)
    if sound_start_s(source) is None:
        return track, (*notes, f"{source.name}: has no sound, so the track names none")
    return track.replace(audio=source.name), notes


def _methods(method: Method) -> tuple[Any, Any]:
    """What reads a film, and a photograph. UserError where the official weights are needed and not there."""
    if method == "landmarks":
        from sadtalker3d.clip import fit_clip, fit_photo

        return fit_clip, fit_photo
    from sadtalker3d import weights
    from sadtalker3d.clip.recon_clip import recon_clip, recon_photo

    try:
        regressor = weights.official("face_3drecon")
    except UserError as error:
        raise UserError(f"--method recon reads faces with SadTalker's own network: {error}") from None
    return partial(recon_clip, regressor=regressor), partial(recon_photo, regressor=regressor)


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
