"""Tables of comma-separated numbers from other programs and other countries.

A spreadsheet in a country that writes 0,5 for a half separates columns by semicolons: both are read. Half of that,
decimal commas between separating commas, cannot be told apart and is said.
"""

from __future__ import annotations

import csv
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import MAX_FRAMES

SEPARATORS = ",;\t"
MAX_COLUMNS = 10_000  # more is no table of a face


@dataclass(frozen=True)
class Table:
    """The column names as they stand, one column as text (or None where it is not there), and all the numbers."""

    header: list[str]
    texts: list[str] | None
    values: np.ndarray  # (T, columns) float64, 0 in the text column


def read_table(path: Path, text_column: str = "") -> Table:
    """Read a table of numbers.

    text_column : the name, in any case, of the one column that may hold text

    Raises
    ------
    UserError : without the file's name: names the line and what is wrong in it
    """
    if not os.path.isfile(path):
        raise UserError("no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            if not first.strip():
                raise UserError("is empty, or its first line is")
            separator = max(SEPARATORS, key=first.count)  # the first of them where there is none
            header = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
            return _rows(header, csv.reader(file, delimiter=separator), separator, text_column.casefold())
    except (UnicodeDecodeError, csv.Error):
        raise UserError("is not a text file with comma-separated values") from None


def _rows(header: list[str], rows: Iterator[list[str]], separator: str, text_column: str) -> Table:
    if len(header) > MAX_COLUMNS:
        raise UserError(f"its first line has {len(header)} columns")
    names = [name.casefold() for name in header]
    at = names.index(text_column) if text_column in names else None
    texts: list[str] = []
    values = array("d")  # Python's own numbers would take four times the memory
    for line, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise UserError(_uneven(line, row, header, separator))
        if at is not None:
            texts.append(row[at])
            row[at] = "0"
        try:
            values.extend(
                float(cell.replace(",", ".")) for cell in row
            )  # commas are left only inside numbers
        except ValueError:
            raise UserError(_not_a_number(line, row, header)) from None
        if len(values) > MAX_FRAMES * len(header):
            raise UserError("has more than a day of frames")
    if not values:
        raise UserError("has a header, but no frames")
    return Table(header, None if at is None else texts, np.array(values).reshape(-1, len(header)))


def _uneven(line: int, row: list[str], header: list[str], separator: str) -> str:
    said = f"line {line} has {len(row)} values, the header has {len(header)}"
    if separator == "," and len(row) > len(header):
        return f"{said}: are its numbers written 0,5? save it with decimal points, or with semicolons between columns"
    return said


def _not_a_number(line: int, row: list[str], header: list[str]) -> str:
    for name, cell in zip(header, row, strict=True):
        try:
            float(cell.replace(",", "."))
        except ValueError:
            return f"line {line} holds something that is not a number under '{name[:40]}': '{cell[:20]}'"
    return f"line {line} holds something that is not a number"
