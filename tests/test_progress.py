"""How far long work is, for people and for programs."""

from __future__ import annotations

import json

import pytest

from sadtalker3d.progress import progress


def test_json_lines_end_with_finished(capsys):
    with progress("animate", "json") as report:
        report(1, 2)
        report(2, 2)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-2] == {"task": "animate", "done": 2, "total": 2}
    assert lines[-1] == {"task": "animate", "finished": True}


def test_a_failed_task_is_not_called_finished(capsys):
    with pytest.raises(ValueError), progress("animate", "json") as report:
        report(1, 2)
        raise ValueError
    assert "finished" not in capsys.readouterr().out


def test_plain_says_how_many_and_how_long(capsys):
    with progress("preview", "plain") as report:
        report(7)
    assert capsys.readouterr().err.startswith("preview: 7 frames in ")


def test_bar_and_none_accept_unknown_totals(capsys):
    for mode in ("bar", "none"):
        with progress("x", mode) as report:
            report(1)
            report(2, 3)
    assert capsys.readouterr().out == ""
