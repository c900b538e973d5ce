"""Downloads from a server that breaks off, knows no Range, or has another file."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.fetch import FetchConfig, fetch
from sadtalker3d.weights import OfficialFile

CONTENT = np.random.default_rng(1).bytes(300_000)
QUICK = FetchConfig(timeout_s=2.0, tries=3, pause_s=0.01, chunk_bytes=4096)


@dataclass
class Server:
    """What the local server does, and what it was asked."""

    content: bytes = CONTENT
    breaks_after: int | None = None
    knows_range: bool = True
    says_length: bool = True
    statuses: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    port: int = 0

    def row(self, **changes: object) -> OfficialFile:
        values = {
            "name": "mapping",
            "file": "mapping.pth.tar",
            "networks": ("mapping",),
            "size": None,
            "source": f"http://127.0.0.1:{self.port}/mapping.pth.tar",
            "length": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
        }
        return OfficialFile(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[Server]:
    what = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            what.ranges.append(asked)
            if what.statuses:
                self.send_error(what.statuses.pop(0))
                return
            start = int(asked[6:-1]) if asked and what.knows_range else 0
            if start >= len(what.content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                end = len(what.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            if what.says_length:
                self.send_header("Content-Length", str(len(what.content) - start))
            self.end_headers()
            sent = what.content[start:]
            self.wfile.write(sent if what.breaks_after is None else sent[: what.breaks_after])

        def log_message(self, *arguments: object) -> None:
            del arguments

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    what.port = http.server_address[1]
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield what
    http.shutdown()
    http.server_close()


def silent(done: int, total: int | None = None) -> None:
    del done, total


def test_a_file_arrives_whole(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch(server.row(), tmp_path / "new", lambda done, total=None: seen.append((done, total)), QUICK)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["mapping.pth.tar"]
    assert len(seen) > 2 and seen == sorted(seen)


def test_a_broken_connection_is_taken_up_where_it_ended(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 100_000
    assert fetch(server.row(), tmp_path, silent, QUICK).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=200000-"]


def test_a_later_call_goes_on_from_the_part(server: Server, tmp_path: Path) -> None:
    (tmp_path / "mapping.pth.tar.part").write_bytes(CONTENT[:250_000])
    assert fetch(server.row(), tmp_path, silent, QUICK).read_bytes() == CONTENT
    assert server.ranges == ["bytes=250000-"]


def test_a_server_without_range_sends_all_again(server: Server, tmp_path: Path) -> None:
    server.knows_range = False
    (tmp_path / "mapping.pth.tar.part").write_bytes(b"x" * 1000)
    assert fetch(server.row(), tmp_path, silent, QUICK).read_bytes() == CONTENT


def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    assert fetch(server.row(), tmp_path, silent, QUICK).read_bytes() == CONTENT
    server.statuses = [500] * 3
    with pytest.raises(UserError, match="500 .*run `sadtalker3d weights fetch mapping` again"):
        fetch(server.row(file="other"), tmp_path, silent, QUICK)


def test_what_came_is_kept_when_it_cannot_go_on(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 0
    (tmp_path / "mapping.pth.tar.part").write_bytes(CONTENT[:5000])
    with pytest.raises(UserError, match=r"5,000 bytes are kept in .*mapping.pth.tar.part"):
        fetch(server.row(), tmp_path, silent, QUICK)
    assert (tmp_path / "mapping.pth.tar.part").read_bytes() == CONTENT[:5000]


def test_another_length_is_refused_before_it_is_downloaded(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the server's file has 300,000 bytes, SadTalker's has 400,000"):
        fetch(server.row(length=400_000), tmp_path, silent, QUICK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("says_length", [True, False])
def test_another_content_is_removed(server: Server, tmp_path: Path, says_length: bool) -> None:
    server.says_length = says_length
    server.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(UserError, match="sha256 differs.*removed"):
        fetch(server.row(), tmp_path, silent, QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_stops_is_stopped(server: Server, tmp_path: Path) -> None:
    server.says_length = False
    server.content = CONTENT * 10
    with pytest.raises(UserError, match="not 300,000"):
        fetch(server.row(), tmp_path, silent, QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_a_longer_file_begins_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "mapping.pth.tar.part").write_bytes(bytes(300_001))
    assert fetch(server.row(), tmp_path, silent, QUICK).read_bytes() == CONTENT
    assert server.ranges == [None]


def test_a_missing_address_is_said_at_once(server: Server, tmp_path: Path) -> None:
    server.statuses = [404]
    with pytest.raises(UserError, match="404 Not Found; look for mapping.pth.tar elsewhere"):
        fetch(server.row(), tmp_path, silent, QUICK)
    assert len(server.ranges) == 1 and list(tmp_path.iterdir()) == []


def test_no_connection_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:  # bound, never listening
        free.bind(("127.0.0.1", 0))
        row = Server(port=free.getsockname()[1]).row()
        with pytest.raises(UserError, match="refused.*look at the connection") as caught:
            fetch(row, tmp_path, silent, QUICK)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_checked_and_not_downloaded(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "mapping.pth.tar"
    path.write_bytes(CONTENT)
    assert fetch(server.row(), tmp_path, silent, QUICK) == path
    path.write_bytes(b"mine")
    with pytest.raises(UserError, match="is not SadTalker's file"):
        fetch(server.row(), tmp_path, silent, QUICK)
    assert server.ranges == [] and path.read_bytes() == b"mine"


def test_a_folder_that_is_a_file_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="--into DIR"):
        fetch(server.row(), tmp_path / "file", silent, QUICK)
