"""The command line: one command per public function, and no logic."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_batch import BATCH_EXAMPLES, batch
from sadtalker3d.cli_dub import DUB_EXAMPLES, dub
from sadtalker3d.cli_edit import EXAMPLES, InOrder, edit
from sadtalker3d.cli_export import EXPORT_EXAMPLES, export
from sadtalker3d.cli_fit import FIT_EXAMPLE, fit
from sadtalker3d.cli_options import (
    AsymmetryGain,
    BlinkGain,
    BrowsGain,
    CheeksGain,
    FacePoints,
    Force,
    FramesOut,
    FramesPerSecond,
    GazeGain,
    HeadGain,
    LidsGain,
    MouthGain,
    Progress,
    Refine,
    RefineWeights,
    Seed,
    Size,
    Speech,
    Still,
    Style,
    Take,
    UpperGain,
)
from sadtalker3d.cli_render import RENDER_EXAMPLES, render
from sadtalker3d.cli_retarget import RETARGET_EXAMPLES, retarget
from sadtalker3d.cli_rig import rig_app
from sadtalker3d.cli_train import train_app
from sadtalker3d.cli_weights import weights_app
from sadtalker3d.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would cost a third of the time `--help` may take
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One recording of speech in, facial animation out: a track of expression and head pose "
    "for Blender, glTF, game engines and video.",
)
INTERRUPTED = 130  # a shell's exit code for Ctrl-C, 128 and SIGINT's number; typer's as well
app.add_typer(rig_app, name="rig")
app.add_typer(train_app, name="train")
app.add_typer(weights_app, name="weights")
app.command(cls=InOrder, epilog=EXAMPLES)(edit)
app.command(epilog=FIT_EXAMPLE)(fit)
app.command(epilog=DUB_EXAMPLES)(dub)
app.command(epilog=RETARGET_EXAMPLES)(retarget)
app.command(epilog=BATCH_EXAMPLES)(batch)


def _print_version(asked: bool) -> None:
    if asked:
        from sadtalker3d import __version__

        typer.echo(f"sadtalker3d {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    pass


def _gains(**parts: float):  # type: ignore[no-untyped-def]
    from sadtalker3d.motion.gains import Gains

    return Gains(**parts)


@app.command(
    epilog="Example: sadtalker3d talk samples/portrait.jpg samples/speech.wav -o out --style 12 --seed 7"
)
def talk(
    portrait: Annotated[Path, typer.Argument(help="A picture of the speaker.", show_default=False)],
    speech: Speech,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)],
    style: Style = 0,
    seed: Seed = 0,
    still: Still = False,
    mouth: MouthGain = 1.0,
    upper_face: UpperGain = 1.0,
    head: HeadGain = 1.0,
    blink: BlinkGain = 1.0,
    gaze: GazeGain = 1.0,
    brows: BrowsGain = 1.0,
    cheeks: CheeksGain = 1.0,
    lids: LidsGain = 1.0,
    asymmetry: AsymmetryGain = 1.0,
    size: Annotated[
        int | None,
        typer.Option(
            help="The video's long side in pixels; the picture's own unless given.",
            min=64,
            max=4096,
            show_default=False,
        ),
    ] = None,
    points: FacePoints = None,
    refine: Refine = False,
    refine_weights: RefineWeights = None,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Everything at once: track, the person's talking head as GLB, Live Link CSV, and the video of the portrait."""
    from sadtalker3d.commands import talk as run

    result = run(
        portrait, speech, out, style=style, seed=seed, still=still,
        gains=_gains(
                mouth=mouth, upper_face=upper_face, head=head, blink=blink, gaze=gaze,
                brows=brows, cheeks=cheeks, lids=lids, asymmetry=asymmetry,
            ), size=size, points=points, refine=refine, refine_weights=refine_weights, force=force, show=progress,
    )  # fmt: skip
    for note in result.notes:
        typer.echo(note, err=True)
    for path in result.files:
        typer.echo(path)


