"""Outputs appear whole or not at all, and never in place of something unasked."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.files import check_outputs, refuse_existing, replacing


def test_the_file_appears_when_the_block_ends_well(tmp_path):
    path = tmp_path / "new folder" / "głowa 1.json"
    with replacing(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
        assert (partial.parent, partial.suffix) == (path.parent, ".json")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_stays_when_the_block_fails(tmp_path):
    path = tmp_path / "take.json"
    path.write_text("old")
    with pytest.raises(KeyError), replacing(path) as partial:
        partial.write_text("half")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_new_file(tmp_path):
    plain, path = tmp_path / "plain", tmp_path / "take"
    plain.touch()
    with replacing(path) as partial:
        partial.write_text("x")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_full_disk_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"take\.json: cannot be written \(No space left on device\)"):  # noqa: SIM117
        with replacing(tmp_path / "new" / "folders" / "take.json"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"), replacing(tmp_path / "out" / "take.json"):
        pass
    assert (tmp_path / "out").read_text() == "a file"


def test_a_folder_of_that_name_is_kept(tmp_path):
    (tmp_path / "take.json").mkdir()
    with (
        pytest.raises(UserError, match=r"take\.json: cannot be written"),
        replacing(tmp_path / "take.json") as partial,
    ):
        partial.write_text("x")
    assert list(tmp_path.iterdir()) == [tmp_path / "take.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_sentence(tmp_path):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(UserError, match="Permission denied"), replacing(tmp_path / "take.json"):
            pass
    finally:
        tmp_path.chmod(0o755)


def test_a_very_long_name_is_one_sentence(tmp_path):
    with (
        pytest.raises(UserError, match="cannot be written"),
        replacing(tmp_path / ("x" * 300 + ".json")) as p,
    ):
        p.write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_existing_outputs_are_refused_unless_forced(tmp_path):
    there = tmp_path / "there.glb"
    there.touch()
    with pytest.raises(UserError, match=r"there\.glb: exists already; choose another name or add --force"):
        refuse_existing([tmp_path / "new.glb", there], force=False)
    refuse_existing([there], force=True)
    refuse_existing([tmp_path / "new.glb"], force=False)


def test_folders_made_for_what_failed_stay_when_something_lies_in_them(tmp_path):
    with pytest.raises(KeyError), replacing(tmp_path / "a" / "b" / "take.json") as partial:
        (partial.parent.parent / "note.txt").write_text("mine")
        raise KeyError
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "note.txt"]


def test_what_is_being_read_is_never_overwritten(tmp_path):
    sound = tmp_path / "speech.mp4"
    sound.touch()
    (tmp_path / "link.mp4").symlink_to(sound)
    for name in ("speech.mp4", "link.mp4"):
        with pytest.raises(UserError, match=rf"{name}: is what is being read; choose another name"):
            check_outputs([tmp_path / name], force=True, inputs=[sound, tmp_path / "missing.json"])
    check_outputs([tmp_path / "new.mp4"], force=True, inputs=[sound])


def test_what_cannot_be_written_is_said_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "folder.json").mkdir()
    cases = {
        "file/t.json": "file is a file",
        "file/deep/er/t.json": "file is a file",
        "folder.json": "is a folder",
        "x" * 300 + ".json": "cannot be written",
    }
    for name, message in cases.items():
        with pytest.raises(UserError, match=message):
            check_outputs([tmp_path / name], force=True)
    check_outputs([tmp_path / "new" / "folder" / "t.json"], force=False)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(
        UserError, match=r"t\.json: cannot be written because .* is read-only; choose another"
    ):
        check_outputs([tmp_path / "new" / "t.json"], force=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]
