"""The `weights` commands of the command line: one command per public function, and no logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sadtalker3d.progress import Mode

if TYPE_CHECKING:
    from sadtalker3d.weight_import import Imported

weights_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="SadTalker's official networks: what is here, import, download, check.",
)

Force = Annotated[bool, typer.Option("--force", help="Replace what is stored already.")]


@weights_app.command("list", epilog="Example: sadtalker3d weights list")
def list_weights() -> None:
    """List every weight file: whether it is here, licence, size."""
    from sadtalker3d.commands_weights import weights_list

    for line in weights_list():
        typer.echo(line)


@weights_app.command("import", epilog="Example: sadtalker3d weights import SadTalker/checkpoints")
def import_weights(
    paths: Annotated[
        list[Path],
        typer.Argument(help="SadTalker's files, new or old, or folders of them.", show_default=False),
    ],
    size: Annotated[
        int | None, typer.Option(help="256 or 512, where a generator's file does not tell.")
    ] = None,
    force: Force = False,
) -> None:
    """Recognise the networks in files you have, and store them as safetensors."""
    from sadtalker3d.commands_weights import weights_import

    _tell(weights_import(paths, size=size, force=force))


@weights_app.command("fetch", epilog="Example: sadtalker3d weights fetch, or: ... fetch sadtalker_512")
def fetch_weights(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="See `weights list`; without any, what rendering needs (1.0 GB).", show_default=False
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="Folder to keep the downloaded files in; without it they are not kept."),
    ] = None,
    force: Force = False,
    progress: Annotated[Mode, typer.Option("--progress", help="How to show progress.")] = "auto",
) -> None:
    """Download SadTalker's files from its release page and import them; uses the network."""
    from sadtalker3d.commands_weights import weights_fetch

    _tell(weights_fetch(names or (), into=into, force=force, show=progress))


@weights_app.command("check", epilog="Example: sadtalker3d weights check")
def check_weights() -> None:
    """Load every stored network and compare its values with the hash from its import."""
    from sadtalker3d.commands_weights import weights_check

    for line in weights_check():
        typer.echo(line)


def _tell(imported: Imported) -> None:
    for note in imported.notes:
        typer.echo(note, err=True)
    for path in imported.written:
        typer.echo(path)
