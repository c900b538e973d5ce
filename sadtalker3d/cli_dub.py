"""The `dub` command of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sadtalker3d.cli_options import Force, Progress, Seed

DUB_EXAMPLES = (
    "Examples: sadtalker3d dub take.json --audio german.wav -o german.json --fit pauses; "
    "sadtalker3d dub take.json --audio line3.wav --from 12.4 -o fixed.json --sound fixed.wav; "
    "sadtalker3d dub take.json --lines lines.csv -o film.json --sound film.wav; "
    "sadtalker3d dub interview.mp4 --audio german.wav -o german.json --video german.mp4"
)


def dub(
    performance: Annotated[
        Path,
        typer.Argument(
            help="The old performance: a track, a capture (.csv), or a video.", show_default=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The dubbed track: .json or .npz.", show_default=False)
    ],
    audio: Annotated[Path | None, typer.Option(help="The new speech.", show_default=False)] = None,
    lines: Annotated[
        Path | None,
        typer.Option(
            help="Several: a .csv with the columns start, file and perhaps end.", show_default=False
        ),
    ] = None,
    fit: Annotated[
        Literal["keep", "stretch", "pauses"],
        typer.Option(
            help="Lengths differ: keep the performance's time (it goes on where the speech is longer), stretch it "
            "to the speech, or let its pauses meet the speech's."
        ),
    ] = "keep",
    start_s: Annotated[
        float | None, typer.Option("--from", help="Second at which the new words begin.", show_default=False)
    ] = None,
    end_s: Annotated[
        float | None, typer.Option("--to", help="Second at which they end.", show_default=False)
    ] = None,
    tension: Annotated[
        float, typer.Option(help="How much of the performer's own smile or tension stays, 0 to 2.")
    ] = 1.0,
    soften: Annotated[
        float | None,
        typer.Option(
            help="How much of the head's accents goes where the new voice is silent, 0 to 1; 0.5, and 0 with --video.",
            show_default=False,
        ),
    ] = None,
    mouth: Annotated[float, typer.Option(help="Strength of the new mouth, 0 to 10.", min=0, max=10)] = 1.0,
    sound: Annotated[
        Path | None, typer.Option(help="Write the result's sound to this .wav.", show_default=False)
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            help="Write the footage with the new mouth and sound: .mp4, .mkv, .mov or .webm.",
            show_default=False,
        ),
    ] = None,
    face: Annotated[
        str, typer.Option(help="Which face of a video: 1 the largest, 2 the next; or X,Y, a point on it.")
    ] = "1",
    onto: Annotated[
        Path | None,
        typer.Option(
            help="Your own character; it says it too, in a .glb beside the track.", show_default=False
        ),
    ] = None,
    rig: Annotated[
        Path | None, typer.Option(help="With --onto: your own rig map.", show_default=False)
    ] = None,
    seed: Seed = 0,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Put new words into an old performance: head, eyes, brows and the person's own smile stay, the mouth is new."""
    from sadtalker3d.commands_dub import dub as run

    made = run(
        performance, out, audio=audio, lines=lines, fit=fit, start_s=start_s, end_s=end_s, tension=tension,
        soften=soften, gains={"mouth": mouth}, face=face, seed=seed, sound=sound,
        video=video, onto=onto, rig_map=rig,
        force=force, show=progress,
    )  # fmt: skip
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(made.file)
