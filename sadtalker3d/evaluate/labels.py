"""Phone labels from files: TextGrid, TIMIT's .phn, and .lab as HTK, festival and Audacity write it."""

from __future__ import annotations

import codecs
import math
import re
from pathlib import Path

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate.alphabets import Label
from sadtalker3d.evaluate.textgrid import parse_textgrid

ENDINGS = (".textgrid", ".phn", ".lab")  # whichever comes first where several lie beside a sound
BEYOND_S = 0.08  # labels may end so far after the sound: two frames
MAX_BYTES = 1 << 26
_HTK_UNIT_S = 1e-7
_TIMIT_HZ = 16000
_ROUNDING_S = 1e-3  # by which neighbours may overlap: times in files are rounded
_CONTEXT = re.compile(r"^[^-]*-(.+?)\+")  # HTK's a-b+c and HTS's full context: b is the phone


def read_labels(path: Path, *, rate_hz: int, duration_s: float) -> list[Label]:
    """The labels of a file in order of time.

    rate_hz : of the sound as stored; `.phn` counts in samples
    duration_s : of the sound, which the labels must not outlast

    Raises UserError: unreadable, not labels, empty, overlapping, not in order, or longer than the sound.
    """
    try:
        text = _decoded(path)
        if path.suffix.lower() == ".textgrid":
            labels = parse_textgrid(text)
        elif path.suffix.lower() == ".phn":
            labels = _parse_phn(text, rate_hz, duration_s)
        else:
            labels = _parse_lab(text, duration_s)
        _check(labels, duration_s)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return labels


def _decoded(path: Path) -> str:
    """UTF-8 or UTF-16, with or without a mark of the order of bytes."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError("is too large for labels of phones; check that it is the right file")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be opened ({error.strerror or error}); check its permissions") from None
    if not data.strip():
        raise UserError("is empty; label the phones again")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data[:1] == b"\0":  # the text begins with a plain letter or digit
        encoding = "utf-16-be"
    elif data[1:2] == b"\0":
        encoding = "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if any(ord(c) < 32 and c not in "\t\n\r\f" for c in text):
        raise UserError("is not a text of labels in UTF-8 or UTF-16; save it as such a text")
    return text


def _parse_phn(text: str, rate_hz: int, duration_s: float) -> list[Label]:
    labels = []
    for number, row in _rows(text):
        if len(row) != 3 or not (row[0].isdecimal() and row[1].isdecimal()):
            raise UserError(f"line {number} is not 'first-sample last-sample phone'; write it so")
        labels.append((row[2], int(row[0]), int(row[1])))
    if not labels:
        return []
    # a copy of TIMIT at another rate still counts at TIMIT's: the one whose end is nearer to the sound's
    hertz = min((rate_hz, _TIMIT_HZ), key=lambda rate: abs(labels[-1][2] / rate - duration_s))
    return [Label(text, start / hertz, end / hertz) for text, start, end in labels]


def _parse_lab(text: str, duration_s: float) -> list[Label]:
    rows = _rows(text)
    header = next((i for i, (_, row) in enumerate(rows) if row == ["#"]), None)
    if header is not None:
        return _parse_ends(rows[header + 1 :])
    middles = {row[1] for _, row in rows if len(row) > 1}
    if len(rows) > 1 and len(middles) == 1:  # a colour, the same in all rows; not an end
        return _parse_ends(rows)
    labels = [
        Label(_phone_of(" ".join(row[2:])), _time(row, 0, number), _time(row, 1, number))
        for number, row in rows
    ]
    if not labels:
        return []
    whole = all("." not in row[0] + row[1] for _, row in rows)
    last_s = max(label.end_s for label in labels)
    if (whole and last_s > 10 * duration_s) or last_s > 1000 * duration_s:  # HTK counts in 100 ns
        return [Label(x.text, x.start_s * _HTK_UNIT_S, x.end_s * _HTK_UNIT_S) for x in labels]
    return labels


def _parse_ends(rows: list[tuple[int, list[str]]]) -> list[Label]:
    """Rows as festival writes them: end in seconds, a colour, the phone."""
    labels: list[Label] = []
    for number, row in rows:
        end_s = _time(row, 0, number)
        labels.append(
            Label(_phone_of(row[2]) if len(row) > 2 else "", labels[-1].end_s if labels else 0.0, end_s)
        )
    return labels


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """(line number, words) of every line that holds any; Audacity's lines of frequencies left out."""
    lines = enumerate(text.splitlines(), 1)
    return [(number, line.split()) for number, line in lines if line.strip() and not line.startswith("\\")]


def _phone_of(written: str) -> str:
    """HTK adds context to a phone, and scores after it."""
    text = written.split(" ")[0] if written else ""
    context = _CONTEXT.match(text)
    return context[1] if context else text


def _time(row: list[str], column: int, number: int) -> float:
    try:
        return float(row[column])
    except (IndexError, ValueError):
        raise UserError(
            f"line {number} is neither 'start end phone' nor festival's 'end colour phone'; write it so"
        ) from None


def _check(labels: list[Label], duration_s: float) -> None:
    if not any(label.text for label in labels):
        raise UserError("holds no labels; label the phones again")
    before_s = 0.0
    for label in labels:
        place = f"the label {label.text!r} at {label.start_s:.3f} s"
        if not (math.isfinite(label.start_s) and math.isfinite(label.end_s)) or label.start_s < 0:
            raise UserError(f"{place} has no possible time; correct it")
        if label.end_s <= label.start_s:
            raise UserError(f"{place} ends at {label.end_s:.3f} s, not after its start; correct it")
        if label.start_s < before_s - _ROUNDING_S:
            raise UserError(
                f"{place} begins before the one before it ends ({before_s:.3f} s); correct one of them"
            )
        before_s = label.end_s
    if before_s > duration_s + BEYOND_S:
        raise UserError(
            f"its labels end at {before_s:.2f} s, after the sound ({duration_s:.2f} s); "
            "give the labels that belong to this sound"
        )
