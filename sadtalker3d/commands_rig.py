"""What `export --onto` and `rig` do, on files: each is a typed function that a program can call as well."""

from __future__ import annotations

from pathlib import Path

from sadtalker3d.errors import UserError, naming
from sadtalker3d.files import Made, check_outputs, replacing
from sadtalker3d.track import find_audio, load, relative_audio


def export_onto(
    take: str | Path,
    out: str | Path,
    avatar: str | Path,
    *,
    rig_map: str | Path | None = None,
    force: bool = False,
) -> Made:
    """A track file onto a character of the user's own, as .glb (or .gltf beside a .gltf), or as a page that plays it.

    rig_map : the user's own rig map, see `rig inspect --map`

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    from sadtalker3d.export.onto import write

    take, out = Path(take), Path(out)
    inputs = [take, Path(avatar), *([] if rig_map is None else [Path(rig_map)])]
    track = load(take)
    check_outputs([out], force=force, inputs=inputs)
    sound = find_audio(track, take)
    if sound is not None:
        track = track.replace(audio=relative_audio(sound, out))
    with naming(take):
        made = write(track, out, avatar=avatar, rig_map=rig_map, name=take.stem)
    return Made(out, made.notes)


def rig_inspect(
    avatar: str | Path,
    *,
    rig_map: str | Path | None = None,
    starter: str | Path | None = None,
    force: bool = False,
) -> list[str]:
    """What of a character a track would move, as lines to read.

    rig_map : the user's own map, taken into account
    starter : a file to write the same to as a map, to be edited and given to --rig

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    from sadtalker3d.export.character_report import report, starter_map
    from sadtalker3d.export.gltf_file import read_gltf
    from sadtalker3d.rig.dialects import read_map

    if starter is not None:
        starter = Path(starter)
        if starter.suffix.lower() != ".json":
            raise UserError(f"{starter}: a rig map is written as .json; choose such a name")
        given = [Path(path) for path in (avatar, rig_map) if path is not None]
        check_outputs([starter], force=force, inputs=given)
    own = None if rig_map is None else read_map(rig_map)
    document = read_gltf(avatar).document
    try:
        lines = report(document, own)
        text = None if starter is None else starter_map(document, own)
    except UserError as error:
        raise UserError(f"{avatar}: {error}") from None
    if starter is not None and text is not None:
        with replacing(starter) as partial:
            partial.write_text(text, "utf-8")
        lines.append(f"map written to {starter}: edit it and give it to `export --onto` with --rig")
    return lines


def rig_columns() -> list[str]:
    """The columns of a track that a rig map can name, a line each."""
    from sadtalker3d.rig.arkit import ARKIT_52, SPEECH_12

    return [*ARKIT_52, *(f"{name} (speech)" for name in SPEECH_12)]


def rig_dialects() -> list[str]:
    """The dialects that ship with the project, a line each."""
    from sadtalker3d.rig.dialects import dialects

    return [f"{one.name:<14} {len(one.targets):>3} targets  {one.about}" for one in dialects()]
