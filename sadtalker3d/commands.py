"""What the commands do, on files: each is a typed function that a program can call as well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from sadtalker3d.errors import UserError, naming
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.progress import Mode, counted, progress
from sadtalker3d.track import find_audio, load, relative_audio

if TYPE_CHECKING:
    from sadtalker3d.motion.gains import Gains


@dataclass(frozen=True)
class Talk:
    """What `talk` made: the files, and one line for each thing the user should know."""

    track: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` measured: a table to read, the same as plain JSON, and what the user should know."""

    table: str
    values: dict[str, Any]
    warning: str | None = None


def talk(
    portrait: str | Path,
    speech: str | Path,
    out: str | Path,
    *,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    gains: Gains | None = None,
    size: int | None = None,
    points: str | Path | None = None,
    refine: bool = False,
    refine_weights: str | Path | None = None,
    force: bool = False,
    show: Mode = "none",
) -> Talk:
    """Everything from one recording, in the folder `out`: the track, the person's talking head as GLB, Live Link CSV,
    and the video of the portrait speaking.

    The files are named after the speech file.

    size : the video's long side in pixels; the picture's own unless given
    points : a file with five clicked points, where the face is not found; see `sadtalker3d.face.hint`
    refine : mouth and lids are repaired by a small network
    refine_weights : the network's, from `train portrait`; implies `refine`

    Raises
    ------
    UserError : a bad input, or an output that exists already (unless `force`)
    """
    from sadtalker3d.export import export as write
    from sadtalker3d.render.refine import chosen_refinement
    from sadtalker3d.render.video import write_video
    from sadtalker3d.talker import Talker

    refiner = chosen_refinement(refine, refine_weights)
    talker = Talker(portrait, points=points)
    folder, stem = Path(out), Path(speech).stem
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; give the name of a folder for the results")
    outputs = [folder / f"{stem}{ending}" for ending in (".json", ".glb", ".csv", ".mp4")]
    take_path, *exports, video = outputs
    check_outputs(outputs, force=force, inputs=[Path(portrait), Path(speech)])
    photo = talker.speaking_photo(longest_px=size)
    notes = list(photo.notes)
    with progress("animate", show) as report:
        take = talker.animate(speech, style=style, seed=seed, still=still, gains=gains, progress=report)
    take = take.replace(audio=relative_audio(speech, take_path))
    take.save(take_path)
    for path in exports:
        write(take, path, face=talker.face, force=force)
    with progress("video", show) as report:
        frames = photo.frames(take, tell=notes.append, refiner=refiner)
        write_video(video, counted(frames, len(take), report), take.fps, speech)
    return Talk(take_path, (take_path, *exports, video), tuple(notes))


def animate(
    speech: str | Path,
    out: str | Path,
    *,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    gains: Gains | None = None,
    live: bool = False,
    space: str = "open",
    portrait: str | Path | None = None,
    source: str | Path | None = None,
    reference_pose: str | Path | None = None,
    reference_blink: str | Path | None = None,
    force: bool = False,
    show: Mode = "none",
) -> Made:
    """Speech to a track file (.json or .npz) that names its sound.

    live : as it would have been animated while it was spoken, knowing 80 ms of what comes
    space : "open", or "basel" with SadTalker's official networks, to which `portrait` and all that follows
        belong; see `sadtalker3d.commands_basel.animate_basel`
    """
    from sadtalker3d.talker import Talker

    out = Path(out)
    of_basel = {
        "--portrait": portrait, "--source": source, "--ref-pose": reference_pose, "--ref-eyeblink": reference_blink,
    }  # fmt: skip
    if space == "basel":
        from sadtalker3d.commands_basel import animate_basel
        from sadtalker3d.motion.gains import Gains

        if live:
            raise UserError(
                "--live is not possible with --space basel: PoseVAE hears 1.3 s at once; leave it out"
            )
        if gains not in (None, Gains()):
            raise UserError(
                "gains belong to the 'open' space; leave them out, or edit the basel track afterwards"
            )
        return animate_basel(
            speech, out, portrait=portrait, source=source, reference_pose=reference_pose,
            reference_blink=reference_blink, style=style, seed=seed, still=still, force=force, show=show,
        )  # fmt: skip
    if space != "open":
        raise UserError(f"--space {space} is unknown; choose open or basel")
    for option, value in of_basel.items():
        if value is not None:
            raise UserError(f"{option} is for basel tracks; add --space basel, or leave it out")
    _require_ending(out, (".json", ".npz"), "a track")
    check_outputs([out], force=force, inputs=[Path(speech)])
    with progress("animate", show) as report:
        make = Talker().animate_live if live else Talker().animate
        take = make(speech, style=style, seed=seed, still=still, gains=gains, progress=report)
    return Made(take.replace(audio=relative_audio(speech, out)).save(out))


