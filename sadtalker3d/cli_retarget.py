"""The `retarget` command of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_options import Force, Take

RETARGET_EXAMPLES = (
    "Examples: sadtalker3d retarget take.json --from actor.json --to character.json -o fitted.json; "
    "sadtalker3d retarget phone.csv --from phone.csv --to character.json -o fitted.json; "
    "sadtalker3d retarget take.mat --from actor.mat --to character.mat --basel FOLDER -o fitted.mat"
)


def retarget(
    take: Take,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="The new track: .json or .npz; all basel: .mat too.", show_default=False
        ),
    ],
    source: Annotated[
        Path, typer.Option("--from", help="A take of the face that the track is of.", show_default=False)
    ],
    target: Annotated[
        Path, typer.Option("--to", help="A take of the face that it is for.", show_default=False)
    ],
    strength: Annotated[
        float,
        typer.Option(help="Of the scaling to the other's reach; 0 changes the rest alone.", min=0, max=1),
    ] = 1.0,
    basel: Annotated[
        Path | None,
        typer.Option(help="Folder of the Basel face model, for tracks of that space.", show_default=False),
    ] = None,
    force: Force = False,
) -> None:
    """Fit one face's track to another's rest and reach: a mouth that barely opens drives one that does."""
    from sadtalker3d.commands_retarget import retarget as run

    made = run(take, out, source=source, target=target, strength=strength, basel=basel, force=force)
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(made.file)
