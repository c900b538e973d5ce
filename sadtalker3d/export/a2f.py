"""NVIDIA Audio2Face: the JSON of its blend-shape export (weightMat), and the CSV of its service.

JSON: `exportFps`, `trackPath` (the sound), `numPoses`, `numFrames`, `facsNames` and `weightMat`, a row a frame; names
are ARKit's in camelCase. CSV: a counter, `timeCode` in seconds, and `blendShapes.` before ARKit's names in PascalCase,
as the clients of Audio2Face-3D save it.

Neither has a place for head pose and meta data, the CSV none for the sound; the 12 speech columns are folded into the
52. Weights may leave 0..1. When reading, names are matched whatever their case; those of the older Audio2Face (46,
`a2f_names`) become ARKit's; columns that are neither are listed in `meta["left_out"]`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.a2f_names import LEGACY_46
from sadtalker3d.export.csv_table import read_table
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import MAX_FRAMES, Track

PREFIX = "blendShapes."
DEFAULT_FPS = 30.0  # Audio2Face's own, for files that do not say it
SAME_TIME_S = 1e-3  # time codes this near to their frames are taken as lying on them
DECIMALS_S = 6


def write(track: Track, path: str | Path, *, fold_speech: bool = True) -> Path:
    """Write the 52 ARKit weights of an `open` track, as CSV where the name ends so, else as JSON.

    fold_speech : add the 12 speech columns to the ARKit weights nearest to them (`rig.fold`), so that lips meet for
        `p b m` on a face that has only the 52; else they are left out

    Raises
    ------
    UserError : a track of another space, or a file that cannot be written
    """
    path = Path(path)
    track.require_space("open", "Audio2Face")
    weights = to_arkit(track, fold_speech=fold_speech)
    lines = _csv_lines if path.suffix.lower() == ".csv" else _json_lines
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines(track, weights))
    return path


def read(path: str | Path) -> Track:
    """Read Audio2Face's JSON or CSV as an `open` track.

    Raises
    ------
    UserError : names what is wrong; counts that disagree with what is there, and no name that is known, among it
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise UserError(f"{path}: no such file")
    try:
        return _read_csv(path) if path.suffix.lower() == ".csv" else _read_json(path)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _json_lines(track: Track, weights: np.ndarray) -> Iterator[str]:
    header = {
        "exportFps": track.fps, "trackPath": track.audio or "", "numPoses": len(ARKIT_52),
        "numFrames": len(track), "facsNames": list(ARKIT_52),
    }  # fmt: skip
    yield json.dumps(header)[:-1] + ', "weightMat": ['
    for i, row in enumerate(weights):
        # str of a float32 is the shortest text that reads back to the same number
        yield (",\n[" if i else "\n[") + ", ".join(map(str, row)) + "]"
    yield "\n]}\n"


def _csv_lines(track: Track, weights: np.ndarray) -> Iterator[str]:
    names = [PREFIX + name[0].upper() + name[1:] for name in ARKIT_52]
    yield ",".join(["", "timeCode", *names]) + "\n"
    for i, row in enumerate(weights):
        yield f"{i},{round(i / track.fps, DECIMALS_S)},{','.join(map(str, row))}\n"


def _read_json(path: Path) -> Track:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of 5000 digits
        raise UserError(f"not readable as JSON ({error})") from None
    if not isinstance(data, dict) or "weightMat" not in data or "facsNames" not in data:
        raise UserError("lacks 'facsNames' or 'weightMat'; is it Audio2Face's blend-shape export?")
    names, weights = data["facsNames"], data["weightMat"]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise UserError("field 'facsNames' must be a list of names")
    for field, known in (("numPoses", len(names)), ("numFrames", _length(weights))):
        if field in data and data[field] != known:
            raise UserError(
                f"field '{field}' says {str(data[field])[:20]}, but there are {known}: it is damaged"
            )
    track = _track(names, _matrix(weights, len(names)), _fps(data), path.name)
    sound = data.get("trackPath")
    if not isinstance(sound, str) or not sound:
        return track
    if os.path.isfile(path.parent / sound):  # often a path on the machine that made it
        return track.replace(audio=sound.replace("\\", "/"))
    return track.replace(meta={**track.meta, "trackPath": sound})


