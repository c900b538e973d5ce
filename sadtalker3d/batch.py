"""Many jobs from one table: each row is a command with its options, and a bad one does not stop the others.

Rows run in this process, so that networks and heads are loaded once: a dub of a short line then takes a tenth of a
second in place of five.
"""

from __future__ import annotations

import csv
import io
import os
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_type_hints

from sadtalker3d.errors import ExistsError, UserError
from sadtalker3d.progress import Mode, progress

MOST_JOBS = 100_000
NOT_IN_A_TABLE = ("batch", "stream")  # itself, and what listens to standard input
YES, NO = ("yes", "true", "1", "x", "on"), ("no", "false", "0", "off")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """A row: `words` are the command line after `command`; `problem` is what is wrong with the row itself."""

    line: int
    command: str
    words: tuple[str, ...] = ()
    out: Path | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Done:
    """What became of a job: what it printed, its notes, and its sentence where it failed or was skipped."""

    job: Job
    state: Literal["done", "skipped", "failed"]
    made: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str | None = None


def batch(
    table: str | Path, command: str | None = None, *, force: bool = False, jobs: int = 1, show: Mode = "none"
) -> tuple[Done, ...]:
    """Do the jobs of a table, in its order, and say what became of each.

    Parameters
    ----------
    table : a CSV, see `read_jobs`
    command : of rows that name none
    force : outputs that exist are made anew; without it their jobs are skipped
    jobs : processes at work at the same time

    Raises UserError for a table that cannot be read as one; what is wrong with a row is in its `Done`.
    """
    todo = read_jobs(table, command, force=force)
    if not 1 <= jobs <= 64:
        raise UserError(f"--jobs {jobs} must lie between 1 and 64")
    done: dict[int, Done] = {}
    with progress("batch", show, unit="jobs") as report:
        report(0, len(todo))
        for one in map(run_job, todo) if jobs == 1 else _side_by_side(todo, jobs):
            done[one.job.line] = one
            report(len(done), len(todo))
    return tuple(done[job.line] for job in todo)


def read_jobs(table: str | Path, command: str | None = None, *, force: bool = False) -> tuple[Job, ...]:
    """Jobs from a CSV whose columns are named like the command's arguments and long options; commas, semicolons, tabs.

    An empty cell gives no option, `yes` and `no` are for options without a value, a column that is there twice gives
    its option twice. The column `command` names the row's command. Files are relative to the table.

    Raises UserError for what is wrong with the whole table.
    """
    table = Path(table)
    if command is not None and command not in _commands():
        raise UserError(
            f"--command {command} is no command for a table; choose one of {', '.join(_commands())}"
        )
    names, rows = _rows(table)
    if command is None and "command" not in names:
        raise UserError(f"{table}: has no column 'command'; name the command of all rows with --command")
    known = {name for each in _commands() for name in _parameters(each)} | {"command"}
    for name in names:
        if name not in known:
            alike = get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(alike)}?" if alike else "see `sadtalker3d COMMAND --help`"
            raise UserError(f"{table}: no command has the option '{name}'; {hint}")
    found = [_job(table, line, names, row, command, force) for line, row in rows]
    if not found:
        raise UserError(f"{table}: holds no job")
    written: dict[Path, int] = {}
    for job in found:
        if job.out is None or not job.out.suffix:
            continue
        before = written.setdefault(job.out.absolute(), job.line)
        if before != job.line:
            raise UserError(
                f"{table}: lines {before} and {job.line} both write {job.out}; give them other names"
            )
    return tuple(found)


def run_job(job: Job) -> Done:
    """Do one job. Whatever is wrong with it is in what comes back."""
    if job.problem is not None:
        return Done(job, "failed", problem=job.problem)
    printed, told = io.StringIO(), io.StringIO()
    state: Literal["done", "skipped", "failed"] = "done"
    problem: str | None = None
    try:
        with redirect_stdout(printed), redirect_stderr(told):
            code = _group().main(
                args=[job.command, *job.words], prog_name="sadtalker3d", standalone_mode=False
            )
        if isinstance(code, int) and code:
            state, problem = "failed", f"{job.command} ended with exit code {code}"
    except ExistsError as error:
        state, problem = "skipped", str(error)
    except UserError as error:
        state, problem = "failed", str(error)
    except Exception as error:  # one row must not end the night's work
        saying = getattr(error, "format_message", None)  # a usage error
        state = "failed"
        problem = saying() if saying else f"a fault of sadtalker3d: {type(error).__name__}: {error}"
        if not saying:
            told.write(traceback.format_exc())
    return Done(
        job, state, tuple(printed.getvalue().splitlines()), tuple(told.getvalue().splitlines()), problem
    )


