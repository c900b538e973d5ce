"""Two processes, started as torchrun starts them, train one network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.train import tiny_corpus

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
import torch
from sadtalker3d.train.expnet import TrainConfig, train_expnet
from sadtalker3d.train.liploss import LossConfig
from sadtalker3d.train import expnet
from sadtalker3d.train.processes import Processes
from tests.train import tiny_corpus

work = Path(sys.argv[1])
ends = Processes.leave

def keep_state(processes):
    torch.save(kept[0].net.state_dict(), work / f"rank{processes.rank}.pt")
    ends(processes)

kept = []
begins = expnet.Training.__init__

def remember(training, *args, **settings):
    begins(training, *args, **settings)
    kept.append(training)

expnet.Training.__init__ = remember
Processes.leave = keep_state
train_expnet(work, steps=3, corpus=tiny_corpus.CONFIG, config=TrainConfig(loss=LossConfig(reading=0)))
"""


@pytest.mark.slow
def test_two_processes_end_with_one_network(tmp_path: Path) -> None:
    tiny_corpus.write(tmp_path / "corpus")
    script = tmp_path / "two.py"
    script.write_text(SCRIPT)
    port = _free_port()
    started = [
        subprocess.Popen([sys.executable, str(script), str(tmp_path)], cwd=ROOT, env=_as_torchrun(rank, port))
        for rank in (0, 1)
    ]
    try:
        assert [process.wait(timeout=120) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
    one, other = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name])
    assert (tmp_path / "expnet.safetensors").exists()


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
