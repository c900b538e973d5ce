"""What `dub` does, on files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.dub import DubConfig, Fit
from sadtalker3d.dub import dub as mix
from sadtalker3d.dub.lines import Line, read_lines
from sadtalker3d.errors import UserError, naming
from sadtalker3d.export import read
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import Track, find_audio, relative_audio

if TYPE_CHECKING:
    from sadtalker3d.edit import Voice

TRACKS = (".json", ".npz")
VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
LONGEST_OVER = 10.0  # times the performance: beyond that a speech is not meant for it


def dub(
    performance: str | Path,
    out: str | Path,
    *,
    audio: str | Path | None = None,
    lines: str | Path | None = None,
    fit: Fit = "keep",
    start_s: float | None = None,
    end_s: float | None = None,
    tension: float = 1.0,
    soften: float = 0.5,
    gains: Mapping[str, float] | None = None,
    seed: int = 0,
    sound: str | Path | None = None,
    onto: str | Path | None = None,
    rig_map: str | Path | None = None,
    force: bool = False,
    show: Mode = "none",
) -> Made:
    """New words in an old performance: a track file whose mouth says `audio`, or the lines of a table.

    Parameters
    ----------
    performance : an `open` track, a capture in any format that is read, or a video, which is fitted first
    out : .json or .npz
    audio : the new speech; or `lines`, a table of several (see `dub.lines.read_lines`)
    fit : what happens where the lengths differ: keep, stretch or pauses
    start_s, end_s : the part that says it; all unless given
    tension, soften, gains : see `DubConfig`
    onto, rig_map : a character that says it too, in a .glb beside `out`; see `commands_rig.export_onto`
    sound : .wav to write the result's sound to; without it a whole dub names `audio`, and a part names none

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    performance, out = Path(performance), Path(out)
    if (audio is None) == (lines is None):
        raise UserError("name either the new speech with --audio or a table of lines with --lines")
    if out.suffix.lower() not in TRACKS:
        raise UserError(f"{out}: a dub is written as .json or .npz; `export` makes other files of it")
    if sound is not None and Path(sound).suffix.lower() != ".wav":
        raise UserError(f"{sound}: the sound is written as .wav; choose such a name")
    whole = lines is None and start_s is None and end_s is None
    if fit != "keep" and not whole:
        raise UserError(f"--fit {fit} is for a whole performance; leave it out, or leave the range out")
    said = read_lines(lines) if lines is not None else (Line(start_s or 0.0, Path(str(audio)), end_s),)
    if rig_map is not None and onto is None:
        raise UserError("--rig goes with --onto; name the character")
    speaking = [] if onto is None else [out.with_suffix(".glb")]
    outputs = [out, *([] if sound is None else [Path(sound)]), *speaking]
    # before a video is fitted, which takes its time
    given = [Path(path) for path in (onto, rig_map) if path is not None]
    check_outputs(outputs, force=force, inputs=[performance, *given, *(line.sound for line in said)])
    if onto is not None:
        from sadtalker3d.export.gltf_file import read_gltf

        read_gltf(onto)  # what is wrong with it is said before the work
    notes: list[str] = []
    if performance.suffix.lower() in VIDEOS:
        from sadtalker3d.commands_fit import performance as fitted

        old, fit_notes = fitted(performance, show=show)
        notes += [*fit_notes, f"{performance.name}: was fitted first; `sadtalker3d fit` keeps that track"]
    else:
        old = read(performance)
    old_sound = find_audio(old, performance)
    check_outputs(outputs, force=force, inputs=[old_sound] if old_sound else [])
    config = DubConfig(tension, soften, dict(gains or {}))
    take, spoken = old, list[tuple[float, float, Path]]()
    with naming(performance):
        for number, line in enumerate(said):
            new = _speech(line.sound, seed, f"dub {number + 1}/{len(said)}" if len(said) > 1 else "dub", show)
            if new.duration_s > LONGEST_OVER * old.duration_s:
                notes.append(
                    f"{line.sound.name} is {new.duration_s:g} s long, the performance {old.duration_s:g} s: "
                    "it repeats itself a lot"
                )
            until = line.end_s
            if not whole and until is None:
                until = line.start_s + new.duration_s
                following = said[number + 1].start_s if number + 1 < len(said) else None
                if following is not None and until > following:
                    until = following
                    notes.append(f"{line.sound.name} is cut at {following:g} s, where the next line begins")
                if number + 1 == len(said) and until >= take.duration_s:
                    until = None
            take = mix(
                take, new, fit=fit, start_s=line.start_s, end_s=until, config=config,
                old_voice=_voice(old_sound, take) if len(take) == len(old) and fit == "keep" and whole else None,
                new_voice=_voice(line.sound, new),
            )  # fmt: skip
            spoken.append((line.start_s, take.duration_s if until is None else until, line.sound))
    named: Path | None = said[0].sound if whole else None
    if sound is not None:
        from sadtalker3d.sound_mix import write_dubbed_sound

        named = write_dubbed_sound(None if whole else old_sound, spoken, sound, take.duration_s)
        if old_sound is None and not whole:
            notes.append(
                "the performance names no sound that is there: the sound is silent outside the new lines"
            )
    elif not whole:
        notes.append("the result names no sound; --sound DUB.wav writes the old one with the new lines in it")
    take = take.replace(audio=None if named is None else relative_audio(named, out))
    made = take.save(out)
    if onto is not None:
        from sadtalker3d.commands_rig import export_onto

        character = export_onto(out, speaking[0], onto, rig_map=rig_map, force=force)
        notes += [*character.notes, f"beside it: {speaking[0].name}"]
    return Made(made, tuple(notes))


def _speech(audio: Path, seed: int, task: str, show: Mode) -> Track:
    from sadtalker3d.talker import Talker

    with progress(task, show) as report:
        return Talker().animate(audio, seed=seed, still=True, progress=report)


def _voice(sound: Path | None, track: Track) -> Voice | None:
    from sadtalker3d.audio import open_audio
    from sadtalker3d.edit import voice_of_sound
    from sadtalker3d.motion.listen import KeptMel, loudness

    return None if sound is None else voice_of_sound(loudness(KeptMel(open_audio(sound))), track)
