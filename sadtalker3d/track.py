"""`Track`: expression and head pose over time, the one type that travels between the parts."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import OPEN_64

SCHEMA = "sadtalker3d.track/1"
SPACES = ("open", "basel")
COLUMNS = 64
BASEL_NAMES = tuple(f"basel_exp_{i:02d}" for i in range(COLUMNS))
DEFAULT_NAMES: dict[str, tuple[str, ...]] = {"open": OPEN_64, "basel": BASEL_NAMES}
MAX_FRAMES = 25 * 3600 * 24  # a day: a larger count is a damaged file, not a take
MAX_NPZ_PART_BYTES = MAX_FRAMES * COLUMNS * 8 + 4096  # unpacked, were it float64
JSON_FIELDS = ("fps", "space", "names", "expression", "rotation", "translation", "audio", "meta")


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
        if not 0 < self.fps <= 1000:
            raise UserError(f"field 'fps' is {str(self.fps)[:20]}; it must lie between 0 and 1000")
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
        try:
            return self.expression[:, self.names.index(name)]
        except ValueError:
            raise UserError(f"this track has no column named '{name}'") from None

    def replace(self, **changes: Any) -> Track:
        """A copy with the given fields changed."""
        return replace(self, **changes)

    def require_space(self, space: str, purpose: str) -> Track:
        """This track, or a `UserError` that says what to do when it is of another space."""
        if self.space != space:
            raise UserError(
                f"{purpose} needs a track in the '{space}' space, this one is '{self.space}': "
                "make one with `sadtalker3d animate`"
            )
        return self

    def save(self, path: str | Path) -> Path:
        """Write `.json`, `.npz` or (basel) `.mat`, by the file's ending; load gives the same back."""
        path = Path(path)
        writers = {".json": _write_json, ".npz": _write_npz, ".mat": _write_mat}
        if path.suffix.lower() not in writers:
            raise UserError(f"{path}: a track is saved as .json, .npz or .mat; choose one of these endings")
        writers[path.suffix.lower()](self, path)
        return path


def save(track: Track, path: str | Path) -> Path:
    """Write a track; see `Track.save`."""
    return track.save(path)


def load(path: str | Path) -> Track:
    """Read a track from `.json`, `.npz` or SadTalker's `.mat`.

    Raises UserError naming the file and the field that is wrong.
    """
    path = Path(path)
    readers = {".json": _read_json, ".npz": _read_npz, ".mat": _read_mat}
    if path.suffix.lower() not in readers:
        raise UserError(f"{path}: not a track file; tracks end in .json, .npz or .mat")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        return readers[path.suffix.lower()](path)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


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


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is not UTF-8 comes as lone surrogates
        return json.dumps(value)
    return text


def _write_json(track: Track, path: Path) -> None:
    # repr of the float32 value itself is the shortest text that reads back to the same bits
    def rows(array: np.ndarray) -> str:
        return "[" + ",\n".join("[" + ",".join(str(x) for x in row) + "]" for row in array) + "]"

    scalars = {
        "schema": SCHEMA, "fps": track.fps, "space": track.space, "names": list(track.names),
        "audio": track.audio, "meta": track.meta,
    }  # fmt: skip
    parts = [f'"{key}": {_json(value)}' for key, value in scalars.items()]
    parts += [f'"{key}": {rows(getattr(track, key))}' for key in ("expression", "rotation", "translation")]
    with replacing(path) as partial:
        partial.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def _read_json(path: Path) -> Track:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of 5000 digits
        raise UserError(f"not readable as JSON ({error})") from None
    return from_dict(data)


def from_dict(data: Any) -> Track:
    """A track from the parsed JSON of a track file; UserError names the field that is wrong."""
    if not isinstance(data, dict) or "schema" not in data:
        raise UserError(f'field \'schema\' is missing; a track says "schema": "{SCHEMA}"')
    if data["schema"] != SCHEMA:
        raise UserError(
            f"its schema is {data['schema']!r}, this version reads '{SCHEMA}'; "
            "update sadtalker3d or save the track with the older schema"
        )
    for name in JSON_FIELDS:
        if name not in data:
            raise UserError(f"field '{name}' is missing")
    unknown = sorted(set(data) - set(JSON_FIELDS) - {"schema"})
    if unknown:
        raise UserError(f"field '{unknown[0]}' is not part of {SCHEMA}")
    if not isinstance(data["names"], list) or not data["names"]:
        raise UserError(f"field 'names' must be a list of {COLUMNS} names")
    return Track(**{**{name: data[name] for name in JSON_FIELDS}, "names": tuple(data["names"])})


def _write_npz(track: Track, path: Path) -> None:
    header = json.dumps(
        {
            "schema": SCHEMA, "fps": track.fps, "space": track.space, "names": track.names,
            "audio": track.audio, "meta": track.meta,
        }
    )  # fmt: skip
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file, header=np.array(header), expression=track.expression,
            rotation=track.rotation, translation=track.translation,
        )  # fmt: skip


def _read_npz(path: Path) -> Track:
    names = ("expression", "rotation", "translation")
    try:
        with zipfile.ZipFile(path) as archive:
            if any(part.file_size > MAX_NPZ_PART_BYTES for part in archive.infolist()):
                raise UserError("holds more than a day of frames")
        with np.load(path, allow_pickle=False) as data:
            for name in ("header", *names):
                if name not in data:
                    raise UserError(f"field '{name}' is missing")
            header = json.loads(str(data["header"]))
            arrays = {name: data[name] for name in names}
    except UserError:
        raise
    except Exception as error:  # a damaged archive may raise anything
        raise UserError(f"not readable as a track ({error})") from None
    return from_dict({**header, **arrays} if isinstance(header, dict) else header)


def _write_mat(track: Track, path: Path) -> None:
    import scipy.io

    track.require_space("basel", "SadTalker's .mat")
    rows = np.concatenate([track.expression, track.rotation, track.translation], axis=1)
    with replacing(path) as partial, partial.open("wb") as file:
        scipy.io.savemat(file, {"coeff_3dmm": rows})


def _read_mat(path: Path) -> Track:
    import scipy.io

    try:
        data = scipy.io.loadmat(path)
    except Exception as error:
        raise UserError(f"not readable as a MATLAB file ({error})") from None
    if "coeff_3dmm" not in data:
        raise UserError("field 'coeff_3dmm' is missing; SadTalker writes it")
    rows = np.asarray(data["coeff_3dmm"])
    if rows.ndim != 2 or rows.shape[1] not in (70, 73):
        raise UserError(f"field 'coeff_3dmm' has shape {rows.shape}; it must be (frames, 70) or (frames, 73)")
    return Track(rows[:, :64], rows[:, 64:67], rows[:, 67:70], space="basel", meta={"source": path.name})


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
    return path if path.is_file() else None
