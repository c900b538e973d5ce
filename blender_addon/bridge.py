"""The project's command line as a child process: found, asked for its version, run, followed and stopped.

No bpy in here. Nothing blocks: `Job.poll` says how far the work is.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sadtalker3d import __version__
from sadtalker3d.errors import UserError

VARIABLE = "SADTALKER3D"
BUILT_FROM = Path(__file__).with_name("built_from.txt")  # the Python that `sadtalker3d addon` ran in
CHECK_LIMIT_S = 60.0  # the first start on a cold disk
PATIENCE_S = 2.0  # between asking a child to end and ending it
HOW_TO_INSTALL = "install sadtalker3d (see its README) and name its command in the extension's preferences"

_running: set[Job] = set()


def find_command(preferred: str = "") -> list[str]:
    """The command line's first words.

    preferred : a `sadtalker3d` program, or a Python that has the package, as set in the preferences. Without it:
        $SADTALKER3D, then the environment the extension was built in, then the PATH.

    Raises UserError when there is none.
    """
    for given, source in ((preferred, "the preferences"), (os.environ.get(VARIABLE, ""), f"${VARIABLE}")):
        if given.strip():
            path = Path(given.strip().strip('"')).expanduser()
            if not path.is_file():
                raise UserError(f"{path}, named in {source}, is not there: {HOW_TO_INSTALL}")
            return _words(path)
    if BUILT_FROM.is_file():
        python = Path(BUILT_FROM.read_text("utf-8").strip())
        if python.is_file():
            return _words(python)
    found = shutil.which("sadtalker3d")
    if found:
        return [found]
    raise UserError(f"the command sadtalker3d is not found: {HOW_TO_INSTALL}")


def _words(path: Path) -> list[str]:
    is_python = path.stem.lower().startswith("python")
    return [str(path), "-m", "sadtalker3d"] if is_python else [str(path)]


def version_of(command: list[str]) -> str:
    """The version of a command line, UserError when it does not answer."""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=CHECK_LIMIT_S, env=environment()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{command[0]} does not start ({error}): {HOW_TO_INSTALL}") from None
    words = done.stdout.split()
    if done.returncode != 0 or not words:
        raise UserError(f"{command[0]} is not sadtalker3d's command: {HOW_TO_INSTALL}")
    return words[-1]


def require_version(command: list[str]) -> str:
    """The version, UserError when it is not this extension's."""
    version = version_of(command)
    if version != __version__:
        raise UserError(
            f"the command line is version {version}, this extension {__version__}: "
            "build the extension with that command (`sadtalker3d addon -o sadtalker3d.zip`) and install it"
        )
    return version


def environment() -> dict[str, str]:
    """The child's environment: Blender's, less what would make another Python look in Blender's folders."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONHOME"} | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


@dataclass(frozen=True)
class Progress:
    """How far a job is: `done` of `total` (0 while unknown) units of `task`."""

    task: str = ""
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        return (
            f"{self.task} {self.done}/{self.total}"
            if self.total
            else f"{self.task} {self.done or ''}".strip()
        )


@dataclass(eq=False)
class Job:
    """One run of the command line.

    command : all words; `--progress json` is added
    outputs : files that exist when it has succeeded
    log : where its messages go
    """

    command: list[str]
    outputs: list[Path]
    log: Path
    progress: Progress = field(default_factory=Progress)
    error: str = ""
    cancelled: bool = False
    _pace_from: tuple[float, int] | None = None

    def start(self) -> Job:
        """Start the child; its threads follow it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        apart = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
            if os.name == "nt"
            else {"start_new_session": True}
        )  # type: ignore[attr-defined]
        try:
            with open(self.log, "wb") as log:
                self._child = subprocess.Popen(
                    [*self.command, "--progress", "json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=log, env=environment(), **apart,
                )  # fmt: skip
        except OSError as error:
            raise UserError(f"{self.command[0]} does not start ({error}): {HOW_TO_INSTALL}") from None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        _running.add(self)
        return self

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            try:
                said = json.loads(line)
                self.progress = Progress(str(said["task"]), int(said["done"]), int(said["total"] or 0))
            except (ValueError, KeyError, TypeError):
                continue  # the names of finished files

    def poll(self) -> bool:
        """Whether it has ended; `error` then says why it failed, or is empty."""
        code = self._child.poll()
        if code is None:
            return False
        self._reader.join(timeout=PATIENCE_S)
        _running.discard(self)
        if code != 0 and not self.cancelled:
            self.error = self._last_words() or f"the command ended with code {code}; see {self.log}"
        elif not self.cancelled:
            gone = [path for path in self.outputs if not path.exists()]
            self.error = f"the command made no {gone[0]}; see {self.log}" if gone else ""
        return True

    def seconds_left(self) -> float | None:
        """By the pace so far; None while that is unknown."""
        if not (self.progress.total and self.progress.done):
            return None
        if self._pace_from is None:
            self._pace_from = time.monotonic(), self.progress.done  # what came before was loading
        since_s, since = self._pace_from
        made = self.progress.done - since
        return (
            (time.monotonic() - since_s) * (self.progress.total - self.progress.done) / made if made else None
        )

    def cancel(self) -> None:
        """Ask the child to end as Ctrl-C would, so that it removes what is unfinished; then end it."""
        self.cancelled = True
        if self._child.poll() is None:
            self._signal(signal.SIGINT if os.name != "nt" else signal.CTRL_BREAK_EVENT)  # type: ignore[attr-defined]
            try:
                self._child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._kill()
                self._child.wait()
        _running.discard(self)

    def _signal(self, number: int) -> None:
        try:
            if os.name == "nt":
                self._child.send_signal(number)
            else:
                os.killpg(self._child.pid, number)
        except OSError:
            pass  # it has just ended

    def _kill(self) -> None:
        if os.name == "nt":
            self._child.kill()
        else:  # with what it has started: where Blender was started in the background, none of them hears Ctrl-C
            self._signal(signal.SIGKILL)

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1].removeprefix("sadtalker3d: ") if lines else ""


def cancel_all() -> None:
    """End every child, for Blender's exit, another file, or the extension's removal."""
    for job in list(_running):
        job.cancel()


atexit.register(cancel_all)