def stream(
    sound: BinaryIO,
    out: TextIO,
    *,
    rate: int = 16000,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    gains: Gains | None = None,
) -> int:
    """Raw 16-bit mono sound to one JSON line a frame, while it comes; see `sadtalker3d.stream.stream`."""
    from sadtalker3d.stream import stream as run
    from sadtalker3d.talker import Talker

    if sound.isatty():
        raise UserError("standard input is the keyboard; pipe sound into this command, see --help")
    return run(Talker().live(rate, style=style, seed=seed, still=still, gains=gains), sound, out)


def preview(
    take: str | Path,
    out: str | Path,
    *,
    audio: str | Path | None = None,
    size: int = 512,
    fps: float | None = None,
    transparent: bool = False,
    force: bool = False,
    show: Mode = "none",
) -> Path:
    """A track file to a video, or numbered pictures, of the head speaking.

    out : .mp4, .mkv, .webm or .mov; a folder or name_%05d.png for pictures
    audio : in place of the sound that the track names; without any the video is silent
    fps : frames per second, in place of the track's
    transparent : the head alone, before nothing; not for .mp4

    Raises UserError for bad inputs, or for an output that exists already (unless `force`).
    """
    import bfm
    from sadtalker3d.audio import open_audio
    from sadtalker3d.edit import resample
    from sadtalker3d.render.preview import write_preview
    from sadtalker3d.render.write_frames import check_frames_output

    track, out = load(take), Path(out)
    sound = find_audio(track, take) if audio is None else Path(audio)
    inputs = [Path(take), *([] if sound is None else [sound])]
    check_frames_output(out, see_through=transparent, force=force, inputs=inputs)
    if fps is not None:
        track = resample(track, fps)
    if sound is None and track.audio is not None:
        raise UserError(f"{take}: its sound {track.audio!r} is not there; name it with --audio")
    if sound is not None:
        open_audio(sound)  # what is wrong with it is said before the head is loaded
    with naming(take), progress("preview", show) as report:
        write_preview(
            track,
            out,
            bfm.load("open"),
            audio_path=sound,
            size=size,
            progress=report,
            transparent=transparent,
        )
    return out


def evaluate(
    folder: str | Path | None,
    *,
    tracks: str | Path | None = None,
    labels: str | Path | None = None,
    heads: str | Path | None = None,
    video: str | Path | None = None,
    reference: str | Path | None = None,
    json: str | Path | None = None,
    style: int = 0,
    seed: int = 0,
    seeds: int = 3,
    force: bool = False,
    show: Mode = "none",
) -> Evaluated:
    """Measure a folder of labelled speech, or a video; see `evaluate_speech` and `evaluate_video`.

    json : file to write every number to

    Raises UserError for bad inputs, or when both or neither of folder and video are given.
    """
    from sadtalker3d.evaluate import report
    from sadtalker3d.evaluate.speech import evaluate_speech
    from sadtalker3d.evaluate.video import evaluate_video

    if (folder is None) == (video is None):
        raise UserError("evaluate measures either a folder of speech or --video; name one of them")
    if reference is not None and video is None:
        raise UserError("--reference goes with --video; name the video that is compared with it")
    if json is not None:
        _require_ending(Path(json), (".json",), "the report")
        check_outputs(
            [Path(json)], force=force, inputs=[Path(p) for p in (video, reference) if p is not None]
        )
    warning = None
    if video is not None:
        seen = evaluate_video(video, reference, show=show)
        table, values = report.video_table(seen), report.video_json(seen)
    else:
        assert folder is not None
        heard = evaluate_speech(
            folder, tracks=tracks, labels=labels, heads=heads, style=style, seed=seed, seeds=seeds, show=show
        )
        table, values = report.speech_table(heard), report.speech_json(heard)
        warning = report.unknown_line(heard.unknown_labels)
    if json is not None:
        report.write_json(values, Path(json))
    return Evaluated(table, values, warning)


def _require_ending(path: Path, endings: tuple[str, ...], what: str) -> None:
    if path.suffix.lower() not in endings:
        raise UserError(f"{path}: {what} is written as {' or '.join(endings)}; choose such a name")
