"""The `weights` commands as a user meets them: what works, and one clear sentence for what does not."""

from __future__ import annotations

import functools
import os
import pickle
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from sadtalker3d import commands_weights, doctor, weight_store, weights
from sadtalker3d.weight_import import file_hash
from tests.official_files import new_file, old_file, seeded_state
from tests.test_cli import refused, run


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(weight_store.FOLDER_VARIABLE, str(tmp_path / "store ü"))
    return tmp_path / "store ü"


def test_list_names_what_is_here_and_what_is_not(monkeypatch, capsys, tmp_path, store) -> None:
    assert run(monkeypatch, "weights", "list") == 0
    before = capsys.readouterr().out
    assert before.count("not here") == len(weight_store.places())
    for row in weights.OFFICIAL_FILES:
        assert row.file in before
    assert "Apache-2.0" in before and "Basel" in before and str(store) in before
    new_file(tmp_path / "a.safetensors", "audio2exp")
    assert run(monkeypatch, "weights", "import", tmp_path / "a.safetensors") == 0
    capsys.readouterr()
    (store / "mapping.safetensors").write_bytes(b"damaged")
    assert run(monkeypatch, "weights", "list") == 0
    after = capsys.readouterr().out
    assert after.count("not here") == len(weight_store.places()) - 2
    assert "from a.safetensors" in after and "DAMAGED" in after


def test_import_prints_the_files_and_check_loads_them(monkeypatch, capsys, tmp_path, store) -> None:
    file = old_file(
        tmp_path / "auido2exp_00300-model.pth",
        {"model": seeded_state("audio2exp"), "optimizer": {"m": torch.ones(1)}},
    )
    assert run(monkeypatch, "weights", "import", file) == 0
    printed = capsys.readouterr()
    assert printed.out.split("\n")[:-1] == [str(store / "audio2exp.safetensors")]
    assert "optimizer (1)" in printed.err
    assert run(monkeypatch, "weights", "check") == 0
    line = capsys.readouterr().out
    assert line.startswith("audio2exp: loads, finite") and file_hash(file)[:12] in line
    data = bytearray((store / "audio2exp.safetensors").read_bytes())
    data[-9] ^= 64
    (store / "audio2exp.safetensors").write_bytes(data)
    refused(capsys, run(monkeypatch, "weights", "check"), "audio2exp.safetensors", "--force")


def test_check_of_an_empty_store_says_what_to_do(monkeypatch, capsys) -> None:
    refused(capsys, run(monkeypatch, "weights", "check"), "weights fetch", "weights import")


class Runs:
    def __reduce__(self):
        return (os.system, ("false",))


def make_bad(kind: str, tmp_path: Path) -> Path:
    path = tmp_path / "bad.pth"
    state = seeded_state("audio2exp")
    match kind:
        case "cut new":
            new_file(path, "audio2exp").write_bytes(path.read_bytes()[:-1000])
        case "cut old":
            old_file(path, {"model": state}).write_bytes(path.read_bytes()[:-1000])
        case "another model's":
            old_file(path, {key: torch.zeros(3, 3) for key in state})
        case "incomplete":
            old_file(path, {key: state[key] for key in list(state)[:-4]})
        case "unknown":
            old_file(path, {"face_encoder.weight": torch.ones(3)})
        case "code":
            old_file(path, {"model": state, "hook": Runs()})
        case "bare code":
            path.write_bytes(pickle.dumps(Runs()))
        case "text":
            path.write_text("404: Not Found")
        case "empty folder":
            path.mkdir()
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("cut new", ("cut short", "download")),
        ("cut old", ("cut short", "download")),
        ("another model's", ("audio2exp is another model's", "80 of 80", "77 more; give")),
        ("incomplete", ("audio2exp is incomplete", "mapping1.weight")),
        ("unknown", ("none of SadTalker's networks", "face_encoder.weight")),
        ("code", (".system", "could run code")),
        ("bare code", ("could run code",)),
        ("text", ("neither safetensors nor", "give a file")),
        ("empty folder", ("no file of SadTalker's networks",)),
        ("missing", ("cannot be read",)),
    ],
)
def test_bad_files_are_one_sentence_and_leave_nothing(
    monkeypatch, capsys, tmp_path, store, kind, words
) -> None:
    path = make_bad(kind, tmp_path)
    refused(capsys, run(monkeypatch, "weights", "import", path), "bad.pth", *words)
    assert not store.exists()


