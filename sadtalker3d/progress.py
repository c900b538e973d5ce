"""Showing how far long work is: a bar on a terminal, plain lines otherwise, or JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, TypeVar

Item = TypeVar("Item")
Mode = Literal["auto", "bar", "plain", "json", "none"]


class Report(Protocol):
    """Called with how many frames are done, and of how many (None while that is unknown)."""

    def __call__(self, done: int, total: int | None = None, /) -> None: ...


PLAIN_EVERY_S = 5.0  # often enough to see that it lives, seldom enough for a log
JSON_EVERY_S = 0.2


@contextmanager
def progress(task: str, mode: Mode = "auto", *, unit: str = "frames") -> Iterator[Report]:
    """A `Report` for one task, shown in the given mode.

    "auto" is a bar when standard error is a terminal, else plain lines on standard error;
    "json" writes lines such as {"task": "animate", "done": 250, "total": 1500} to standard output.
    """
    if mode == "auto":
        mode = "bar" if sys.stderr.isatty() else "plain"
    shows = {"bar": _bar, "plain": _plain, "json": _json, "none": _none}
    with shows[mode](task, unit) as report:
        yield report


def counted(items: Iterable[Item], total: int, report: Report) -> Iterator[Item]:
    """The items as they come, each reported when it has been taken."""
    for done, item in enumerate(items, start=1):
        yield item
        report(done, total)


@contextmanager
def _none(task: str, unit: str) -> Iterator[Report]:
    def report(done: int, total: int | None = None) -> None:
        del done, total

    yield report


@contextmanager
def _bar(task: str, unit: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TimeRemainingColumn(compact=True),
    )  # fmt: skip
    # this very stream: a batch turns what its jobs write aside while the bar goes on
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        row = bar.add_task(task, total=None)

        def report(done: int, total: int | None = None) -> None:
            bar.update(row, completed=done, total=total)

        yield report


@contextmanager
def _plain(task: str, unit: str) -> Iterator[Report]:
    start = shown = time.monotonic()
    last = 0

    def report(done: int, total: int | None = None) -> None:
        nonlocal shown, last
        last = done
        if time.monotonic() - shown >= PLAIN_EVERY_S:
            shown = time.monotonic()
            print(f"{task}: {done}{f' of {total}' if total else ''} {unit}", file=sys.stderr, flush=True)

    yield report
    took_s = time.monotonic() - start
    print(f"{task}: {last} {unit} in {took_s:.1f} s", file=sys.stderr, flush=True)


@contextmanager
def _json(task: str, unit: str) -> Iterator[Report]:
    shown = 0.0

    def report(done: int, total: int | None = None) -> None:
        nonlocal shown
        if time.monotonic() - shown >= JSON_EVERY_S or done == total:
            shown = time.monotonic()
            print(json.dumps({"task": task, "done": done, "total": total}), flush=True)

    yield report
    print(json.dumps({"task": task, "finished": True}), flush=True)
