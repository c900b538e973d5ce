"""What `export` does, on files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sadtalker3d.errors import UserError, naming
from sadtalker3d.files import Made
from sadtalker3d.track import Track, find_audio, relative_audio


def export(
    take: str | Path,
    out: str | Path,
    *,
    format: str | None = None,
    fps: float | None = None,
    basel: str | Path | None = None,
    space: str | None = None,
    portrait: str | Path | None = None,
    onto: str | Path | None = None,
    rig_map: str | Path | None = None,
    force: bool = False,
    **options: Any,
) -> Made:
    """A track file, or any format that can be read, to another format, chosen by the ending of `out`.

    format : a key of `sadtalker3d.export.FORMATS`, where the ending does not say it
    fps : the track is resampled
    basel : folder of the user's Basel face model, for a `basel` track: formats with a head show it
    space : "open" converts a `basel` track for the embedded head first, as formats of ARKit's names do by themselves
    portrait : a picture of the person whose head is shown, with the photo as texture
    onto, rig_map : the user's own character that shall speak; see `sadtalker3d.commands_rig.export_onto`
    options : of the formats of `take` and `out`, see their `read` and `write`; None stands for the format's default
    """
    if onto is not None:
        from sadtalker3d.commands_rig import export_onto

        others = {"format": format, "fps": fps, "basel": basel, "as": space, "portrait": portrait, **options}
        for name, value in others.items():
            if value is not None:
                raise UserError(
                    f"--{name.replace('_', '-')} does not go with --onto; make the track so first: export it as .json"
                )
        return export_onto(take, out, onto, rig_map=rig_map, force=force)
    if rig_map is not None:
        raise UserError("--rig goes with --onto; name the character")
    from sadtalker3d.commands_basel import for_export
    from sadtalker3d.edit import resample
    from sadtalker3d.export import beside, check, format_of, read, require_options
    from sadtalker3d.export import export as write

    out = Path(out)
    given, chosen = format_of(Path(take), reading=True), format_of(out, format)
    options = {name: value for name, value in options.items() if value is not None}
    require_options(options, out, chosen.options + given.reading)
    if portrait is not None and not chosen.shows_face:
        raise UserError(f"{out}: --portrait goes with formats that show the head; leave it out")
    track = read(take, **{name: value for name, value in options.items() if name in given.reading})
    check(out, format=format, force=force, inputs=[Path(take)])
    sound = find_audio(track, take)
    if sound is not None:
        track = track.replace(audio=relative_audio(sound, out))
    with naming(take):
        track, head, notes = for_export(track, chosen, out, basel, space)
        if fps is not None:
            track = resample(track, fps)
        if portrait is not None:
            from sadtalker3d.talker import Talker

            head["face"] = Talker(portrait).face
        writing = {name: value for name, value in options.items() if name in chosen.options}
        told = [*_left_out(track, take), *notes]
        made = write(track, out, format=format, force=force, tell=told.append, **writing, **head)
    more = ", ".join(path.name for path in beside(made, format))
    return Made(made, (*told, *([f"beside it: {more}"] if more else [])))


def _left_out(track: Track, take: str | Path) -> list[str]:
    """What the file of another program holds and a track does not, as a line to show."""
    names = track.meta.get("left_out")
    if not isinstance(names, list) or not names:
        return []
    some = ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")
    return [f"{take}: left out {len(names)} that a track does not have: {some}"]
