"""Live Link Face CSV, as Epic's iPhone app records it and Unreal, Blender add-ons and Maya read it.

63 columns: `Timecode,BlendshapeCount`, the 52 ARKit weights, and nine angles: HeadYaw, HeadPitch,
HeadRoll and three for each eye. Conventions, where programs disagree:

- Columns are found by name, never by position, without regard to case.
- Angles are radians unless `angle_unit="deg"`. Apps and importers differ: ask the program that reads it. Angles
  beyond half a turn are not taken for radians.
- Signs are the track's own, right-handed with y up: HeadPitch + is chin down, HeadYaw + the nose
  towards the subject's left, HeadRoll + the crown towards the subject's right (seen by a viewer: to
  the left). A recording made with the phone in landscape has pitch and yaw the other way round.
- Eye angles are zero: the gaze is in the eyeLook weights.
- Time is `HH:MM:SS:FF.mmm` from zero, FF counting frames within the second.

A CSV has no place for the 12 speech columns, which are folded into the 52, nor for the translation,
the sound and the meta data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.csv_table import Table, read_table
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import MAX_FRAMES, Track


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _recorded_order(names: tuple[str, ...]) -> list[str]:
    """ARKit's names in the order of recordings, which has jaw and mouth Right before Left."""
    order = list(names)
    for left, right in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")):
        i, j = order.index(left), order.index(right)
        order[i], order[j] = right, left
    return order


WEIGHTS = _recorded_order(ARKIT_52)
HEAD = {"HeadYaw": 1, "HeadPitch": 0, "HeadRoll": 2}  # column -> axis of Track.rotation
EYES = tuple(f"{side}Eye{angle}" for side in ("Left", "Right") for angle in ("Yaw", "Pitch", "Roll"))
HEADER = ["Timecode", "BlendshapeCount", *map(_pascal, WEIGHTS), *HEAD, *EYES]
BLENDSHAPE_COUNT = 61  # weights and angles together, as recordings have it
UNITS = {"rad": 1.0, "deg": 180 / math.pi}
TIMECODE = re.compile(r"(\d+):(\d+):(\d+)[:;](\d+(?:[.,]\d+)?)")
FRAME_RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0, 100.0, 120.0)
NEARLY_WHOLE_FPS = 0.2
SHORT_CLIP_FPS = (25.0, 30.0, 60.0)  # tried for clips that do not reach their next second


def write(track: Track, path: str | Path, *, angle_unit: str = "rad", fold_speech: bool = True) -> Path:
    """Write the 52 ARKit weights and the head angles of an `open` track.

    Parameters
    ----------
    track : an `open` track
    path : the .csv to make; replaced when it exists
    angle_unit : "rad" or "deg"
    fold_speech : add the 12 speech columns to the ARKit weights nearest to them (`rig.fold`), so that
        lips meet for `p b m` on a face that has only the 52; else they are left out

    Raises
    ------
    UserError : a track of another space, an unknown unit, or a file that cannot be written
    """
    path, scale = Path(path), _scale(angle_unit)
    track.require_space("open", "Live Link Face")
    order = [ARKIT_52.index(name) for name in WEIGHTS]
    weights = to_arkit(track, fold_speech=fold_speech)[:, order]  # (T, 52)
    angles = (track.rotation.astype(np.float64) * scale).astype(np.float32)[:, list(HEAD.values())]
    eyes = np.zeros((len(track), len(EYES)), np.float32)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER) + "\n")
        rows = zip(_timecodes(len(track), track.fps), np.hstack([weights, angles, eyes]), strict=True)
        # str of a float32 is the shortest text that reads back to the same number
        file.writelines(f"{time},{BLENDSHAPE_COUNT},{','.join(map(str, row))}\n" for time, row in rows)
    return path


def read(
    path: str | Path,
    *,
    angle_unit: str | None = None,
    fps: float | None = None,
    neutral_first_frame: bool = False,
    fill_missing: bool = False,
) -> Track:
    """Read a Live Link Face recording as an `open` track.

    Parameters
    ----------
    path : the .csv, with columns in any order and case, separated by commas, semicolons or tabs
    angle_unit : "rad" or "deg": what the head angles are in; radians unless given, but angles that no neck
        reaches in radians are refused then
    fps : frames per second; found from the timecodes unless given, for which the recording must pass
        into its next second (a shorter one counts as 25, or 30 or 60 where its frame numbers need it)
    neutral_first_frame : take the first frame as the neutral face and pose, and subtract it
    fill_missing : ARKit weights without a column are zero, instead of an error

    Frames that the recorder dropped are interpolated. `meta["left_out"]` lists columns that say nothing to us.

    Raises
    ------
    UserError : names the line and column that is wrong
    """
    path = Path(path)
    try:
        scale = _scale(angle_unit or "rad")
        table = read_table(path, "Timecode")
        track = _track(table, scale, fps, neutral_first_frame, fill_missing, path.name)
        if angle_unit is None and np.abs(track.rotation).max() > math.pi:
            raise UserError(
                f"its head angles reach {np.abs(track.rotation).max():.3g}, too much for radians; convert it with "
                f"`sadtalker3d export {path.name} -o {path.stem}.json --angle-unit deg`"
            )
        return track
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _scale(angle_unit: str) -> float:
    if angle_unit not in UNITS:
        raise UserError(f"unknown angle unit '{angle_unit}'; choose rad or deg")
    return UNITS[angle_unit]