def test_names_and_sizes_that_are_not_known_are_refused(monkeypatch, capsys, tmp_path) -> None:
    refused(capsys, run(monkeypatch, "weights", "fetch", "gfpgan"), "'gfpgan'", "sadtalker_256")
    refused(
        capsys, run(monkeypatch, "weights", "import", tmp_path, "--size", "300"), "--size 300", "256 and 512"
    )


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A release page with one file; the table's lengths and hashes are its."""
    folder = tmp_path / "release"
    folder.mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    file = old_file(folder / "auido2exp_00300-model.pth", {"model": seeded_state("audio2exp")})
    rows = tuple(
        replace(
            row,
            source=f"http://127.0.0.1:{http.server_address[1]}/{row.file}",
            length=file.stat().st_size,
            sha256=file_hash(file),
        )
        for row in weights.OFFICIAL_FILES
    )
    monkeypatch.setattr(weights, "OFFICIAL_FILES", rows)
    yield folder
    http.shutdown()
    http.server_close()


def test_fetch_downloads_imports_and_tidies(monkeypatch, capsys, tmp_path, store, release) -> None:
    assert run(monkeypatch, "weights", "fetch", "old_audio2exp") == 0
    printed = capsys.readouterr()
    assert printed.out.split("\n")[:-1] == [str(store / "audio2exp.safetensors")]
    assert "old_audio2exp: 11 MB" in printed.err
    assert [path.name for path in store.iterdir()] == ["audio2exp.safetensors"]
    assert run(monkeypatch, "weights", "check") == 0
    assert "SadTalker's own" in capsys.readouterr().out
    (release / "auido2exp_00300-model.pth").unlink()  # from here on a request would fail
    assert run(monkeypatch, "weights", "fetch", "old_audio2exp") == 0
    assert "there already" in capsys.readouterr().err


def test_fetch_keeps_the_file_where_it_is_told(monkeypatch, tmp_path, store, release) -> None:
    assert run(monkeypatch, "weights", "fetch", "auido2exp_00300-model.pth", "--into", tmp_path / "kept") == 0
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["auido2exp_00300-model.pth"]
    assert (store / "audio2exp.safetensors").exists()


def test_fetch_of_a_missing_address_leaves_nothing(monkeypatch, capsys, store, release) -> None:
    refused(
        capsys, run(monkeypatch, "weights", "fetch", "mapping"), "mapping_00229", "404", "weights import FILE"
    )
    assert not store.exists() or list(store.iterdir()) == []


def test_what_is_fetched_by_default_has_every_network() -> None:
    rows = [row for row in weights.OFFICIAL_FILES if row.name in commands_weights.FETCHED_BY_DEFAULT]
    assert {network for row in rows for network in row.networks} == set(weights.OFFICIAL_NETWORKS)


def test_the_table_of_official_files_is_whole() -> None:
    for row in weights.OFFICIAL_FILES:
        assert row.source.startswith("https://github.com/") and row.source.endswith(f"/{row.file}")
        assert len(row.sha256) == 64 and int(row.sha256, 16) and row.length > 1e7
        assert set(row.networks) <= set(weights.OFFICIAL_NETWORKS)
    assert len({row.sha256 for row in weights.OFFICIAL_FILES}) == len(weights.OFFICIAL_FILES)


def test_the_doctor_knows_what_is_there(monkeypatch, tmp_path, store) -> None:
    def official() -> doctor.Check:
        return next(check for check in doctor.examine() if check.name == "official")

    for name in ("_opengl", "_video", "_sound", "_head", "_weights", "_packages"):
        monkeypatch.setattr(doctor, name, lambda: "")
    assert official().ok is None and "weights fetch" in official().detail
    run(monkeypatch, "weights", "import", new_file(tmp_path / "a.safetensors", "audio2exp"))
    assert official().ok is True and "audio2exp" in official().detail