def _side_by_side(todo: Sequence[Job], jobs: int) -> Iterator[Done]:
    from multiprocessing import get_context

    with _threads_each(jobs):
        pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=get_context("spawn"))
        try:
            waiting: dict[Future[Done], Job] = {pool.submit(run_job, job): job for job in todo}
            for future in as_completed(waiting):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield Done(
                        waiting[future], "failed",
                        problem="its process was ended from outside, perhaps for want of memory; try fewer --jobs",
                    )  # fmt: skip
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _threads_each(jobs: int) -> Iterator[None]:
    """Processes that start in this block share the cores."""
    share = str(max((os.cpu_count() or 1) // jobs, 1))
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, share))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _rows(table: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns' names, and (line, cells) of the rows that are not empty."""
    try:
        text = table.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{table}: cannot be read as a table ({error})") from None
    between = next((mark for mark in ("\t", ";", ",") if mark in text.partition("\n")[0]), ",")
    reader = csv.reader(io.StringIO(text), delimiter=between)
    try:
        names = [cell.strip().lower().lstrip("-").replace("_", "-") for cell in next(reader, [])]
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UserError(f"{table}, line {reader.line_num}: cannot be read as a table ({error})") from None
    if not any(names):
        raise UserError(f"{table}: is empty; its first line names the options, as performance,audio,out")
    if "" in names:
        raise UserError(f"{table}: column {names.index('') + 1} has no name")
    if len(rows) > MOST_JOBS:
        raise UserError(f"{table}: has more than {MOST_JOBS} jobs")
    return names, rows


def _job(table: Path, line: int, names: list[str], cells: list[str], command: str | None, force: bool) -> Job:
    given = [(name, cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()]
    own = next((cell for name, cell in given if name == "command"), command)
    if own is None or own not in _commands():
        said = f"there is no command '{own}'" if own else "names no command"
        return Job(line, own or "", problem=f"{said}; choose one of {', '.join(_commands())}")
    if len(cells) > len(names):
        return Job(line, own, problem=f"has {len(cells)} cells, the first line {len(names)}")
    known = _parameters(own)
    options, arguments, out = list[str](), dict[str, str](), None
    for name, cell in given:
        if name == "command":
            continue
        if name not in known:
            return Job(line, own, problem=f"'{own}' has no option '{name}'; leave that cell empty")
        parameter = known[name]
        if parameter.is_path:
            cell = str(table.parent / cell)
        if parameter.flag is None:
            arguments[name] = cell
        elif parameter.is_switch:
            if cell.lower() not in (*YES, *NO):
                return Job(line, own, problem=f"'{cell}' for '{name}' must be yes or no")
            options += [parameter.flag] if cell.lower() in YES else []
        else:
            options.append(f"{parameter.flag}={cell}")
        if name in ("out", "o"):
            out = Path(cell)
            if out.absolute() == table.absolute():
                return Job(
                    line, own, problem=f"{out}: is the table itself; choose another name for the output"
                )
    if force and "force" in known and "--force" not in options:
        options.append("--force")
    if "progress" in known and not any(option.startswith("--progress=") for option in options):
        options.append("--progress=none")
    places = [arguments[name] for name in known if name in arguments]
    return Job(line, own, (*options, "--", *places), out)


@dataclass(frozen=True)
class _Parameter:
    """flag : --name of an option, None for an argument"""

    flag: str | None
    is_path: bool
    is_switch: bool


@cache
def _group() -> Any:
    import typer

    from sadtalker3d.cli import app

    return typer.main.get_command(app)


@cache
def _commands() -> dict[str, Any]:
    """Name -> the function behind each command that a row can name."""
    from sadtalker3d.cli import app

    named = {
        (one.name or getattr(one.callback, "__name__", "")): one.callback for one in app.registered_commands
    }
    return {name: function for name, function in named.items() if name not in NOT_IN_A_TABLE}


@cache
def _parameters(command: str) -> dict[str, _Parameter]:
    """Column name -> parameter, arguments in their order."""
    hints = get_type_hints(_commands()[command])
    found: dict[str, _Parameter] = {}
    for parameter in _group().commands[command].params:
        kind = hints.get(parameter.name)
        is_path = kind is Path or Path in getattr(kind, "__args__", ())
        if parameter.param_type_name == "argument":
            found[parameter.name.replace("_", "-")] = _Parameter(None, is_path, False)
            continue
        flag = max(parameter.opts, key=len)
        for option in parameter.opts:
            found[option.lstrip("-")] = _Parameter(flag, is_path, kind is bool)
    found.pop("help", None)
    return found
