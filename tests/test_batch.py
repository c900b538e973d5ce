"""Many jobs from one table: what each row becomes, and what a bad one does to the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sadtalker3d
from sadtalker3d import batch
from sadtalker3d.batch import read_jobs
from sadtalker3d.errors import UserError
from tests.test_cli import refused, run


@pytest.fixture
def folder(tmp_path: Path, take) -> Path:
    """`jobs/take.json`, and a table to write beside it."""
    (tmp_path / "jobs").mkdir()
    take.save(tmp_path / "jobs" / "take.json")
    return tmp_path / "jobs"


def write(folder: Path, *lines: str) -> Path:
    (folder / "jobs.csv").write_text("\ufeff" + "\n".join(lines) + "\n", "utf-8")
    return folder / "jobs.csv"


def test_rows_of_several_commands_of_which_one_is_bad(monkeypatch, capsys, folder: Path, take) -> None:
    table = write(
        folder,
        "command,take,out,gain,angle-unit,gain",
        "export,take.json,take.csv,,,",
        "edit,nowhere.json,b.json,mouth=2,,",
        "",
        "edit,take.json,new/c.json,mouth=0.5,,brows=0",
        "fly,take.json,d.json,,,",
        "export,take.json,e.csv,mouth=2,,",
    )
    refused(capsys, run(monkeypatch, "batch", table, "--progress", "none"), "jobs.csv: 3 of 5 jobs failed")
    made = sadtalker3d.load(folder / "new" / "c.json")
    assert made.column("jawOpen") == pytest.approx(0.5 * take.column("jawOpen"))
    assert made.column("browInnerUp").max() == 0
    assert (folder / "take.csv").exists()
    assert not list(folder.glob("[bde].*"))


def test_the_sentences_of_failed_rows_come_last_by_their_lines(monkeypatch, capsys, folder: Path) -> None:
    table = write(folder, "take;out;fps", "no.json;a.csv;", "take.json;b.csv;30", "take.json;c.csv;soon")
    assert run(monkeypatch, "batch", table, "--command", "export") == 2
    error = capsys.readouterr().err.splitlines()
    failed = [line for line in error if line.startswith("line ")]
    assert failed[-2].startswith("line 2: ") and "no.json: no such file" in failed[-2]
    assert failed[-1].startswith("line 4: ") and "--fps" in failed[-1]
    assert error[-1].startswith("sadtalker3d: ")


def test_outputs_that_exist_are_skipped_and_made_anew_by_force(monkeypatch, capsys, folder: Path) -> None:
    table = write(folder, "take,out", "take.json,a.csv", "take.json,b.csv")
    (folder / "a.csv").write_text("mine")
    assert run(monkeypatch, "batch", table, "--command", "export") == 0
    assert "1 of 2 skipped" in capsys.readouterr().err
    assert (folder / "a.csv").read_text() == "mine" and (folder / "b.csv").exists()
    assert run(monkeypatch, "batch", table, "--command", "export", "--force") == 0
    assert (folder / "a.csv").read_text() == (folder / "b.csv").read_text()


def test_every_option_of_a_command_is_a_column(folder: Path) -> None:
    table = write(
        folder,
        "performance\taudio\tout\tfrom\tto\tmouth\tfit\tforce",
        "-take.json\tnew.wav\tx.json\t1.5\t\t0.8\tkeep\tyes",
    )
    (job,) = read_jobs(table, "dub")
    options, places = job.words[: job.words.index("--")], job.words[job.words.index("--") + 1 :]
    assert places == (str(folder / "-take.json"),)
    assert set(options) == {
        f"--audio={folder / 'new.wav'}", f"--out={folder / 'x.json'}", "--from=1.5", "--mouth=0.8", "--fit=keep",
        "--force", "--progress=none",
    }  # fmt: skip


def test_processes_side_by_side_give_the_same_and_progress_is_told(monkeypatch, capsys, folder: Path) -> None:
    table = write(folder, "take,out", *(f"take.json,{name}.csv" for name in "abc"), "no.json,d.csv")
    assert run(monkeypatch, "batch", table, "--command", "export", "--jobs", 2, "--progress", "json") == 2
    printed = capsys.readouterr()
    told = [json.loads(line) for line in printed.out.splitlines() if line.startswith("{")]
    assert told[-2] == {"task": "batch", "done": 4, "total": 4}
    assert "line 5: " in printed.err
    assert len({(folder / f"{name}.csv").read_text() for name in "abc"}) == 1


def test_a_fault_in_one_row_does_not_end_the_others(monkeypatch, folder: Path) -> None:
    import sadtalker3d.commands_export

    def faulty(take, out, **options):
        if Path(out).name == "a.csv":
            raise ZeroDivisionError("oh")
        return real(take, out, **options)

    real = sadtalker3d.commands_export.export
    monkeypatch.setattr(sadtalker3d.commands_export, "export", faulty)
    done = batch.batch(write(folder, "take,out", "take.json,a.csv", "take.json,b.csv"), "export")
    assert [one.state for one in done] == ["failed", "done"]
    assert "ZeroDivisionError: oh" in str(done[0].problem)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([""], "is empty"),
        (["take,out"], "holds no job"),
        (["take,,out", "a,b,c"], "column 2 has no name"),
        (["take,out,moth", "a,b,c"], "no command has the option 'moth'; did you mean mouth"),
        (["take,out", "take.json,a.csv", "take.json,./a.csv"], "lines 2 and 3 both write"),
    ],
)
def test_a_table_that_is_none_is_refused_before_any_work(folder: Path, lines: list[str], says: str) -> None:
    table = write(folder, *lines)
    with pytest.raises(UserError, match=says):
        batch.batch(table, "export")
    assert sorted(path.name for path in folder.iterdir()) == ["jobs.csv", "take.json"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["take,out", "take.json,jobs.csv"], "is the table itself"),
        (["take,out", "take.json,a.csv,more"], "has 3 cells"),
        (["take,out,mouth", "take.json,a.csv,1"], "'export' has no option 'mouth'"),
        (["take,out,force", "take.json,a.csv,perhaps"], "'perhaps' for 'force' must be yes or no"),
        (["take", "take.json"], "out"),
    ],
)
def test_a_row_that_is_none_is_said(folder: Path, lines: list[str], says: str) -> None:
    table = write(folder, *lines)
    before = table.read_bytes()
    (one,) = batch.batch(table, "export", force=True)
    assert one.state == "failed" and says in str(one.problem)
    assert table.read_bytes() == before


def test_a_table_names_its_command(folder: Path) -> None:
    table = write(folder, "take,out", "take.json,a.csv")
    for command, says in (
        (None, "no column 'command'"),
        ("batch", "--command batch is no command for a table"),
    ):
        with pytest.raises(UserError, match=says):
            batch.batch(table, command)
    with pytest.raises(UserError, match="cannot be read as a table"):
        batch.batch(folder / "none.csv", "export")
