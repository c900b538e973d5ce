"""Training ExpNet on a tiny corpus: it learns, goes on where it stopped, and writes what the project loads."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sadtalker3d.errors import UserError
from sadtalker3d.motion.temporal_expnet import LIVE, TemporalExpNet
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.expnet import TrainConfig, train_expnet
from sadtalker3d.train.liploss import LossConfig
from sadtalker3d.train.readerdata import VariationConfig
from sadtalker3d.train.readertraining import ReaderTrainConfig, train_lip_reader
from sadtalker3d.train.teacher import DRIVEN
from tests.train import tiny_corpus

UNREAD = TrainConfig(loss=LossConfig(reading=0))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("training")
    tiny_corpus.write(work / "corpus")
    train_expnet(work, steps=3, corpus=tiny_corpus.CONFIG, config=UNREAD, report=lambda line: None)
    return work


def weights(work: Path) -> dict[str, torch.Tensor]:
    return load_file(work / "expnet.safetensors")


def test_the_weights_fit_the_network_and_are_half_precision(trained: Path) -> None:
    state = weights(trained)
    assert state["mapping.weight"].dtype == torch.float16
    assert set(state) == set(TemporalExpNet().state_dict())


def test_what_speech_does_not_drive_stays_with_the_reference(trained: Path) -> None:
    net = TemporalExpNet().eval()
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights(trained).items()})
    reference = torch.rand(1, 4, 64)
    with torch.no_grad():
        said = net(torch.randn(1, 4, 1, 80, 16), reference, torch.full((1, 4, 1), 0.5))
    lids = [OPEN_64.index("eyeBlinkLeft"), OPEN_64.index("eyeBlinkRight")]
    kept = [c for c in range(64) if c not in DRIVEN and c not in lids]
    np.testing.assert_allclose(said[..., kept], reference[..., kept], atol=1e-6)
    steady = np.abs(said[..., lids] - said[:, :1, lids]).max()
    assert steady < 1e-6  # lids hear nothing, they only follow the blink ratio


def test_the_same_seed_gives_the_same_weights(trained: Path, tmp_path: Path) -> None:
    tiny_corpus.write(tmp_path / "corpus")
    train_expnet(tmp_path, steps=3, corpus=tiny_corpus.CONFIG, config=UNREAD, report=lambda line: None)
    for name, value in weights(tmp_path).items():
        assert torch.equal(value, weights(trained)[name]), name


def test_training_goes_on_where_it_stopped(trained: Path, tmp_path: Path) -> None:
    work = shutil.copytree(trained, tmp_path / "work")
    result = train_expnet(
        work, steps=5, resume=True, corpus=tiny_corpus.CONFIG, config=UNREAD, report=lambda line: None
    )
    assert result.steps == 5
    state = torch.load(work / "expnet.pt", weights_only=True)
    assert state["step"] == 5


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to resume"):
        train_expnet(tmp_path, resume=True)


def test_the_lip_reader_has_its_say(tmp_path: Path) -> None:
    tiny_corpus.write(tmp_path / "corpus")
    short = ReaderTrainConfig(variation=VariationConfig(sequences=2, frames=24))
    train_lip_reader(tmp_path, steps=2, corpus=tiny_corpus.CONFIG, config=short, report=lambda line: None)
    read = train_expnet(tmp_path, steps=3, live=True, corpus=tiny_corpus.CONFIG, report=lambda line: None)
    assert read.weights.name == "expnet_live.safetensors"
    with_reader = load_file(read.weights)
    assert with_reader["hearing.0.weight"].shape[1] == LIVE.columns
    unread = train_expnet(
        tmp_path, steps=3, live=True, corpus=tiny_corpus.CONFIG, config=UNREAD, report=lambda line: None
    )
    assert not torch.equal(load_file(unread.weights)["mapping.weight"], with_reader["mapping.weight"])
