"""The `fit` command of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sadtalker3d.cli_options import Force, FramesPerSecond, Progress

FIT_EXAMPLE = (
    "Examples: sadtalker3d fit interview.mp4 -o take.json; "
    "sadtalker3d fit two.mp4 --face 420,180 -o left.json; "
    "sadtalker3d fit interview.mp4 --method recon -o basel.mat"
)


def fit(
    source: Annotated[Path, typer.Argument(help="A video of a face, or a photograph.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="The track: .json or .npz; recon: .mat too.", show_default=False),
    ],
    face: Annotated[
        str, typer.Option(help="Which face: 1 the largest, 2 the next, ...; or X,Y, a point on it in pixels.")
    ] = "1",
    fps: FramesPerSecond = None,
    method: Annotated[
        Literal["landmarks", "recon"],
        typer.Option(
            help="landmarks: an open track. recon: a basel track, by SadTalker's own regressor (`weights import`)."
        ),
    ] = "landmarks",
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Make a track of a filmed performance: expression, head, gaze and blinks of one face; the sound is named."""
    from sadtalker3d.commands_fit import fit as run

    made = run(source, out, face=face, fps=fps, method=method, force=force, show=progress)
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(made.file)
