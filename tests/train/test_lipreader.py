"""The reader watches the right points, learns what it is shown, and its loss leads back to the wanted mouth."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.corpus import load
from sadtalker3d.train.lipframes import PHONES
from sadtalker3d.train.lipreader import LipReader, ReaderConfig
from sadtalker3d.train.lipreading import LipReading, LipReadingConfig
from sadtalker3d.train.readerdata import Spoken, VariationConfig, Varied, phone_weights
from sadtalker3d.train.readerpoints import INNER_LIP, ReaderPoints
from sadtalker3d.train.readerscores import ReaderScores
from sadtalker3d.train.readertraining import ReaderTrainConfig, reading_loss, train_lip_reader, viseme_logs
from sadtalker3d.train.teacher import DRIVEN
from tests.train import tiny_corpus

SMALL = ReaderTrainConfig(
    reader=ReaderConfig(channels=16), variation=VariationConfig(sequences=4, frames=24), warm_up_steps=5
)


@pytest.fixture(scope="module")
def points() -> ReaderPoints:
    return ReaderPoints.of(bfm.load("open"))


@pytest.fixture
def reader(points: ReaderPoints) -> LipReader:
    torch.manual_seed(0)
    return LipReader(points, SMALL.reader)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    tiny_corpus.write(tmp_path / "corpus")
    return tmp_path


def driven(frames: int = 24, **named: float) -> Tensor:
    columns = torch.zeros(1, frames, len(DRIVEN))
    for name, value in named.items():
        columns[..., DRIVEN.index(OPEN_64.index(name))] = value
    return columns


def test_the_jaw_takes_the_lower_lip_and_the_lower_teeth_along(reader: LipReader) -> None:
    moved = reader.watched(driven(1, jawOpen=0.5))[0, 0, :, 1]
    upper, lower = moved[:INNER_LIP], moved[INNER_LIP : 2 * INNER_LIP]
    middle = INNER_LIP // 2
    assert upper[middle] - lower[middle] > 8  # mm
    upper_teeth, lower_teeth = moved[-7:-5], moved[-5:-3]
    assert upper_teeth.abs().max() < 0.5
    assert (lower_teeth < -5).all()


def test_the_tongue_is_read_only_behind_parted_lips(reader: LipReader) -> None:
    def change(**mouth: float) -> float:
        here, there = (
            reader(reader.watched(driven(tongueTipUp=tongue, **mouth))).detach() for tongue in (0.0, 1.0)
        )
        return float((here - there).abs().max())

    assert change() < 0.2 * change(jawOpen=0.5)


def test_it_sees_eleven_frames_to_each_side(reader: LipReader) -> None:
    columns = driven(41)
    other = columns.clone()
    other[:, 20, DRIVEN.index(OPEN_64.index("jawOpen"))] = 1.0
    before, after = (reader(reader.watched(columns)), reader(reader.watched(other)))
    changed = (before - after).abs().amax(-1)[0] > 0
    assert changed.nonzero().ravel().tolist() == list(range(9, 32))


def test_batches_keep_closures_shut_at_any_gain(work: Path, points: ReaderPoints) -> None:
    mouth = Mouth.of(bfm.load("open"))
    spoken = Spoken.of(load(work / "corpus", tiny_corpus.CONFIG), "train", mouth)
    columns, phone = Varied(spoken, points, SMALL.variation, seed=1).draw_driven()
    weights = np.zeros((*phone.shape, 64))
    weights[..., list(DRIVEN)] = columns
    gap_mm = mouth.measure(weights[phone == PHONES.index("m")]).gap_mm
    assert len(gap_mm) and np.median(gap_mm) < 0.5
    assert mouth.measure(weights[phone == PHONES.index("aa")]).gap_mm.mean() > 4


def test_the_same_seed_draws_the_same(work: Path, points: ReaderPoints, reader: LipReader) -> None:
    spoken = Spoken.of(load(work / "corpus", tiny_corpus.CONFIG), "train", Mouth.of(bfm.load("open")))
    first, again = (Varied(spoken, points, SMALL.variation, seed=3).draw(reader) for _ in range(2))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])


def test_what_looks_alike_is_half_forgiven() -> None:
    def loss(named: str) -> float:
        scores = torch.full((1, 1, len(PHONES)), -9.0)
        scores[..., PHONES.index(named)] = 9.0
        return float(reading_loss(scores, torch.tensor([[PHONES.index("p")]]), torch.ones(len(PHONES))))

    assert loss("p") < 0.01 < loss("b") < 0.6 * loss("aa")


def test_visemes_take_up_all_the_probability() -> None:
    logs = torch.randn(3, len(PHONES)).log_softmax(-1)
    np.testing.assert_allclose(viseme_logs(logs).exp().sum(-1).numpy(), 1, rtol=1e-5)


def test_rare_phones_count_more_and_the_mean_is_one() -> None:
    phone = np.repeat([0, 1], [900, 100])
    weights = phone_weights(phone)
    assert weights[1] == pytest.approx(3 * weights[0])
    assert weights[phone].mean() == pytest.approx(1)


def test_scores_count_b_for_p_as_seen() -> None:
    p, b, aa = (PHONES.index(name) for name in ("p", "b", "aa"))
    scores = ReaderScores.of(np.array([b, p, aa, p]), np.array([p, p, aa, aa]))
    assert scores.phones == 0.5
    assert scores.visemes == 0.75
    assert scores.by_viseme == {"lips shut": 1.0, "wide open": 0.5}
    assert scores.balanced == 0.75


def test_training_learns_saves_and_goes_on(work: Path, points: ReaderPoints) -> None:
    train = partial(train_lip_reader, work, seed=1, config=SMALL, corpus=tiny_corpus.CONFIG)
    first = train(steps=60)
    longer = train(steps=80, resume=True)
    assert longer.steps == 80
    assert first.scores["voice"].balanced > 0.4  # by always guessing silence: 0.2
    reader = LipReader.load(longer.weights, points)
    assert not any(weight.requires_grad for weight in reader.parameters())


def test_missing_weights_and_nothing_to_resume_are_named(work: Path, points: ReaderPoints) -> None:
    with pytest.raises(UserError, match="train reader"):
        LipReader.load(work / "lipreader.safetensors", points)
    with pytest.raises(UserError, match="resume"):
        train_lip_reader(work, resume=True, corpus=tiny_corpus.CONFIG)


def test_weights_of_another_network_are_refused(work: Path, points: ReaderPoints) -> None:
    save_file(torch.nn.Conv1d(3, 16, 5).state_dict(prefix="first."), work / "other.safetensors")
    with pytest.raises(UserError, match="other"):
        LipReader.load(work / "other.safetensors", points)


@pytest.mark.parametrize("config", [LipReadingConfig(1, 0), LipReadingConfig(0, 1)])
def test_reading_loss_is_nothing_for_the_target_and_its_slope_is_right(
    reader: LipReader, config: LipReadingConfig
) -> None:
    loss_of = LipReading(reader.double(), config)
    target = driven(jawOpen=0.4, mouthPucker=0.3).double()
    assert float(loss_of(target, target)) == pytest.approx(0, abs=1e-9)
    generator = torch.Generator().manual_seed(2)
    columns = (0.2 + 0.2 * torch.rand(target.shape, generator=generator)).double().requires_grad_()
    loss = loss_of(columns, target)
    loss.backward()
    assert float(loss.detach()) > 0 and columns.grad is not None
    way = torch.randn(target.shape, generator=generator).double()
    step = 1e-5
    with torch.no_grad():
        rise = loss_of(columns + step * way, target) - loss_of(columns - step * way, target)
    assert float(rise) / (2 * step) == pytest.approx(float((columns.grad * way).sum()), rel=1e-4)
