"""The footage of a dub: the film of the performance with the new mouth and the new sound."""

from __future__ import annotations

from pathlib import Path

from sadtalker3d.acted import Acted
from sadtalker3d.dub import Dubbed
from sadtalker3d.progress import Mode, progress


def write_dubbed_video(acted: Acted, dubbed: Dubbed, out: Path, sound: Path | None, show: Mode) -> list[str]:
    """Write the performance's footage with the dub's mouth; returns what the user should know.

    sound : takes the place of the first sound track

    Raises UserError for an output that cannot be written.
    """
    import bfm
    from sadtalker3d.footage.refilm import refilm
    from sadtalker3d.render.newmouth.dubbed_film import DubbedFilm, shown_frames

    assert acted.footage is not None and acted.film is not None
    model = bfm.load("open")
    with progress("video", show) as report:
        film = DubbedFilm(
            acted.footage, acted.film, acted.track, dubbed.track, begins_s=acted.begins_s, model=model
        )
        plan = None
        if dubbed.timing.changes or len(dubbed.timing) != len(acted.track):
            plan = shown_frames(dubbed.timing, acted.track, acted.film, acted.begins_s)
        notes = list(refilm(acted.footage, out, film.draw, sound=sound, plan=plan, progress=report))
    if film.left:
        notes.append(
            f"{acted.footage.name}: {film.left} frames keep their old mouth: no face in them that can be drawn upon"
        )
    if dubbed.timing.share.any():
        first = int(dubbed.timing.share.nonzero()[0][0]) / acted.track.fps
        notes.append(
            f"{acted.footage.name}: is shown again from {first:.2f} s on, where the speech is longer"
        )
    return notes