def _timecodes(count: int, fps: float) -> Iterator[str]:
    for i in range(count):
        second = math.floor(i / fps + 1e-9)  # 75 / 25 must not become 2.999
        frame = max(i - second * fps, 0.0)
        yield f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:{frame:06.3f}"


def _track(
    table: Table, scale: float, fps: float | None, neutral_first_frame: bool, fill_missing: bool, source: str
) -> Track:
    column = {name.casefold(): i for i, name in enumerate(table.header)}
    if len(column) < len(table.header):
        raise UserError("its first line names a column twice")
    missing = [name for name in ARKIT_52 if name.casefold() not in column]
    if len(missing) == len(ARKIT_52):
        raise UserError("its first line has none of ARKit's names; is it a Live Link Face recording?")
    if missing and not fill_missing:
        some = ", ".join(map(_pascal, missing[:3])) + (", ..." if len(missing) > 3 else "")
        raise UserError(
            f"lacks {len(missing)} of the {len(ARKIT_52)} weights: {some}; record all, or add --fill-missing to "
            "take them as zero"
        )
    values = table.values
    expression = np.zeros((len(values), len(OPEN_64)))
    for i, name in enumerate(ARKIT_52):
        if name.casefold() in column:
            expression[:, i] = values[:, column[name.casefold()]]
    rotation = np.zeros((len(values), 3))
    for name, axis in HEAD.items():
        if name.casefold() in column:
            rotation[:, axis] = values[:, column[name.casefold()]] / scale
    if neutral_first_frame:
        expression, rotation = np.maximum(expression - expression[0], 0), rotation - rotation[0]
    if table.texts is not None:
        seconds, frames = _clock(table.texts)
        fps = fps or _fps(seconds, frames)
        expression, rotation = _without_gaps(seconds, frames, fps, expression, rotation)
    known = {name.casefold() for name in HEADER}
    left_out = [name for name in table.header if name.casefold() not in known]
    meta = {"source": source, **({"left_out": left_out} if left_out else {})}
    return Track(expression, rotation, np.zeros_like(rotation), fps=fps or SHORT_CLIP_FPS[0], meta=meta)


def _clock(times: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Whole seconds since the first row, and the frame number within the second, of each timecode."""
    parsed = [TIMECODE.fullmatch(time.strip()) for time in times]
    for row, match in enumerate(parsed):
        if match is None:
            raise UserError(f"frame {row} has the timecode '{times[row]}'; it must be HH:MM:SS:FF")
    parts = np.array(
        [[float(part.replace(",", ".")) for part in match.groups()] for match in parsed if match]
    )
    seconds = parts[:, :3] @ [3600, 60, 1]
    midnights = np.cumsum(np.diff(seconds, prepend=seconds[0]) < -43200)
    return seconds + 86400 * midnights - seconds[0], parts[:, 3]


def _fps(seconds: np.ndarray, frames: np.ndarray) -> float:
    highest = math.floor(frames.max()) + 1
    if seconds[-1] == 0:
        return next((fps for fps in SHORT_CLIP_FPS if fps >= highest), float(highest))
    last = int(np.searchsorted(seconds, seconds[-1]))
    dropped = ((np.diff(seconds) == 0) & (np.diff(frames) > 1.5)).any()
    # where frames are missing, counting rows gives too few
    counted = highest if dropped else (last - (frames[last] - frames[0])) / seconds[last]
    if counted < 0.5:
        raise UserError("its timecodes show no frame rate; give fps when reading it")
    nearest = min(FRAME_RATES, key=lambda rate: abs(rate - counted))
    return nearest if abs(nearest - counted) < 0.002 else round(float(counted), 3)


def _without_gaps(
    seconds: np.ndarray, frames: np.ndarray, fps: float, *columns: np.ndarray
) -> list[np.ndarray]:
    """The columns (T, k) with a row for every frame, in even steps."""
    whole = round(fps)  # frames count to 60 within a second at 59.97 as well
    per_second = whole if abs(fps - whole) < NEARLY_WHOLE_FPS else fps
    position = (seconds + (frames - frames[0]) / per_second) * fps
    if (np.diff(position) <= 0).any():
        row = int(np.argmax(np.diff(position) <= 0)) + 1
        raise UserError(f"the timecode of frame {row} does not come after the one before")
    if np.abs(position - np.arange(len(position))).max() < 0.5:
        return list(columns)
    count = round(position[-1]) + 1
    if count > MAX_FRAMES:
        raise UserError(f"its timecodes span {count} frames, more than a day")
    every = np.arange(count)
    return [np.stack([np.interp(every, position, c) for c in values.T], axis=1) for values in columns]
