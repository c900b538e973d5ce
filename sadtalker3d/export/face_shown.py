"""Which head a format with a mesh shows, in what unit, and in which order its parts are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sadtalker3d.errors import TrackError

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track

UNIT_M = {"open": 1.0, "basel": 0.1}  # metres in one unit of the model and of Track.translation
DRAWN_LAST = {"OPAQUE": 0, "MASK": 1, "BLEND": 2}


def face_for(track: Track, what: str = "a track") -> FaceModel:
    """The head that a track shows where none is given; TrackError for a basel track, whose head is the user's own."""
    if track.space == "basel":
        raise TrackError(
            f"{what} in the 'basel' space shows the Basel face: name the folder that holds it with --basel "
            '(in Python face=bfm.load("basel", folder)), and add --as open for the embedded head instead'
        )
    import bfm

    return bfm.load("open")
