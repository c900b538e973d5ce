"""The `batch` command of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_options import Progress

BATCH_EXAMPLES = (
    "Examples: sadtalker3d batch jobs.csv --command dub, where jobs.csv begins with the line "
    "performance,audio,out,fit and its rows are as take.json,german.wav,german.json,pauses; "
    "sadtalker3d batch night.csv --jobs 4, whose first column is `command`: fit, dub, export, render, ..."
)


def batch(
    table: Annotated[
        Path,
        typer.Argument(
            help="A .csv; its first line names the command's arguments and long options, each row is a job. Files are "
            "relative to it.",
            show_default=False,
        ),
    ],
    command: Annotated[
        str | None,
        typer.Option(help="What to do with rows that have no column `command`.", show_default=False),
    ] = None,
    jobs: Annotated[
        int, typer.Option(help="Processes at work at the same time; each loads the networks.", min=1, max=64)
    ] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Make outputs that exist anew; without it they are skipped.")
    ] = False,
    progress: Progress = "auto",
) -> None:
    """Do many jobs from one table: dubs, fits, exports, videos. A job that fails does not stop the others."""
    from sadtalker3d.batch import batch as run
    from sadtalker3d.errors import UserError

    done = run(table, command, force=force, jobs=jobs, show=progress)
    for one in done:
        for note in one.notes:
            typer.echo(f"line {one.job.line}: {note}", err=True)
        for line in one.made:
            typer.echo(line)
    skipped, failed = ([one for one in done if one.state == state] for state in ("skipped", "failed"))
    for one in failed:
        typer.echo(f"line {one.job.line}: {one.problem}", err=True)
    if skipped:
        typer.echo(
            f"{len(skipped)} of {len(done)} skipped, their outputs exist; --force makes them anew",
            err=True,
        )
    if failed:
        others = f"{len(done) - len(failed) - len(skipped)} others are done"
        raise UserError(f"{table}: {len(failed)} of {len(done)} jobs failed, see above; {others}")
