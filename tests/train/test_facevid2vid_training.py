"""The renderer's training, whole: tiny networks, a tiny video."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.animate import AnimatedPortrait
from sadtalker3d.render.facevid2vid.trained import TrainedFor, load_trained, trained_for
from sadtalker3d.track import load
from sadtalker3d.train.facevid2vid import train_facevid2vid
from sadtalker3d.train.framepairs import Pairs
from sadtalker3d.train.mapping import MappingTraining, train_mapping
from sadtalker3d.train.processes import Processes
from sadtalker3d.train.renderertraining import RendererTraining
from sadtalker3d.train.videocoefficients import rows_of
from sadtalker3d.train.videoframes import load_videos
from tests.train import tiny_videos
from tests.train.tiny_videos import CONFIG
from tests.train.two_processes import end_alike

NETWORKS = ("generator", "kp_extractor", "he_estimator")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_videos.write(tmp_path_factory.mktemp("tiny") / "videos")


@pytest.fixture(scope="module")
def two_steps(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training of two steps leaves; to be copied, not continued."""
    work = tmp_path_factory.mktemp("two") / "work"
    train_facevid2vid(videos, work, steps=2, coefficients=videos, config=CONFIG, report=lambda line: None)
    return work


def states(folder: Path, names: tuple[str, ...] = NETWORKS) -> dict[str, torch.Tensor]:
    return {
        f"{n}.{key}": value for n in names for key, value in load_file(folder / f"{n}.safetensors").items()
    }


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=0)


@pytest.mark.slow
def test_the_loss_falls(videos: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    config = replace(CONFIG, weights=CONFIG.weights.judged(0))  # a judge that learns raises the loss
    clips = load_videos(videos, tmp_path / "frames", config.size_px)
    training, pairs = RendererTraining(config), Pairs(clips)
    losses = [training.advance(pairs, Processes()) for _ in range(12)]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:2])


@pytest.mark.slow
def test_a_resumed_run_ends_as_one_that_was_not_interrupted(
    videos: Path, two_steps: Path, tmp_path: Path
) -> None:
    settings = {"coefficients": videos, "config": CONFIG, "report": lambda line: None}
    train_facevid2vid(videos, tmp_path / "whole", steps=4, **settings)
    shutil.copytree(two_steps, tmp_path / "parts")
    trained = train_facevid2vid(videos, tmp_path / "parts", steps=4, resume=True, **settings)
    assert trained.steps == 4
    assert_same(states(tmp_path / "whole"), states(tmp_path / "parts"))
    curve = [
        json.loads(line) for line in (tmp_path / "parts" / "facevid2vid_curve.jsonl").read_text().splitlines()
    ]
    assert [point["step"] for point in curve] == [2, 4]
    with pytest.raises(UserError, match="--resume"):
        train_facevid2vid(videos, tmp_path / "parts", steps=4, **settings)
    with pytest.raises(UserError, match="other settings"):
        train_facevid2vid(videos, tmp_path / "parts", steps=5, seed=1, resume=True, **settings)


@pytest.mark.slow
def test_mapping_learns_the_keypoints_and_the_renderer_loads(
    videos: Path, two_steps: Path, tmp_path: Path
) -> None:
    work, quiet = shutil.copytree(two_steps, tmp_path / "work"), lambda line: None
    usual = MappingTraining(learning_rate=1e-3, batch=16)
    early = train_mapping(videos, videos, work, steps=5, config=usual, report=quiet)
    late = train_mapping(videos, videos, work, steps=60, config=usual, resume=True, report=quiet)
    assert late.steps == 60 and late.keypoint_error < 0.7 * early.keypoint_error
    resumed = states(work, ("mapping",))
    (work / "mapping.pt").unlink()
    train_mapping(videos, videos, work, steps=60, config=usual, report=quiet)
    assert_same(states(work, ("mapping",)), resumed)
    assert trained_for(work) == TrainedFor(64, "open")
    rows = rows_of(load(videos / "swing.npz"))
    portrait = AnimatedPortrait(load_trained(work), tiny_videos.frames()[0], rows[0])
    assert next(portrait.frames(rows)).shape == (64, 64, 3)


SCRIPT = """
import sys
from pathlib import Path
from sadtalker3d.train.facevid2vid import train_facevid2vid
from sadtalker3d.train import facevid2vid
from sadtalker3d.train.renderertraining import RendererTraining
from sadtalker3d.train.processes import Processes
from tests.train.tiny_videos import CONFIG
import torch

work = Path(sys.argv[1])
kept, ends, begins = [], Processes.leave, RendererTraining.__init__

def remember(training, *args, **settings):
    begins(training, *args, **settings)
    kept.append(training)

def keep_state(processes):
    nets = dict(zip("gkhj", (*kept[0].networks, kept[0].judge)))
    state = {f"{n}.{key}": value for n, net in nets.items() for key, value in net.state_dict().items()}
    torch.save(state, work / f"rank{processes.rank}.pt")
    ends(processes)

RendererTraining.__init__ = remember
Processes.leave = keep_state
train_facevid2vid(work / "videos", work / "work", steps=2, config=CONFIG)
"""


@pytest.mark.slow
def test_two_processes_end_with_one_network(tmp_path: Path) -> None:
    tiny_videos.write(tmp_path / "videos")
    end_alike(SCRIPT, tmp_path)
    assert (tmp_path / "work" / "generator.safetensors").exists()
