"""Two processes, started as torchrun starts them, train one network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.train import tiny_corpus

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
    subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
            "--standalone", str(script), str(tmp_path),
        ],
        check=True, timeout=120, cwd=Path(__file__).parents[2], env=_with_project(),
    )  # fmt: skip
    one, other = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name])
    assert (tmp_path / "expnet.safetensors").exists()


def _with_project() -> dict[str, str]:
    import os

    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
