"""A table of lines: which sound is said from when on."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from sadtalker3d.errors import UserError

MOST_LINES = 100_000
_NEEDED = ("start", "file")


@dataclass(frozen=True)
class Line:
    """One line of a dub: `sound` is said from `start_s` on, until `end_s` or as long as it is."""

    start_s: float
    sound: Path
    end_s: float | None = None


def read_lines(path: str | Path) -> tuple[Line, ...]:
    """Lines from a CSV with the columns `start` and `file`, and `end` if wanted; commas, semicolons or tabs.

    Seconds, as 83.2, or minutes as 1:23.2. Files are relative to the table.

    Raises UserError naming the table's line that is wrong.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a table ({error})") from None
    head = text.partition("\n")[0].lower()
    between = next((mark for mark in ("\t", ";", ",") if mark in head), ",")
    rows = csv.DictReader(text.splitlines(), delimiter=between)
    names = [(name or "").strip().lower() for name in rows.fieldnames or []]
    rows.fieldnames = names
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise UserError(
            f"{path}: has no column '{missing[0]}'; the first line must name start, file and perhaps end"
        )
    lines: list[Line] = []
    for number, row in enumerate(rows, start=2):
        if len(lines) >= MOST_LINES:
            raise UserError(f"{path}: has more than {MOST_LINES} lines")
        if not any((value or "").strip() for value in row.values() if isinstance(value, str)):
            continue
        where = f"{path}, line {number}"
        end = (row.get("end") or "").strip()
        line = Line(
            _seconds(row["start"], where),
            path.parent / _file(row["file"], where),
            _seconds(end, where) if end else None,
        )
        if line.end_s is not None and line.end_s <= line.start_s:
            raise UserError(
                f"{where}: ends at {line.end_s:g} s, which is not after its start at {line.start_s:g} s"
            )
        lines.append(line)
    if not lines:
        raise UserError(f"{path}: holds no line to dub")
    return tuple(sorted(lines, key=lambda line: line.start_s))


def _file(text: str | None, where: str) -> str:
    if not (text or "").strip():
        raise UserError(f"{where}: names no sound file")
    return str(text).strip()


def _seconds(text: str | None, where: str) -> float:
    parts = (text or "").strip().replace(",", ".").split(":")
    try:
        value = sum(float(part) * 60**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0 and len(parts) <= 3):
        raise UserError(f"{where}: '{text}' is no time; write seconds as 83.2 or 1:23.2")
    return value
