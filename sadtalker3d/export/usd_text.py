"""Reading the animation out of a USD text file: what `usd` writes, or `usdcat` makes of another program's file.

Not a parser of the language: it knows the lines that carry the animation, a list or a time sample a line, as USD's own
writer lays them out, and passes over the rest without keeping it.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rotation import from_quaternions, short_way
from sadtalker3d.track import MAX_FRAMES, SCHEMA, Track

DEFAULT_TIME_CODES = 24.0  # a second, where a layer does not say it: USD's own default
MAX_NAMES = 10_000
SAMPLED = re.compile(r"\s*(?:float|quat[fhd]|float3|half3|double3)\[\] (\w+)\.timeSamples = \{")
SAMPLE = re.compile(r"\s*([-+\d.eE]+)\s*:\s*\[(.*)\],?\s*$")
NAMES = re.compile(r"\s*(?:uniform )?token\[\] (blendShapes|joints) = \[(.*)\]")
RATE = re.compile(r"\s*timeCodesPerSecond = ([\d.eE+-]+)")
OURS = re.compile(r"\s*string sadtalker3d = (.+)$")
WIDTHS = {"rotations": 4, "translations": 3}


@dataclass
class _Samples:
    times: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (n,) and values (n, k)."""
        times = np.array(self.times)
        return times, np.array(self.values).reshape(len(times), -1)


@dataclass
class _Found:
    """What the first animation with blend shapes holds."""

    rate: float = DEFAULT_TIME_CODES
    ours: dict[str, Any] | None = None
    names: dict[str, list[str]] = field(default_factory=dict)
    samples: dict[str, _Samples] = field(default_factory=dict)


def read(path: str | Path) -> Track:
    """Read the first SkelAnimation with blend shapes of a .usda.

    Columns are found by their names; those that a track does not have are listed in `meta["left_out"]`. The head pose
    is read from this project's files only: where another's joints point is not known.

    Raises
    ------
    UserError : not USD text, damaged, or without an animation of blend shapes
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise UserError(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            first = file.readline(100)
            if first.startswith("PXR-USDC"):
                raise UserError("is binary USD; make it text first, with `usdcat FILE -o take.usda`")
            if not first.startswith("#usda"):
                raise UserError("is not USD text (its first line is not #usda)")
            found = _search(file)
        return _track(found, path.name)
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not USD text; make it so with `usdcat FILE -o take.usda`") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _search(lines: Iterator[str]) -> _Found:
    found, inside = _Found(), False
    for line in lines:
        if match := RATE.match(line):
            found.rate = _number(match[1])
        elif match := OURS.match(line):
            found.ours = _kept(match[1])
        elif line.lstrip().startswith("def SkelAnimation"):
            if found.samples.get("blendShapeWeights"):
                break
            inside, found.names, found.samples = True, {}, {}
        elif line.lstrip().startswith("def "):
            inside = False
        elif inside and (match := NAMES.match(line)):
            found.names[match[1]] = re.findall(r'"((?:[^"\\]|\\.)*)"', match[2])[: MAX_NAMES + 1]
        elif inside and (match := SAMPLED.match(line)):
            found.samples[match[1]] = _samples(match[1], lines)
    return found


def _samples(name: str, lines: Iterator[str]) -> _Samples:
    samples, width = _Samples(), None
    for line in lines:
        if line.strip() == "}":
            return samples
        match = SAMPLE.match(line)
        if match is None:
            raise UserError(f"a time sample of {name} is not readable: '{line.strip()[:40]}'")
        numbers = match[2].replace("(", "").replace(")", "")
        try:
            row = array("d", map(float, numbers.split(",") if numbers.strip() else ()))
        except ValueError:
            raise UserError(f"a time sample of {name} holds something that is not a number") from None
        if width is not None and len(row) != width:
            raise UserError(f"the time samples of {name} have {width} and {len(row)} numbers")
        width = len(row)
        samples.times.append(_number(match[1]))
        samples.values.extend(row)
        if len(samples.times) > MAX_FRAMES:
            raise UserError("has more than a day of time samples")
    raise UserError(f"ends within the time samples of {name}: it is truncated")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"'{text[:20]}' stands where a number must be") from None


def _kept(text: str) -> dict[str, Any]:
    """What `usd` put into customLayerData: a quoted string of JSON."""
    text = text.strip()
    quote = next((q for q in ('"""', "'''", '"', "'") if text.startswith(q)), "")
    plain = re.sub(r"\\(.)", r"\1", text[len(quote) : len(text) - len(quote)])
    try:
        kept = json.loads(plain)
    except (ValueError, RecursionError):
        raise UserError("its customLayerData is damaged") from None
    if not isinstance(kept, dict) or kept.get("schema") != SCHEMA:
        raise UserError(f"its customLayerData is not of {SCHEMA}")
    return kept


