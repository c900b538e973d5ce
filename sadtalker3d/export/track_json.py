"""The track's own files (.json, .npz, SadTalker's .mat); exact both ways. See README, "The track"."""

from __future__ import annotations

from pathlib import Path

from sadtalker3d.track import Track
from sadtalker3d.track_files import read as read_file


def write(track: Track, path: str | Path) -> Path:
    """Write `.json`, `.npz` or, for a `basel` track, `.mat`. Raises UserError."""
    return track.save(path)


def read(path: str | Path) -> Track:
    """Read a track file; raises UserError naming the file and the field that is wrong."""
    return read_file(Path(path))
