"""`rig solve` of the command line, and no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_options import Force


def solve_rig(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The neutral face and one .obj for each shape, as ICT-FaceKit comes.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The rig map: .json.", show_default=False)],
    neutral: Annotated[
        str | None,
        typer.Option(help="The neutral face's file, if its name does not say so.", show_default=False),
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(
            help="JSON list of the vertices (from 0) of iBUG's 68 landmarks, if the folder has none.",
            show_default=False,
        ),
    ] = None,
    by_motion: Annotated[
        bool,
        typer.Option("--by-motion", help="Find out what shapes do even if their names are ARKit's."),
    ] = False,
    force: Force = False,
) -> None:
    """Find which of a character's shapes do what a track's columns do, as a map for `export --onto --rig`."""
    from sadtalker3d.commands_rig_solve import rig_solve

    made = rig_solve(folder, out, neutral=neutral, landmarks=landmarks, by_motion=by_motion, force=force)
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(made.file)
