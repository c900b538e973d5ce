"""Training ExpNet on a tiny corpus: it learns, goes on where it stopped, and writes what the project loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sadtalker3d.errors import UserError
from sadtalker3d.motion.expnet import ExpNet
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.expnet import train_expnet
from sadtalker3d.train.teacher import DRIVEN
from tests.train import tiny_corpus


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("training")
    tiny_corpus.write(work / "corpus")
    train_expnet(work, steps=3, corpus=tiny_corpus.CONFIG, report=lambda line: None)
    return work


def weights(work: Path) -> dict[str, torch.Tensor]:
    return load_file(work / "expnet.safetensors")


def test_the_weights_fit_the_network_and_are_half_precision(trained: Path) -> None:
    state = weights(trained)
    assert state["mapping1.weight"].dtype == torch.float16
    assert set(state) == set(ExpNet().state_dict())


def test_what_speech_does_not_drive_stays_with_the_reference(trained: Path) -> None:
    net = ExpNet().eval()
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights(trained).items()})
    reference = torch.rand(4, 64)
    with torch.no_grad():
        said = net(torch.randn(4, 1, 80, 16), reference, torch.full((4, 1), 0.5))
    lids = [OPEN_64.index("eyeBlinkLeft"), OPEN_64.index("eyeBlinkRight")]
    kept = [c for c in range(64) if c not in DRIVEN and c not in lids]
    np.testing.assert_allclose(said[:, kept], reference[:, kept], atol=1e-6)
    np.testing.assert_allclose(said[:, lids], 0.5)


def test_the_same_seed_gives_the_same_weights(trained: Path, tmp_path: Path) -> None:
    tiny_corpus.write(tmp_path / "corpus")
    train_expnet(tmp_path, steps=3, corpus=tiny_corpus.CONFIG, report=lambda line: None)
    for name, value in weights(tmp_path).items():
        assert torch.equal(value, weights(trained)[name]), name


def test_training_goes_on_where_it_stopped(trained: Path) -> None:
    result = train_expnet(trained, steps=5, resume=True, corpus=tiny_corpus.CONFIG, report=lambda line: None)
    assert result.steps == 5
    state = torch.load(trained / "expnet.pt", weights_only=True)
    assert state["step"] == 5


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to resume"):
        train_expnet(tmp_path, resume=True)
