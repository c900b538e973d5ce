"""What `dub` does, on files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sadtalker3d.acted import Acted, acted_by
from sadtalker3d.commands_fit import which_face
from sadtalker3d.dub import Dubbed, DubConfig, Fit, Retiming
from sadtalker3d.dub import dubbed as mix
from sadtalker3d.dub.lines import Line, read_lines
from sadtalker3d.errors import UserError, naming
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import Track, relative_audio

if TYPE_CHECKING:
    from sadtalker3d.clip.follow import Choice
    from sadtalker3d.edit import Voice

TRACKS = (".json", ".npz")
SPEAKS = 0.1  # of `Voice.speaking`: below it all along a sound is no speech
LONGEST_OVER = 10.0  # times the performance: beyond that a speech is not meant for it


@dataclass(frozen=True)
class Request:
    """What is to be said, and where it goes, as far as it can be checked before work begins."""

    said: tuple[Line, ...]
    whole: bool
    outputs: list[Path]


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
    soften: float | None = None,
    gains: Mapping[str, float] | None = None,
    face: str | Choice = 1,
    seed: int = 0,
    sound: str | Path | None = None,
    video: str | Path | None = None,
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
    tension, soften, gains : see `DubConfig`; with `video` nothing is softened unless asked, for the head in the
        footage does not follow
    face : which face of a video; see `commands_fit.fit`
    video : a file for the footage with the new mouth in it and the new sound; the performance is then the footage,
        or a track that `fit` made of it
    onto, rig_map : a character that says it too, in a .glb beside `out`; see `commands_rig.export_onto`
    sound : .wav to write the result's sound to; without it a whole dub names `audio`, and a part names none

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    performance, out = Path(performance), Path(out)
    choice = which_face(face)
    request = _checked(
        performance, out, audio, lines, fit, start_s, end_s, sound, video, onto, rig_map, force
    )
    config = DubConfig(tension, soften if soften is not None else 0.5 * (video is None), dict(gains or {}))
    with ExitStack() as stack:
        acted = acted_by(performance, choice, footage=video is not None, stack=stack, show=show)
        notes = list(acted.notes)
        check_outputs(request.outputs, force=force, inputs=[acted.sound] if acted.sound else [])
        if video is not None and config.soften:
            notes.append("--soften calms the track's head alone; the footage's head stays as it was filmed")
        with naming(performance):
            dubbed, spoken, said_notes = _said(acted, request, fit, config, seed, show)
        notes += said_notes
        take = dubbed.track
        heard, sound_notes = _sound_of(acted, request, spoken, take, sound, video, stack)
        notes += sound_notes
        if video is not None:
            from sadtalker3d.commands_dub_video import write_dubbed_video

            notes += write_dubbed_video(acted, dubbed, Path(video), heard, show)
            if not request.whole and sound is None:
                heard = Path(video)
    take = take.replace(audio=None if heard is None else relative_audio(heard, out))
    made = take.save(out)
    if video is not None:
        notes.append(f"beside it: {Path(video).name}")
    if onto is not None:
        from sadtalker3d.commands_rig import export_onto

        character = export_onto(out, out.with_suffix(".glb"), onto, rig_map=rig_map, force=force)
        notes += [*character.notes, f"beside it: {out.with_suffix('.glb').name}"]
    return Made(made, tuple(notes))


def _checked(
    performance: Path, out: Path, audio: str | Path | None, lines: str | Path | None, fit: Fit,
    start_s: float | None, end_s: float | None, sound: str | Path | None, video: str | Path | None,
    onto: str | Path | None, rig_map: str | Path | None, force: bool,
) -> Request:  # fmt: skip
    """UserError for what cannot be, before a video is fitted, which takes its time."""
    if (audio is None) == (lines is None):
        raise UserError("name either the new speech with --audio or a table of lines with --lines")
    if out.suffix.lower() not in TRACKS:
        raise UserError(
            f"{out}: a dub is written as .json or .npz; --video writes the footage, `export` other files"
        )
    if sound is not None and Path(sound).suffix.lower() != ".wav":
        raise UserError(f"{sound}: the sound is written as .wav; choose such a name")
    whole = lines is None and start_s is None and end_s is None
    if fit != "keep" and not whole:
        raise UserError(f"--fit {fit} is for a whole performance; leave it out, or leave the range out")
    said = read_lines(lines) if lines is not None else (Line(start_s or 0.0, Path(str(audio)), end_s),)
    if rig_map is not None and onto is None:
        raise UserError("--rig goes with --onto; name the character")
    outputs = [out, *(Path(path) for path in (sound, video) if path is not None)]
    outputs += [] if onto is None else [out.with_suffix(".glb")]
    given = [Path(path) for path in (onto, rig_map) if path is not None]
    check_outputs(outputs, force=force, inputs=[performance, *given, *(line.sound for line in said)])
    if video is not None:
        from sadtalker3d.render.containers import video_container

        video_container(Path(video))
    if onto is not None:
        from sadtalker3d.export.gltf_file import read_gltf

        read_gltf(onto)  # what is wrong with it is said before the work
    for line in said:
        from sadtalker3d.audio import open_audio

        open_audio(line.sound)
    return Request(said, whole, outputs)


def _sound_of(
    acted: Acted, request: Request, spoken: list[tuple[float, float, Path]], take: Track,
    sound: str | Path | None, video: str | Path | None, stack: ExitStack,
) -> tuple[Path | None, list[str]]:  # fmt: skip
    """The file with what the result says, written where it is several sounds; None where nobody wants that."""
    if sound is None and request.whole:
        return request.said[0].sound, []
    if sound is None and video is None:
        return None, [
            "the result names no sound; --sound DUB.wav writes the old one with the new lines in it"
        ]
    from sadtalker3d.sound_mix import write_dubbed_sound

    out = Path(stack.enter_context(TemporaryDirectory())) / "dub.wav" if sound is None else Path(sound)
    made = write_dubbed_sound(None if request.whole else acted.sound, spoken, out, take.duration_s)
    if acted.sound is None and not request.whole:
        return made, [
            "the performance names no sound that is there: the sound is silent outside the new lines"
        ]
    return made, []


def _said(
    acted: Acted, request: Request, fit: Fit, config: DubConfig, seed: int, show: Mode
) -> tuple[Dubbed, list[tuple[float, float, Path]], list[str]]:
    """The performance with all lines; when each is heard, from and to; and notes."""
    acted.track.require_space("open", "a performance that is dubbed")  # before the speech is heard
    take, timing = acted.track, Retiming.same(len(acted.track))
    spoken, notes = list[tuple[float, float, Path]](), list[str]()
    heard = _voice(acted.sound, take)
    for number, line in enumerate(request.said):
        several = f"dub {number + 1}/{len(request.said)}" if len(request.said) > 1 else "dub"
        new = _speech(line.sound, seed, several, show)
        voice = _voice(line.sound, new)
        if voice is not None and voice.speaking.max() < SPEAKS:
            notes.append(f"{line.sound.name}: nobody is heard speaking in it, so the mouth says nothing")
        if new.duration_s > LONGEST_OVER * take.duration_s:
            notes.append(
                f"{line.sound.name} is {new.duration_s:g} s long, the performance {take.duration_s:g} s: "
                "it repeats itself a lot"
            )
        until = line.end_s
        if not request.whole and until is None:
            until = line.start_s + new.duration_s
            following = request.said[number + 1].start_s if number + 1 < len(request.said) else None
            if following is not None and until > following:
                until = following
                notes.append(f"{line.sound.name} is cut at {following:g} s, where the next line begins")
            if number + 1 == len(request.said) and until >= take.duration_s:
                until = None
        made = mix(
            take, new, fit=fit, start_s=line.start_s, end_s=until, config=config, old_voice=heard,
            new_voice=voice,
        )  # fmt: skip
        # only the last line may make the performance longer
        take, timing = made.track, made.timing
        spoken.append((line.start_s, take.duration_s if until is None else until, line.sound))
    return Dubbed(take, timing), spoken, notes


def _speech(audio: Path, seed: int, task: str, show: Mode) -> Track:
    from sadtalker3d.talker import Talker

    with progress(task, show) as report:
        return Talker().animate(audio, seed=seed, still=True, progress=report)


def _voice(sound: Path | None, track: Track) -> Voice | None:
    from sadtalker3d.audio import open_audio
    from sadtalker3d.edit import voice_of_sound
    from sadtalker3d.motion.listen import KeptMel, loudness

    return None if sound is None else voice_of_sound(loudness(KeptMel(open_audio(sound))), track)
