"""Files of weights from outside: read whole, or refused in one sentence and without running anything."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sadtalker3d.checkpoint_files import NotWeightsError, read_checkpoint
from sadtalker3d.errors import UserError
from tests.official_files import old_file

VALUES = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


@pytest.mark.parametrize("kind", ["safetensors", "zip", "stream"])
def test_every_format_gives_the_same_tensors_by_flat_keys(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "weights.pth.tar"  # the name does not count
    if kind == "safetensors":
        save_file({f"net.{key}": value for key, value in VALUES.items()}, path)
    else:
        old_file(path, {"net": VALUES, "epoch": 3, "losses": [1.0]}, stream=kind == "stream")
    tensors = read_checkpoint(path).tensors
    assert sorted(tensors) == ["net.a.bias", "net.a.weight"]
    assert all(torch.equal(tensors[f"net.{key}"], value) for key, value in VALUES.items())


@pytest.mark.parametrize("kind", ["safetensors", "zip", "stream"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.98])
def test_files_cut_short_are_refused(tmp_path: Path, kind: str, part: float) -> None:
    path = tmp_path / "weights.pth"
    big = {"weight": torch.ones(5000)}
    save_file(big, path) if kind == "safetensors" else old_file(path, big, stream=kind == "stream")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(UserError, match="weights.pth: is cut short or damaged; download"):
        read_checkpoint(path)


class Runs:
    """A pickle that calls a function when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("kind", ["zip", "stream", "bare"])
def test_pickles_that_run_code_are_refused_and_do_not_run(tmp_path: Path, kind: str) -> None:
    path, ran = tmp_path / "weights.pth", tmp_path / "ran"
    content = {"model": VALUES, "hook": Runs(ran)}
    if kind == "bare":
        path.write_bytes(pickle.dumps(content))
    else:
        old_file(path, content, stream=kind == "stream")
    with pytest.raises(NotWeightsError, match="could run code"):
        read_checkpoint(path)
    assert not ran.exists()


def header(length: int, **rows: object) -> bytes:
    text = json.dumps(rows).encode()
    return struct.pack("<Q", length or len(text)) + text


@pytest.mark.parametrize(
    "content",
    [
        header(1 << 60),
        header(15_000_000),
        header(0, w={"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 1 << 60]}),
        header(0, w={"dtype": "F32", "shape": [1 << 62], "data_offsets": [0, 8]}) + bytes(8),
        header(0, w={"dtype": "F32", "shape": [2], "data_offsets": [-8, 8]}) + bytes(8),
        header(0, w=3),
        header(0, w={"dtype": "F32", "shape": [2]}),
        struct.pack("<Q", 200_000) + b"{" + b"[" * 199_999,
    ],
)
def test_absurd_headers_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="w.safetensors: is cut short or damaged") as caught:
        read_checkpoint(path)
    assert len(str(caught.value).splitlines()) == 1


def test_an_archive_that_unpacks_to_more_than_it_is_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w/data.pkl", bytes(10_000_000))
    with pytest.raises(UserError, match="claim more bytes"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello, I am a text\n", b"<html>Not Found</html>", bytes(50), b"{}"]
)
def test_other_files_are_no_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(NotWeightsError, match="w.pth: is"):
        read_checkpoint(path)


def test_other_archives_are_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "hub.tar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(NotWeightsError, match="archive"):
        read_checkpoint(path)


def test_missing_files_and_folders_are_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            read_checkpoint(path)


def test_a_dictionary_that_holds_itself_ends(tmp_path: Path) -> None:
    content: dict[str, object] = {"w": torch.ones(1)}
    content["again"] = content
    assert 1 <= len(read_checkpoint(old_file(tmp_path / "w.pth", content)).tensors) <= 10
