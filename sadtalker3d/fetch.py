"""Downloading one file whose length and sha256 are known. The only code here that uses the network."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from sadtalker3d.errors import UserError
from sadtalker3d.progress import Report
from sadtalker3d.weight_import import file_hash
from sadtalker3d.weights import OfficialFile


@dataclass(frozen=True)
class FetchConfig:
    """How patient a download is."""

    timeout_s: float = 30.0  # without a single byte
    tries: int = 5  # in a row that bring nothing; one that brings bytes starts the count again
    pause_s: float = 2.0  # before the second try, doubled before each further one
    chunk_bytes: int = 1 << 18


class _Later(Exception):
    """What may go better when it is tried again."""


def fetch(row: OfficialFile, folder: Path, report: Report, config: FetchConfig | None = None) -> Path:
    """The file of a table row, in `folder`; a download that was interrupted goes on where it stopped.

    While it comes it is called NAME.part, and it gets its name when its length and sha256 are the table's.
    A file of that name that is there already is checked, not downloaded.

    Raises
    ------
    UserError : no connection, no such address, another length or sha256, or a folder that cannot be written
    """
    config = config or FetchConfig()
    path = folder / row.file
    part = folder / f"{row.file}.part"
    try:
        if path.exists():
            _check(row, path, remove=False)
            return path
        folder.mkdir(parents=True, exist_ok=True)
        if part.exists() and part.stat().st_size > row.length:
            part.unlink()
        _download(row, part, report, config)
        _check(row, part, remove=True)
        part.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); free some space or choose --into DIR"
        ) from None
    return path


def _download(row: OfficialFile, part: Path, report: Report, config: FetchConfig) -> None:
    failures = 0
    while (have := part.stat().st_size if part.exists() else 0) < row.length:
        try:
            _receive(row, part, have, report, config)
            trouble = "the server ended early"
        except _Later as error:
            trouble = str(error)
        now = part.stat().st_size if part.exists() else 0
        if now >= row.length:
            return
        failures = 1 if now > have else failures + 1
        if failures >= config.tries:
            raise UserError(
                f"{row.source}: cannot be downloaded ({trouble}); {_kept(part, now)}look at the connection and "
                f"run `sadtalker3d weights fetch {row.name}` again"
            )
        time.sleep(config.pause_s * 2 ** (failures - 1))


def _kept(part: Path, have: int) -> str:
    return f"{have:,} bytes are kept in {part}; " if have else ""


def _receive(row: OfficialFile, part: Path, have: int, report: Report, config: FetchConfig) -> None:
    """One request: appends to `part` what follows its first `have` bytes, or begins again."""
    request = urllib.request.Request(row.source, headers={"User-Agent": "sadtalker3d"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        reply = urllib.request.urlopen(request, timeout=config.timeout_s)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the server's file is shorter than ours: what we have is of another file
            part.unlink(missing_ok=True)
            raise _Later("the server's file is another length") from None
        if error.code >= 500 or error.code == 429:
            raise _Later(f"the server says {error.code} {error.reason}") from None
        raise UserError(
            f"{row.source}: the server says {error.code} {error.reason}; look for {row.file} elsewhere and "
            "run `sadtalker3d weights import FILE`"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Later(str(getattr(error, "reason", error)) or type(error).__name__) from None
    with reply:
        # a server without Range sends everything from the start
        goes_on = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        begin = have if goes_on else 0
        length = reply.headers.get("Content-Length")
        if length is not None and length.isdigit() and begin + int(length) != row.length:
            raise UserError(
                f"{row.source}: the server's file has {begin + int(length):,} bytes, SadTalker's has "
                f"{row.length:,}; look for {row.file} elsewhere and run `sadtalker3d weights import FILE`"
            )
        with part.open("ab" if goes_on else "wb") as file:
            _copy(reply, file, begin, row, report, config)


def _copy(reply, file, done: int, row: OfficialFile, report: Report, config: FetchConfig) -> None:  # type: ignore[no-untyped-def]
    report(_megabytes(done), _megabytes(row.length))
    while True:
        try:
            chunk = reply.read1(min(config.chunk_bytes, row.length - done + 1))
        except (OSError, http.client.HTTPException) as error:
            raise _Later(str(error) or type(error).__name__) from None
        if not chunk:
            return
        file.write(chunk)
        done += len(chunk)
        report(_megabytes(done), _megabytes(row.length))
        if done > row.length:  # a server that does not say the length could go on for ever
            return


def _megabytes(count: int) -> int:
    return round(count / 1e6)


def _check(row: OfficialFile, path: Path, *, remove: bool) -> None:
    """UserError when a file is not the table's; a download of our own is removed then."""
    length = path.stat().st_size
    if length == row.length and file_hash(path) == row.sha256:
        return
    what = (
        f"its length is {length:,} bytes, not {row.length:,}"
        if length != row.length
        else "its sha256 differs"
    )
    if remove:
        path.unlink()
        raise UserError(
            f"{row.source}: is not SadTalker's file ({what}), and was removed; run "
            f"`sadtalker3d weights fetch {row.name}` again"
        )
    raise UserError(f"{path}: is not SadTalker's file ({what}); move it away, or import it as it is")