@app.command(epilog="Example: sadtalker3d animate interview.mp4 -o take.json --seed 7 --head 0.5")
def animate(
    speech: Speech,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="The track: .json or .npz; basel: .mat too.", show_default=False),
    ],
    style: Style = 0,
    seed: Seed = 0,
    still: Still = False,
    mouth: MouthGain = 1.0,
    upper_face: UpperGain = 1.0,
    head: HeadGain = 1.0,
    blink: BlinkGain = 1.0,
    gaze: GazeGain = 1.0,
    brows: BrowsGain = 1.0,
    cheeks: CheeksGain = 1.0,
    lids: LidsGain = 1.0,
    asymmetry: AsymmetryGain = 1.0,
    live: Annotated[
        bool, typer.Option("--live", help="As if it were still being spoken: know 80 ms of what comes.")
    ] = False,
    space: Annotated[
        str, typer.Option(help="open, or basel: with SadTalker's official networks and no gains.")
    ] = "open",
    portrait: Annotated[
        Path | None, typer.Option(help="basel: the picture whose face the track starts from.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="basel: its coefficients instead, SadTalker's .mat or a basel track.")
    ] = None,
    ref_pose: Annotated[
        Path | None, typer.Option(help="basel: a basel track or a video whose head motion is added.")
    ] = None,
    ref_eyeblink: Annotated[
        Path | None, typer.Option(help="basel: a basel track or a video whose eyes are taken over.")
    ] = None,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Turn speech into a track of expression and head pose."""
    from sadtalker3d.commands import animate as run

    made = run(
        speech, out, style=style, seed=seed, still=still,
        gains=_gains(
            mouth=mouth, upper_face=upper_face, head=head, blink=blink, gaze=gaze,
            brows=brows, cheeks=cheeks, lids=lids, asymmetry=asymmetry,
        ), live=live, space=space, portrait=portrait, source=source, reference_pose=ref_pose,
        reference_blink=ref_eyeblink, force=force, show=progress,
    )  # fmt: skip
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(made.file)


@app.command(
    epilog="Example: arecord -q -t raw -f S16_LE -c 1 -r 16000 | sadtalker3d stream --rate 16000 --seed 7"
)
def stream(
    rate: Annotated[int, typer.Option(help="Samples a second of the sound, 8000 to 192000.")] = 16000,
    style: Style = 0,
    seed: Seed = 0,
    still: Still = False,
    mouth: MouthGain = 1.0,
    upper_face: UpperGain = 1.0,
    head: HeadGain = 1.0,
    blink: BlinkGain = 1.0,
    gaze: GazeGain = 1.0,
) -> None:
    """Raw 16-bit mono sound on standard input to one JSON line a frame, 80 ms of sound after its middle."""
    from sadtalker3d.commands import stream as run

    run(
        sys.stdin.buffer, sys.stdout, rate=rate, style=style, seed=seed, still=still,
        gains=_gains(mouth=mouth, upper_face=upper_face, head=head, blink=blink, gaze=gaze),
    )  # fmt: skip


app.command(epilog=EXPORT_EXAMPLES)(export)


@app.command(epilog="Example: sadtalker3d preview take.json -o take.mp4 --size 720")
def preview(
    take: Take,
    out: FramesOut,
    audio: Annotated[
        Path | None, typer.Option(help="Sound for the video; the track's own unless given.")
    ] = None,
    size: Size = 512,
    fps: FramesPerSecond = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="The head alone, before nothing; not for .mp4.")
    ] = False,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Render the head speaking, with the sound, as a video or as numbered pictures."""
    from sadtalker3d.commands import preview as run

    made = run(
        take, out, audio=audio, size=size, fps=fps, transparent=transparent, force=force, show=progress
    )
    typer.echo(made)


app.command(epilog=RENDER_EXAMPLES)(render)


@app.command(epilog="Example: sadtalker3d evaluate recordings --tracks takes --json scores.json")
def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of speech with phone labels (.TextGrid, .phn, .lab) of the same names beside it.",
            show_default=False,
        ),
    ] = None,
    tracks: Annotated[
        Path | None,
        typer.Option(help="Folder of their tracks; without it, beside the speech, and generated if absent."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Folder of the labels, if not beside the speech.")
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(help="Folder with headmotion.npz: measured heads to compare with.")
    ] = None,
    video: Annotated[Path | None, typer.Option(help="Measure a video instead.")] = None,
    reference: Annotated[Path | None, typer.Option(help="The video to compare it with.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write every number to this file.")] = None,
    style: Style = 0,
    seed: Seed = 0,
    seeds: Annotated[int, typer.Option(help="Seeds to draw heads with, where tracks are generated.")] = 3,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Measure how well tracks follow labelled speech and how alive their heads are, or how good a video is."""
    from sadtalker3d.commands import evaluate as run

    result = run(
        folder, tracks=tracks, labels=labels, heads=heads, video=video, reference=reference, json=json,
        style=style, seed=seed, seeds=seeds, force=force, show=progress,
    )  # fmt: skip
    if result.warning:
        typer.echo(result.warning, err=True)
    typer.echo(result.table)


@app.command(epilog="Example: sadtalker3d styles")
def styles() -> None:
    """List the head styles: number, name, how fast and how far they move."""
    from sadtalker3d.motion.styles import HABIT_NOTES, style_lines

    for line in style_lines():
        typer.echo(line)
    typer.echo("")
    for habit, note in HABIT_NOTES.items():
        typer.echo(f"{habit}: {note}")


@app.command(epilog="Example: sadtalker3d head -o me.glb --portrait me.jpg")
def head(
    out: Annotated[Path, typer.Option("-o", "--out", help="The .glb to make.", show_default=False)],
    portrait: Annotated[
        Path | None,
        typer.Option(help="A picture of the person whose head it becomes; the mean head unless given."),
    ] = None,
    points: FacePoints = None,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Write the head at rest with its 64 shapes, or a person's likeness of it from a portrait."""
    from sadtalker3d.commands_head import head as run

    typer.echo(run(out, portrait=portrait, points=points, force=force, show=progress))


@app.command(epilog="Example: sadtalker3d addon -o sadtalker3d.zip; in Blender drag the file into the window")
def addon(
    out: Annotated[Path, typer.Option("-o", "--out", help="The .zip to make.", show_default=False)],
    force: Force = False,
) -> None:
    """Build the Blender extension, which calls this command line."""
    from sadtalker3d.addon import build

    typer.echo(build(out, force=force))


@app.command(epilog="Example: sadtalker3d doctor")
def doctor() -> None:
    """Check the installation and say what to do about what is wrong."""
    from sadtalker3d.doctor import examine

    checks = examine()
    for check in checks:
        state = {True: "ok", False: "WRONG", None: "-"}[check.ok]
        typer.echo(f"{state:>5}  {check.name:<9} {check.detail}")
    raise typer.Exit(1 if any(check.ok is False for check in checks) else 0)


def main() -> None:
    """Entry point: a `UserError` is one line on standard error and exit code 2, Ctrl-C one line and 130."""
    try:
        app()
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            typer.echo("sadtalker3d: interrupted; the unfinished output is removed", err=True)
        raise
    except UserError as error:
        typer.echo(f"sadtalker3d: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # what is left in the buffer cannot be written either, and Python would complain about it at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
