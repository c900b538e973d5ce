"""Two processes train one network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train import tiny_corpus
from tests.train.two_processes import end_alike

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
    end_alike(SCRIPT, tmp_path)
    assert (tmp_path / "expnet.safetensors").exists()
