"""Numbered files, name_00000.png and on: all of them or none."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sadtalker3d.errors import UserError
from sadtalker3d.files import cannot_write, check_outputs, refuse_existing

NUMBER = re.compile(r"%0([1-9])d")


@dataclass(frozen=True)
class Pattern:
    """Where the files go: numbers from 0, with at least so many digits, between two parts of a name."""

    folder: Path
    before: str
    digits: int
    after: str

    def name(self, number: int) -> str:
        """Of one file."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"

    def existing(self) -> list[Path]:
        """The files of such names that are there."""
        form = re.compile(rf"{re.escape(self.before)}\d{{{self.digits},}}{re.escape(self.after)}")
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if form.fullmatch(path.name))


def numbered_name(path: Path, ending: str) -> Pattern:
    """Of a name such as take_%05d.png; UserError when it has no number's place, or two."""
    parts = NUMBER.split(path.name)
    if len(parts) != 3 or "%" in parts[0] + parts[2]:
        raise UserError(
            f"{path}: says not where the frame's number goes; "
            f"give a name such as {path.stem.split('%')[0]}_%05d{ending}, or a folder"
        )
    return Pattern(path.parent, parts[0], int(parts[1]), parts[2])


def numbered_in(folder: Path, name: str) -> Pattern:
    """Names such as frame_%05d.png in a folder."""
    before, digits, after = NUMBER.split(name)
    return Pattern(folder, before, int(digits), after)


def check_numbered(
    pattern: Pattern, *, force: bool, inputs: Sequence[Path] = (), what: str = "pictures"
) -> None:
    """UserError when the files cannot be or must not be written; asked before long work begins.

    force : the files of such names that are there go, all of them, when the new ones are complete
    """
    check_outputs([pattern.folder / pattern.name(0)], force=True, inputs=inputs)
    refuse_existing(pattern.existing()[:1], force)
    for given in inputs:
        if any(old.samefile(given) for old in pattern.existing() if given.exists()):
            raise UserError(f"{given}: is what is being read; choose another name for the {what}")


@contextmanager
def writing_numbered(pattern: Pattern) -> Iterator[Callable[[], Path]]:
    """Gives a function that says where to write the next file.

    They are written to a hidden folder and take their names together at the end, in place of all older ones of
    such names: a shorter take leaves none of the longer one's.

    Raises UserError when the place cannot be written.
    """
    folder, count = pattern.folder, 0
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]  # innermost first
    done = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".frames.", dir=folder) as hidden:

            def next_file() -> Path:
                nonlocal count
                count += 1
                return Path(hidden) / pattern.name(count - 1)

            yield next_file
            for old in pattern.existing():
                old.unlink()
            for number in range(count):
                os.replace(Path(hidden) / pattern.name(number), folder / pattern.name(number))
        done = True
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        for parent in [] if done else made:
            with suppress(OSError):  # something else lies in it by now
                parent.rmdir()
