"""`Track`: expression and head pose over time, the one type that travels between the parts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import TrackError, UserError
from sadtalker3d.rig.arkit import OPEN_64

SCHEMA = "sadtalker3d.track/1"
SPACES = ("open", "basel")
COLUMNS = 64
BASEL_NAMES = tuple(f"basel_exp_{i:02d}" for i in range(COLUMNS))
HOW_TO_GET = {
    "open": "convert it with `sadtalker3d export TAKE -o OPEN.json --as open --basel FOLDER`, FOLDER holding "
    "the Basel face model, or make one with `sadtalker3d animate`",
    "basel": "make one with `sadtalker3d animate SPEECH -o TAKE.json --space basel`, or of a video with "
    "`sadtalker3d fit VIDEO -o TAKE.json --method recon`",
}
"""What to do about a track of the other space; there is no way from `open` to `basel`."""
DEFAULT_NAMES: dict[str, tuple[str, ...]] = {"open": OPEN_64, "basel": BASEL_NAMES}
MAX_FRAMES = 25 * 3600 * 24  # a day: a larger count is a damaged file, not a take
MIN_FPS, MAX_FPS = 0.001, 1000.0


@dataclass(frozen=True, eq=False)
class Track:
    """Facial animation as morphable-model coefficients; immutable.

    Attributes
    ----------
    expression : (T, 64) float32, coefficients; in `open` blend-shape weights, neutral 0, full 1
    rotation : (T, 3) float32, radians: pitch (x, + chin down), yaw (y, + nose to image right),
        roll (z, + head top to image left); p' = Rz Ry Rx p, right-handed, y up, the face looks along +z
    translation : (T, 3) float32, model units (metres in `open`) relative to the rest position
    fps : frames per second
    space : "open" (the embedded head) or "basel" (official SadTalker checkpoints)
    names : the 64 expression columns' names
    audio : path of the sound it belongs to, relative to the track file, or None
    meta : plain JSON: generator, weights, seed, style, source
    """

    expression: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    fps: float = 25.0
    space: str = "open"
    names: tuple[str, ...] = ()
    audio: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise UserError(f"field 'space' is {self.space!r}; it must be one of {', '.join(SPACES)}")
        if isinstance(self.fps, bool) or not isinstance(self.fps, int | float):
            raise UserError(f"field 'fps' must be a number, not {type(self.fps).__name__}")
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise UserError(
                f"field 'fps' is {str(self.fps)[:20]}; it must lie between {MIN_FPS:g} and {MAX_FPS:g}"
            )
        object.__setattr__(self, "fps", float(self.fps))
        names = tuple(self.names) or DEFAULT_NAMES[self.space]
        if not all(isinstance(n, str) for n in names):
            raise UserError("field 'names' must hold text only")
        if len(names) != COLUMNS or len(set(names)) != COLUMNS:
            raise UserError(f"field 'names' must hold {COLUMNS} different names, it holds {len(set(names))}")
        object.__setattr__(self, "names", names)
        for name, width in (("expression", COLUMNS), ("rotation", 3), ("translation", 3)):
            object.__setattr__(self, name, _checked(name, getattr(self, name), width))
        frames = len(self.expression)
        for name in ("rotation", "translation"):
            if len(getattr(self, name)) != frames:
                raise UserError(
                    f"field '{name}' has {len(getattr(self, name))} frames, but 'expression' has {frames}"
                )
        if self.audio is not None and not isinstance(self.audio, str):
            raise UserError("field 'audio' must be a file name or null")
        object.__setattr__(self, "meta", _plain_json(self.meta))

    def __len__(self) -> int:
        return len(self.expression)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Track):
            return NotImplemented
        return (
            (self.fps, self.space, self.names, self.audio, self.meta)
            == (other.fps, other.space, other.names, other.audio, other.meta)
        ) and all(
            np.array_equal(getattr(self, n), getattr(other, n))
            for n in ("expression", "rotation", "translation")
        )

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self) / self.fps

    def column(self, name: str) -> np.ndarray:
        """The (T,) values of one named expression column."""
        return self.expression[:, self.index(name)]

    def index(self, name: str) -> int:
        """Where a named column is in `expression`; UserError when there is none of that name."""
        try:
            return self.names.index(name)
        except ValueError:
            raise TrackError(f"this track has no column named '{name}'") from None

    def replace(self, **changes: Any) -> Track:
        """A copy with the given fields changed."""
        return replace(self, **changes)

    def require_space(self, space: str, purpose: str) -> Track:
        """This track, or a `UserError` that says what to do when it is of another space."""
        if self.space != space:
            raise TrackError(
                f"{purpose} needs a track in the '{space}' space, this one is '{self.space}': {HOW_TO_GET[space]}"
            )
        return self

    def save(self, path: str | Path) -> Path:
        """Write `.json`, `.npz` or (basel) `.mat`, by the file's ending; load gives the same back."""
        from sadtalker3d.track_files import write

        return write(self, Path(path))


def save(track: Track, path: str | Path) -> Path:
    """Write a track; see `Track.save`."""
    return track.save(path)


def load(path: str | Path) -> Track:
    """Read a track from `.json`, `.npz`, SadTalker's `.mat`, or any other format of `sadtalker3d.export`.

    Raises UserError naming the file and the field that is wrong.
    """
    from sadtalker3d.export import read

    return read(path)


def _checked(name: str, values: Any, width: int) -> np.ndarray:
    try:
        given = np.asarray(values)
    except (TypeError, ValueError):  # rows of different lengths
        given = np.array(None)
    if given.dtype.kind not in "fiu":
        raise UserError(f"field '{name}' must be a list of rows of {width} numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused below
        array = given.astype(np.float32, order="C")  # a copy: the track never changes
    if array.size == 0 and array.ndim <= 2:
        raise UserError(f"field '{name}' has no frames")
    if array.ndim != 2 or array.shape[1] != width:
        raise UserError(f"field '{name}' has shape {array.shape}; it must be (frames, {width})")
    if len(array) > MAX_FRAMES:
        raise UserError(f"field '{name}' has {len(array)} frames, more than a day")
    if not np.isfinite(array).all():
        frame = int(np.argwhere(~np.isfinite(array))[0, 0])
        raise UserError(f"field '{name}' is not a finite number in frame {frame}")
    array.setflags(write=False)
    return array


def _plain_json(meta: Any) -> dict[str, Any]:
    """What a track file gives back of `meta`, so that saving and loading changes nothing."""
    if not isinstance(meta, Mapping):
        raise UserError("field 'meta' must be a JSON object")
    try:
        return json.loads(json.dumps(dict(meta), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"field 'meta' must be plain JSON ({error})") from None


def relative_audio(audio: str | Path, track_path: str | Path) -> str:
    """How a track saved at `track_path` names its sound: relative to the track file, with forward slashes."""
    audio, folder = Path(audio).absolute(), Path(track_path).absolute().parent
    try:
        return Path(os.path.relpath(audio, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return audio.as_posix()


def find_audio(track: Track, track_path: str | Path) -> Path | None:
    """The sound of a track that was read from `track_path`, or None when it names none or it is gone."""
    if track.audio is None:
        return None
    # as text, like relative_audio: through a linked folder, ".." on the disk leads elsewhere
    path = Path(os.path.normpath(Path(track_path).absolute().parent / track.audio))
    return path if os.path.isfile(path) else None  # pathlib's own raises for a name that is too long
