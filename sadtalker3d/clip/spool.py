"""What was seen of the face in every frame, kept on the disk: 6 kB a frame, so that memory stays flat."""

from __future__ import annotations

import tempfile
from types import TracebackType

import numpy as np

POINTS = 468
ROW = np.dtype([
    ("number", "i4"),  # of the frame in the file
    ("time_s", "f8"), ("evidence", "f4"), ("cut", "?"), ("seen", "?"),
    ("points", "f4", (POINTS, 3)),  # pixels; depth to about the same scale
    ("iris", "f4", (2, 2)),  # pixels: the subject's left eye's, then the right one's
])  # fmt: skip


class Spool:
    """Rows of `ROW`, in a file without a name that is gone with the block."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by `__exit__`
        self.count = 0

    def add(
        self, number: int, time_s: float, cut: bool, evidence: float = 0.0, points: np.ndarray | None = None,
        iris: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """One frame; without points the face is lost in it."""
        row = np.zeros(1, ROW)
        row["number"], row["time_s"], row["cut"] = number, time_s, cut
        row["evidence"], row["seen"] = evidence, points is not None
        if points is not None:
            row["points"], row["iris"] = points, iris
        self._file.write(row.tobytes())
        self.count += 1

    def rows(self) -> np.ndarray:
        """(T,) records, read from the disk as they are used."""
        self._file.flush()
        return np.memmap(self._file, ROW, "r", shape=(self.count,))

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
