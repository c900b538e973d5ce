"""The child process: found, followed, stopped, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sadtalker3d
from blender_addon import bridge
from blender_addon.bridge import Job
from sadtalker3d.errors import UserError


def script(folder: Path, body: str) -> list[str]:
    path = folder / "child.py"
    path.write_text(body)
    return [sys.executable, str(path)]


def wait(job: Job, limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not job.poll():
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def ends(pid: int, limit_s: float = 30) -> bool:
    end = time.monotonic() + limit_s
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_progress_outputs_and_the_end(tmp_path: Path):
    out = tmp_path / "take.json"
    command = script(
        tmp_path,
        "import json, pathlib, sys\n"
        "print(json.dumps({'task': 'animate', 'done': 30, 'total': 120}), flush=True)\n"
        f"pathlib.Path({str(out)!r}).write_text(' '.join(sys.argv[1:]))\n",
    )
    job = Job(command, [out], tmp_path / "log.txt").start()
    wait(job)
    assert (job.error, str(job.progress)) == ("", "animate 30/120")
    assert out.read_text() == "--progress json"
    assert job.seconds_left() is None, "one report is no pace"
    job.progress = bridge.Progress("animate", 60, 120)
    time.sleep(0.01)
    assert 0 < job.seconds_left() < 10


def test_the_error_is_the_commands_own_sentence(tmp_path: Path):
    command = script(tmp_path, "import sys; sys.exit('noise\\nsadtalker3d: speech.wav: holds no sound')")
    job = Job(command, [], tmp_path / "log.txt").start()
    wait(job)
    assert job.error == "speech.wav: holds no sound"
    silent = Job(script(tmp_path, ""), [tmp_path / "never.json"], tmp_path / "log.txt").start()
    wait(silent)
    assert "never.json" in silent.error


def test_cancelling_ends_the_child_and_what_it_started(tmp_path: Path):
    command = script(
        tmp_path,
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n",
    )
    job = Job(command, [], tmp_path / "log.txt").start()
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    bridge.cancel_all()
    wait(job)
    assert job.cancelled and not job.error
    assert ends(int((tmp_path / "pid").read_text()))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_a_killed_blender_leaves_no_orphan(tmp_path: Path):
    speech = Path(__file__).parents[2] / "samples" / "speech.wav"
    blender = script(
        tmp_path,
        "import sys, time\nfrom pathlib import Path\nfrom blender_addon.bridge import Job\n"
        f"long = [sys.executable, '-m', 'sadtalker3d', 'animate', {str(speech)!r}, '-o', 'take.json', '--force']\n"
        "job = Job(long, [], Path('log.txt')).start()\n"
        "print(job._child.pid, flush=True)\ntime.sleep(60)\n",
    )
    env = os.environ | {"PYTHONPATH": str(Path(sadtalker3d.__file__).parents[1])}
    parent = subprocess.Popen(blender, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=env)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert ends(child)


def test_finding_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bridge, "BUILT_FROM", tmp_path / "built_from.txt")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(bridge.VARIABLE, raising=False)
    with pytest.raises(UserError, match="not found: install sadtalker3d"):
        bridge.find_command()
    program = tmp_path / "sadtalker3d"
    program.write_text("#!/bin/sh\necho sadtalker3d 0.0.1\n")
    program.chmod(0o755)
    assert bridge.find_command() == [str(program)]
    (tmp_path / "built_from.txt").write_text(sys.executable)
    assert bridge.find_command() == [sys.executable, "-m", "sadtalker3d"]
    assert bridge.find_command(str(program)) == [str(program)], "the preferences come first"
    with pytest.raises(UserError, match=r"is version 0\.0\.1, this extension"):
        bridge.require_version([str(program)])
    with pytest.raises(UserError, match="is not there"):
        bridge.find_command(str(tmp_path / "elsewhere"))
    with pytest.raises(UserError, match="is not sadtalker3d's command"):
        bridge.version_of([sys.executable, "-c", "pass"])
