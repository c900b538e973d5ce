"""The `rig` commands of the command line: one command per public function, and no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_rig_solve import solve_rig

rig_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Characters of your own: what of them a track moves, and how to say it.",
)


@rig_app.command("inspect", epilog="Example: sadtalker3d rig inspect avatar.glb --map my.json")
def inspect_rig(
    avatar: Annotated[Path, typer.Argument(help="The character: .glb, .gltf or .vrm.", show_default=False)],
    rig: Annotated[
        Path | None, typer.Option("--rig", help="Your own rig map, taken into account.", show_default=False)
    ] = None,
    starter: Annotated[
        Path | None,
        typer.Option("--map", help="Write what was found as a map, to be edited.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the map if it exists.")] = False,
) -> None:
    """Show which shapes and bones of a character follow which columns, what is missing and what is left over."""
    from sadtalker3d.commands_rig import rig_inspect

    for line in rig_inspect(avatar, rig_map=rig, starter=starter, force=force):
        typer.echo(line)


rig_app.command("solve", epilog="Example: sadtalker3d rig solve ICT-FaceKit/FaceXModel -o ict.json")(
    solve_rig
)


@rig_app.command("columns", epilog="Example: sadtalker3d rig columns")
def columns() -> None:
    """List the columns of a track that a rig map can name."""
    from sadtalker3d.commands_rig import rig_columns

    for line in rig_columns():
        typer.echo(line)


@rig_app.command("dialects", epilog="Example: sadtalker3d rig dialects")
def list_dialects() -> None:
    """List the kinds of characters that are known by name."""
    from sadtalker3d.commands_rig import rig_dialects

    for line in rig_dialects():
        typer.echo(line)