def _track(found: _Found, source: str) -> Track:
    shapes = found.names.get("blendShapes", [])
    if not shapes or not found.samples.get("blendShapeWeights"):
        raise UserError("holds no animation of blend shapes")
    times, weights = found.samples["blendShapeWeights"].table()
    if len(shapes) > MAX_NAMES or weights.shape[1] != len(shapes):
        raise UserError(f"has {weights.shape[1]} weights a time sample, but {len(shapes)} blend shapes")
    grid = _grid(times)
    ours = found.ours
    names = tuple(ours["names"]) if ours else OPEN_64
    if ours is None and not {name.casefold() for name in shapes} & {name.casefold() for name in names}:
        raise UserError(f"none of its blend shapes has an ARKit name (the first is '{shapes[0][:40]}')")
    at = {name.casefold(): i for i, name in enumerate(shapes)}
    expression = np.zeros((len(grid), len(names)))
    for column, name in enumerate(names):
        if isinstance(name, str) and name.casefold() in at:
            expression[:, column] = _at(grid, times, weights[:, at[name.casefold()]])
    still = np.zeros((len(grid), 3))
    if ours is None:
        known = {name.casefold() for name in names}
        left_out = [name for name in shapes if name.casefold() not in known]
        meta = {"source": source, **({"left_out": left_out} if left_out else {})}
        return Track(expression, still, still, fps=found.rate, meta=meta)
    try:
        unit_m = {"open": 1.0, "basel": 0.1}[ours["space"]]
        return Track(
            expression, _rotation(found, grid), _translation(found, grid) / unit_m, fps=ours["fps"],
            space=ours["space"], names=names, audio=ours["audio"], meta=ours["meta"],
        )  # fmt: skip
    except (KeyError, TypeError):
        raise UserError("its customLayerData is not complete") from None


def _grid(times: np.ndarray) -> np.ndarray:
    """Every whole time code from the first sample to the last."""
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise UserError("its time codes do not increase")
    count = round(float(times[-1] - times[0])) + 1
    if count > MAX_FRAMES:
        raise UserError(f"its time codes span {count} frames, more than a day")
    return times[0] + np.arange(count)


def _at(grid: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The samples themselves, untouched, where they lie on the grid."""
    return values if np.array_equal(grid, times) else np.interp(grid, times, values)


def _pose(found: _Found, name: str, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and values of the head's joint, the only one in our files."""
    if name not in found.samples:
        return None
    times, values = found.samples[name].table()
    if values.shape[1] != WIDTHS[name] or _grid(times)[[0, -1]].tolist() != grid[[0, -1]].tolist():
        raise UserError(f"the time samples of {name} do not fit those of the weights")
    return times, values


def _rotation(found: _Found, grid: np.ndarray) -> np.ndarray:
    pose = _pose(found, "rotations", grid)
    if pose is None:
        return np.zeros((len(grid), 3))
    times, values = pose
    turns = short_way(values[:, [1, 2, 3, 0]])  # USD's quaternions begin with the real part
    return from_quaternions(np.stack([_at(grid, times, column) for column in turns.T], axis=1))


def _translation(found: _Found, grid: np.ndarray) -> np.ndarray:
    pose = _pose(found, "translations", grid)
    if pose is None:
        return np.zeros((len(grid), 3))
    times, values = pose
    return np.stack([_at(grid, times, column) for column in values.T], axis=1)