def _length(weights: Any) -> int:
    if not isinstance(weights, list) or not weights:
        raise UserError("field 'weightMat' has no frames")
    if len(weights) > MAX_FRAMES:
        raise UserError(f"field 'weightMat' has {len(weights)} frames, more than a day")
    return len(weights)


def _matrix(weights: list[Any], poses: int) -> np.ndarray:
    for frame, row in enumerate(weights):
        if not isinstance(row, list) or len(row) != poses:
            said = f"{len(row)} weights" if isinstance(row, list) else "no list of weights"
            raise UserError(f"field 'weightMat' has {said} in frame {frame}, but there are {poses} names")
    try:
        matrix = np.array(weights, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError("field 'weightMat' holds something that is not a number") from None
    if matrix.ndim != 2:
        raise UserError("field 'weightMat' holds something that is not a number")
    return matrix


def _fps(data: dict[str, Any]) -> float:
    fps = data.get("exportFps", DEFAULT_FPS)
    if isinstance(fps, bool) or not isinstance(fps, int | float):
        raise UserError(f"field 'exportFps' is {str(fps)[:20]!r}; it must be a number")
    return fps


def _read_csv(path: Path) -> Track:
    table = read_table(path)
    at = {name.casefold(): i for i, name in enumerate(table.header)}
    if "timecode" not in at:
        raise UserError("has no column 'timeCode'; is it the animation_frames.csv of Audio2Face?")
    columns = [i for name, i in at.items() if name not in ("", "timecode")]
    names = [table.header[i] for i in columns]
    weights, times = table.values[:, columns], table.values[:, at["timecode"]]
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        row = int(np.argmax(~(np.diff(times, prepend=-np.inf) > 0)))
        raise UserError(f"the timeCode of frame {row} does not come after the one before")
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else 1 / DEFAULT_FPS
    # written with few decimals: the whole length tells the rate more exactly than one step
    counted = round((times[-1] - times[0]) / step_s) if len(times) > 1 else 0
    if counted >= MAX_FRAMES:
        raise UserError(f"its time codes span {counted} frames, more than a day")
    fps = counted / float(times[-1] - times[0]) if counted else DEFAULT_FPS
    every = times[0] + np.arange(counted + 1) / fps
    if len(every) != len(times) or np.abs(every - times).max() > SAME_TIME_S:
        weights = np.stack([np.interp(every, times, column) for column in weights.T], axis=1)
    return _track(names, weights, round(fps, 3), path.name)


def _track(names: Sequence[str], weights: np.ndarray, fps: float, source: str) -> Track:
    plain = [name.rpartition(".")[2].casefold() for name in names]
    (often, times), *_ = Counter(plain).most_common(1)
    if times > 1:
        raise UserError(f"the name '{often[:40]}' stands there {times} times")
    known = {name.casefold(): {name: 1.0} for name in OPEN_64}
    known = {**{name.casefold(): shapes for name, shapes in LEGACY_46.items()}, **known}
    column = {name: i for i, name in enumerate(OPEN_64)}
    mixing = np.zeros((len(names), len(OPEN_64)))  # from the file's columns to the track's
    for row, name in enumerate(plain):
        for shape, share in known.get(name, {}).items():
            mixing[row, column[shape]] = share
    if not mixing.any():
        raise UserError(f"none of its names is ARKit's or Audio2Face's (the first is '{names[0][:40]}')")
    left_out = [name for name, shares in zip(names, mixing, strict=True) if not shares.any()]
    meta = {"source": source, **({"left_out": left_out} if left_out else {})}
    still = np.zeros((len(weights), 3))
    return Track(weights @ mixing, still, still, fps=fps, meta=meta)
