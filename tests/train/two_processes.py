"""Two processes, started as torchrun starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
LIMIT_S = 600  # a few seconds where nothing else runs


def end_alike(script: str, folder: Path) -> None:
    """Runs a script twice at once, on `folder`; each leaves its networks' values as `rank*.pt`, which are the same."""
    (folder / "two.py").write_text(script)
    command = [sys.executable, str(folder / "two.py"), str(folder)]
    port = _free_port()
    started = [subprocess.Popen(command, cwd=ROOT, env=_as_torchrun(rank, port)) for rank in (0, 1)]
    try:
        assert [process.wait(timeout=LIMIT_S) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
    one, other = (torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name])


def _as_torchrun(rank: int, port: int) -> dict[str, str]:
    """What torchrun tells a process; itself it wants a host name that resolves, which not every machine has."""
    return os.environ | {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0",
        "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
