"""Pictures to numbered PNG files: all of them or none."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import cannot_write, check_outputs, refuse_existing
from sadtalker3d.render.containers import container_of

# What editing programs find as one sequence; five digits are an hour at 25 frames a second.
NAME_IN_A_FOLDER = "frame_%05d.png"
NUMBER = re.compile(r"%0([1-9])d")
COMPRESSION = 3  # of zlib's 0 to 9: with the highest a frame takes longer than to render and saves a tenth


@dataclass(frozen=True)
class Pattern:
    """Where the pictures go: numbers from 0, with at least so many digits, between two parts of a name."""

    folder: Path
    before: str
    digits: int
    after: str

    def name(self, number: int) -> str:
        """Of one picture."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"

    def existing(self) -> list[Path]:
        """The pictures of such names that are there."""
        form = re.compile(rf"{re.escape(self.before)}\d{{{self.digits},}}{re.escape(self.after)}")
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if form.fullmatch(path.name))


def pattern_of(path: str | Path) -> Pattern | None:
    """A folder (no ending, or one that is there) or a name such as take_%05d.png; None for a video's name.

    Raises
    ------
    UserError : a .png name without a number's place, or with two
    """
    path = Path(path)
    if path.suffix.lower() == ".png" and not path.is_dir():
        parts = NUMBER.split(path.name)
        if len(parts) != 3 or "%" in parts[0] + parts[2]:
            raise UserError(
                f"{path}: says not where the frame's number goes; "
                f"give a name such as {path.stem.split('%')[0]}_%05d.png, or a folder"
            )
        return Pattern(path.parent, parts[0], int(parts[1]), parts[2])
    if container_of(path) is not None or (path.suffix and not path.is_dir()):
        return None
    before, digits, after = NUMBER.split(NAME_IN_A_FOLDER)
    return Pattern(path, before, int(digits), after)


def check_sequence(pattern: Pattern, *, force: bool, inputs: Sequence[Path] = ()) -> None:
    """UserError when the pictures cannot be or must not be written; asked before long work begins.

    force : the pictures of such names that are there go, all of them, when the new ones are complete
    """
    check_outputs([pattern.folder / pattern.name(0)], force=True, inputs=inputs)
    refuse_existing(pattern.existing()[:1], force)
    for given in inputs:
        if any(old.samefile(given) for old in pattern.existing() if given.exists()):
            raise UserError(f"{given}: is what is being read; choose another name for the pictures")


def write_sequence(pattern: Pattern, frames: Iterable[np.ndarray]) -> int:
    """Write (H, W, 3) or (H, W, 4) uint8 frames, numbered from 0; returns how many.

    They are written to a hidden folder and take their names together at the end, in place of all older ones of
    such names: a shorter take leaves none of the longer one's.

    Raises
    ------
    UserError : no frames, or a place that cannot be written
    ValueError : a frame of another type
    """
    from PIL import Image

    folder, count = pattern.folder, 0
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]  # innermost first
    done = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".frames.", dir=folder) as hidden:
            for count, frame in enumerate(frames, start=1):
                if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] not in (3, 4):
                    raise ValueError(f"a frame is (H, W, 3 or 4) uint8, not {frame.shape} {frame.dtype}")
                picture = Image.fromarray(np.ascontiguousarray(frame))
                picture.save(Path(hidden) / pattern.name(count - 1), compress_level=COMPRESSION)
            if not count:
                raise UserError(f"{folder}: there are no frames to write")
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
    return count
