"""Tracks on disk: `.json`, `.npz` and SadTalker's `.mat`. Nothing a file says is believed unchecked."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import TrackError, UserError, naming
from sadtalker3d.files import replacing
from sadtalker3d.track import COLUMNS, MAX_FRAMES, SCHEMA, Track

ENDINGS = (".json", ".npz", ".mat")
ARRAYS = ("expression", "rotation", "translation")
JSON_FIELDS = ("fps", "space", "names", *ARRAYS, "audio", "meta")
MAX_NPZ_PART_BYTES = MAX_FRAMES * COLUMNS * 8 + 4096  # unpacked, were it float64
MAT_FPS = 25.0  # SadTalker knows no other
MAT_WIDTHS = (70, 73)  # the latter with three numbers of the crop: scale, x, y; they travel in the meta data
CROP = "mat_crop"
MAKE_AGAIN = "make it again with `sadtalker3d animate`"


def write(track: Track, path: Path) -> Path:
    """Write in the format of the ending; UserError when that is unknown or the file cannot be written."""
    writers = {".json": _write_json, ".npz": _write_npz, ".mat": _write_mat}
    if path.suffix.lower() not in writers:
        raise UserError(f"{path}: a track is saved as .json, .npz or .mat; choose one of these endings")
    writers[path.suffix.lower()](track, path)
    return path


def read(path: Path) -> Track:
    """Read any of the formats; UserError names the file and the field that is wrong."""
    readers = {".json": _read_json, ".npz": _read_npz, ".mat": _read_mat}
    if path.suffix.lower() not in readers:
        raise UserError(f"{path}: not a track file; tracks end in .json, .npz or .mat")
    if os.path.isdir(path):
        raise UserError(f"{path}: is a folder; name a track in it")
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise UserError(f"is empty; {MAKE_AGAIN}")
        return readers[path.suffix.lower()](path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except OSError as error:
        raise UserError(
            f"{path}: cannot be opened ({error.strerror or error}); check its permissions"
        ) from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is not UTF-8 comes as lone surrogates
        return json.dumps(value)
    return text


def _rows(array: np.ndarray) -> Iterator[str]:
    # str of the float32 value itself is the shortest text that reads back to the same bits
    for i, row in enumerate(array):
        yield ("[" if i == 0 else ",\n") + "[" + ",".join(str(x) for x in row) + "]"
    yield "]"


def _write_json(track: Track, path: Path) -> None:
    scalars = {
        "schema": SCHEMA, "fps": track.fps, "space": track.space, "names": list(track.names),
        "audio": track.audio, "meta": track.meta,
    }  # fmt: skip
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write("{" + ",\n".join(f'"{key}": {_json(value)}' for key, value in scalars.items()))
        for key in ARRAYS:
            file.write(f',\n"{key}": ')
            file.writelines(_rows(getattr(track, key)))
        file.write("}\n")


def _read_json(path: Path) -> Track:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of 5000 digits
        raise UserError(f"not readable as JSON ({error}); {MAKE_AGAIN}") from None
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
            raise UserError(f"field '{name}' is missing; a track has {', '.join(JSON_FIELDS)}")
    unknown = sorted(set(data) - set(JSON_FIELDS) - {"schema"})
    if unknown:
        raise UserError(f"field '{unknown[0]}' is not part of {SCHEMA}; remove it, or put it into 'meta'")
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
    try:
        with zipfile.ZipFile(path) as archive:
            if any(part.file_size > MAX_NPZ_PART_BYTES for part in archive.infolist()):
                raise UserError("holds more than a day of frames")
        with np.load(path, allow_pickle=False) as data:
            for name in ("header", *ARRAYS):
                if name not in data:
                    raise UserError(f"field '{name}' is missing")
            header = json.loads(str(data["header"]))
            arrays = {name: data[name] for name in ARRAYS}
    except UserError:
        raise
    except Exception as error:  # a damaged archive may raise anything
        raise UserError(f"not readable as a track ({error}); {MAKE_AGAIN}") from None
    return from_dict({**header, **arrays} if isinstance(header, dict) else header)


def _write_mat(track: Track, path: Path) -> None:
    import scipy.io

    track.require_space("basel", "SadTalker's .mat")
    if track.fps != MAT_FPS:
        raise TrackError(
            f"SadTalker's .mat has {MAT_FPS:g} frames a second, this track has {track.fps:g}: "
            "resample it, or save it as .json or .npz"
        )
    rows = to_rows(track)
    crop = _crop(track)
    if crop is not None:
        rows = np.concatenate([rows, crop], axis=1)
    with replacing(path) as partial, partial.open("wb") as file:
        scipy.io.savemat(file, {"coeff_3dmm": rows})


def _read_mat(path: Path) -> Track:
    rows = mat_rows(path)
    meta: dict[str, Any] = {"source": path.name}
    if rows.shape[1] == MAT_WIDTHS[1] and np.isfinite(rows[:, 70:]).all():
        crop = rows[:, 70:].astype(np.float32)
        # a portrait's is the same in all frames
        meta[CROP] = (crop[:1] if (crop == crop[0]).all() else crop).tolist()
    return from_rows(rows).replace(meta=meta)


def _crop(track: Track) -> np.ndarray | None:
    """(T, 3) crop that a .mat of 73 columns brought; None where there is none, or not for these frames."""
    try:
        crop = np.array(track.meta.get(CROP), np.float32)
    except (TypeError, ValueError):
        return None
    if crop.shape not in ((1, 3), (len(track), 3)):
        return None
    return np.broadcast_to(crop, (len(track), 3))


def from_rows(rows: np.ndarray) -> Track:
    """A `basel` track of SadTalker's (T, 70 or more) coefficients: expression 64, rotation 3, translation 3."""
    return Track(rows[:, :64], rows[:, 64:67], rows[:, 67:70], space="basel", fps=MAT_FPS)


def to_rows(track: Track, space: str = "basel") -> np.ndarray:
    """(T, 70) coefficients of a track of the space: expression, rotation, translation, as SadTalker has them."""
    track.require_space(space, "SadTalker's coefficients" if space == "basel" else "this renderer")
    return np.concatenate([getattr(track, name) for name in ARRAYS], axis=1)


def read_rows(path: Path) -> np.ndarray:
    """SadTalker's coefficients (T, 70 or, from a .mat that has them, 73) of a `basel` track file; UserError."""
    track = read(path)
    with naming(path):
        rows = to_rows(track)
    return mat_rows(path).astype(np.float32) if path.suffix.lower() == ".mat" else rows


def mat_rows(path: Path) -> np.ndarray:
    """(T, 70) or (T, 73), the `coeff_3dmm` of SadTalker's .mat; UserError when it is not that."""
    import scipy.io

    try:
        shapes = {name: shape for name, shape, _ in scipy.io.whosmat(path)}  # before anything is unpacked
        if "coeff_3dmm" not in shapes:
            raise UserError("field 'coeff_3dmm' is missing; SadTalker writes it")
        shape = shapes["coeff_3dmm"]
        if len(shape) != 2 or shape[1] not in MAT_WIDTHS:
            raise UserError(f"field 'coeff_3dmm' has shape {shape}; it must be (frames, 70) or (frames, 73)")
        if shape[0] > MAX_FRAMES:
            raise UserError(f"field 'coeff_3dmm' has {shape[0]} frames, more than a day")
        return np.asarray(scipy.io.loadmat(path, variable_names=["coeff_3dmm"])["coeff_3dmm"])
    except UserError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise UserError(f"not readable as a MATLAB file ({error}); save it again as version 5 or 7") from None
