"""Blenders to test in, and the extension's zip.

`BLENDER_PYTHONS` names the Pythons that have `bpy`, separated like a PATH; without it, this Python if it has one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import sadtalker3d
from sadtalker3d.addon import build

SCENARIOS = Path(__file__).with_name("scenarios")
LIMIT_S = 240


@cache
def blender_pythons() -> list[str]:
    given = [path for path in os.environ.get("BLENDER_PYTHONS", "").split(os.pathsep) if path]
    return [python for python in given or [sys.executable] if _has_bpy(python)]


def _has_bpy(python: str) -> bool:
    asked = "import importlib.util as u; print(u.find_spec('bpy') is not None)"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True).stdout.strip() == "True"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "blender" in metafunc.fixturenames:
        pythons = blender_pythons()
        if not pythons and os.environ.get("REQUIRE_BLENDER"):
            raise pytest.UsageError("REQUIRE_BLENDER is set, but no Python of BLENDER_PYTHONS has bpy")
        missing = pytest.mark.skip(reason="no Blender: pip install '.[blender]', or set BLENDER_PYTHONS")
        metafunc.parametrize("blender", pythons or [pytest.param("", marks=missing)])


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("extension") / "sadtalker3d.zip")


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree's command line, whatever is installed."""
    path = tmp_path_factory.mktemp("command") / "sadtalker3d"
    root = Path(sadtalker3d.__file__).parents[1]
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m sadtalker3d "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def play(blender: str, extension: Path, command: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs a scenario in Blender with the extension installed; gives what it reports."""

    def run(scenario: str, **given: Any) -> Any:
        env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SADTALKER3D")}
        env |= {
            "BLENDER_USER_RESOURCES": str(tmp_path / "blender"),
            "SADTALKER3D": str(command),
            "ST3D_ZIP": str(extension),
            "ST3D_GIVEN": json.dumps({name: str(value) for name, value in given.items()}),
        }
        done = subprocess.run(
            [blender, str(SCENARIOS / f"{scenario}.py")],
            capture_output=True, text=True, env=env, cwd=tmp_path, timeout=LIMIT_S,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith("REPORT")]
        assert done.returncode == 0 and lines, done.stdout[-3000:] + done.stderr[-3000:]
        return json.loads(lines[-1].removeprefix("REPORT"))

    return run
