"""What `retarget` does, on files."""

from __future__ import annotations

from pathlib import Path

from sadtalker3d.dub import range_of
from sadtalker3d.dub import retarget as moved
from sadtalker3d.errors import UserError, naming
from sadtalker3d.export import read
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.track import Track, find_audio, relative_audio

TRACKS = (".json", ".npz")


def retarget(
    take: str | Path,
    out: str | Path,
    *,
    source: str | Path,
    target: str | Path,
    strength: float = 1.0,
    basel: str | Path | None = None,
    force: bool = False,
) -> Made:
    """One face's track for another: each one's rest and reach are measured on a take of it.

    Parameters
    ----------
    take : a track, or a capture in any format that is read
    out : .json or .npz; SadTalker's .mat as well where all takes are `basel`
    source, target : takes of some ten seconds in which the one's and the other's face speak
    strength : see `dub.retarget`
    basel : folder of the Basel face model, needed where one of them is `basel`. The result is `basel` where all are,
        else `open`

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    out, paths = Path(out), [Path(path) for path in (take, source, target)]
    if out.suffix.lower() not in (*TRACKS, ".mat"):
        raise UserError(f"{out}: a track is written as .json or .npz; `export` makes other files of it")
    tracks = [read(path) for path in paths]
    check_outputs([out], force=force, inputs=paths)
    spaces = {track.space for track in tracks}
    if out.suffix.lower() == ".mat" and spaces != {"basel"}:
        raise UserError(f"{out}: SadTalker's .mat holds `basel` tracks, the result is `open`; choose .json")
    notes: list[str] = []
    if "basel" not in spaces:
        if basel is not None:
            raise UserError(
                "--basel goes with tracks in the 'basel' space, all of these are 'open'; leave it out"
            )
        made = _of_open(paths, tracks, strength)
    else:
        if basel is None:
            named = next(path for path, track in zip(paths, tracks, strict=True) if track.space == "basel")
            raise UserError(
                f"{named}: is in the 'basel' space, whose columns mean something on the Basel face alone; name the "
                "folder of that model with --basel"
            )
        made, notes = _with_basel(paths, tracks, basel, strength)
    sound = find_audio(tracks[0], take)
    if sound is not None:
        made = made.replace(audio=relative_audio(sound, out))
    meta = {"from": paths[1].name, "to": paths[2].name, "strength": strength}
    with naming(take):
        return Made(made.replace(meta={**made.meta, "retarget": meta}).save(out), tuple(notes))


def _of_open(paths: list[Path], tracks: list[Track], strength: float) -> Track:
    ranges = []
    for path, track in zip(paths[1:], tracks[1:], strict=True):
        with naming(path):
            ranges.append(range_of(track))
    return moved(tracks[0], *ranges, strength=strength)


def _with_basel(
    paths: list[Path], tracks: list[Track], folder: str | Path, strength: float
) -> tuple[Track, list[str]]:
    """The result, in `basel` where all tracks are, and notes."""
    import bfm
    from sadtalker3d.rig.basel_retarget import retarget_basel
    from sadtalker3d.rig.basel_to_open import to_open
    from sadtalker3d.rig.correspond import correspond

    mask, head = bfm.load("basel", folder), bfm.load("open")
    if all(track.space == "basel" for track in tracks):
        take, source, target = tracks
        return retarget_basel(take, source, target, mask, head, strength=strength), []
    matched, converted, notes = correspond(mask, head), [], []
    for path, track in zip(paths, tracks, strict=True):
        if track.space == "basel":
            track, residual = to_open(track, mask, head, matched=matched)
            notes.append(f"{path.name}: converted to the embedded head: {residual}")
        converted.append(track)
    return _of_open(paths, converted, strength), notes
