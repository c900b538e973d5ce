"""The refinement's pairs and training: the same seed gives the same, and an interrupted training ends as another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sadtalker3d.train.portraitpairs as portraitpairs
from sadtalker3d.errors import UserError
from sadtalker3d.train.portrait import train_portrait
from sadtalker3d.train.portraitmoments import moments
from sadtalker3d.train.portraitpairs import Pairs, is_held_out, made_pairs, read_pairs
from sadtalker3d.train.portraitpeople import person
from sadtalker3d.train.refinebatches import VaryConfig, drawn_batch
from sadtalker3d.train.refinescores import held_out_scores
from sadtalker3d.train.refinetraining import RefineTraining, TrainConfig

SIDES = {"mouth": 96, "eye": 64}


def noise(seed: int, count: int = 6, side: int = 16) -> Pairs:
    """Crops of which the truth is darker than the frame."""
    rng = np.random.default_rng(seed)
    warped, photo = rng.integers(60, 255, (2, count, side, side, 3), dtype=np.uint8)
    guides = rng.integers(0, 7, (count, side, side, 6), dtype=np.uint8)
    guides[..., 5] = 255
    return Pairs(warped, photo, warped - 50, guides)


def test_people_and_moments_follow_from_their_seed() -> None:
    one, other, third = person(5), person(5), person(6)
    np.testing.assert_array_equal(one.texture, other.texture)
    np.testing.assert_array_equal(one.identity, other.identity)
    assert one.studio == other.studio and one.grade == other.grade
    assert np.abs(one.texture.astype(int) - third.texture).mean() > 1
    assert one.studio != third.studio
    first, second = moments(5, 8), moments(5, 8)
    np.testing.assert_array_equal(first.expression, second.expression)
    np.testing.assert_array_equal(first.rotation, second.rotation)


def test_first_moment_is_the_portrait_and_the_others_speak_and_blink() -> None:
    names = list(moments(1, 2).names)
    rows = np.concatenate([moments(seed, 24).expression[1:] for seed in range(6)])
    for seed in range(6):
        track = moments(seed, 24)
        assert not track.expression[0].any() and not track.rotation[0].any()
    assert rows.min() >= 0 and rows.max() <= 1
    assert (rows[:, names.index("eyeBlinkLeft")] > 0.8).mean() > 0.1
    jaw = rows[:, names.index("jawOpen")]
    assert (jaw > 0.2).any() and (jaw < 0.1).any()


@pytest.mark.slow
def test_pairs_are_the_same_again_and_nearer_to_the_truth_than_the_photo() -> None:
    once, again = made_pairs(9, 4), made_pairs(9, 4)
    for name, side in SIDES.items():
        pairs = once[name]
        assert pairs.warped.shape[1:] == (side, side, 3) and pairs.guides.shape[1:] == (side, side, 6)
        for key in vars(pairs):
            np.testing.assert_array_equal(getattr(pairs, key), getattr(again[name], key))
    mouth = once["mouth"]
    mask = mouth.guides[..., 5:] / 255
    off = [(np.abs(a.astype(float) - mouth.real) * mask).sum() for a in (mouth.warped, mouth.photo)]
    assert off[0] < off[1]


def test_varied_batches_keep_the_truth_where_the_photo_was_shown() -> None:
    pairs = noise(0)
    pairs.guides[..., 4] = 255  # all of it from the photo
    pairs = replace(pairs, real=pairs.warped)
    batch = drawn_batch(pairs, np.random.default_rng(1), 8, mirror=True)
    torch.testing.assert_close(batch.warped, batch.real)
    again = drawn_batch(pairs, np.random.default_rng(1), 8, mirror=True)
    torch.testing.assert_close(batch.warped, again.warped)


def test_mirrored_crops_have_mirrored_normals() -> None:
    pairs = noise(0, count=1)
    still = VaryConfig(0, 0, 0, (1, 1), 0, 0, 0, 0, 0)
    batches = [drawn_batch(pairs, np.random.default_rng(s), 1, mirror=True, config=still) for s in range(8)]
    turned = [b for b in batches if not np.array_equal(b.warped[0].numpy(), pairs.warped[0])]
    assert 0 < len(turned) < 8
    np.testing.assert_array_equal(turned[0].warped[0].numpy(), pairs.warped[0][:, ::-1])
    np.testing.assert_array_equal(turned[0].guides[0, ..., 0].numpy(), 255 - pairs.guides[0, :, ::-1, 0])
    np.testing.assert_array_equal(turned[0].guides[0, ..., 1:].numpy(), pairs.guides[0, :, ::-1, 1:])


def test_training_that_is_resumed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    config = TrainConfig(batch=2, judge_width=0.05, judged_from=0.5)
    whole, first, second = (RefineTraining("mouth", 4, config, seed=3) for _ in range(3))
    pairs = noise(0, side=64)
    for _ in range(4):
        whole.advance(pairs)
    for _ in range(2):
        first.advance(pairs)
    first.keep(tmp_path / "half.pt")
    second.restore(tmp_path / "half.pt")
    for _ in range(2):
        second.advance(pairs)
    for key, value in whole.network.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[key], value, rtol=0, atol=0)
    other = RefineTraining("mouth", 5, config, seed=3)
    with pytest.raises(UserError, match="other settings"):
        other.restore(tmp_path / "half.pt")


def test_it_learns_a_simple_repair() -> None:
    pairs = noise(0, count=8)
    training = RefineTraining("mouth", 60, TrainConfig(batch=8, judged_from=2.0), seed=0)
    before = held_out_scores("mouth", training.network, pairs)
    for _ in range(60):
        training.advance(pairs)
    after = held_out_scores("mouth", training.network, noise(1))
    assert before.psnr_db[0] == pytest.approx(before.psnr_db[1], abs=0.01)
    assert after.psnr_db[1] > after.psnr_db[0] + 3 and after.better > 0.9


def test_command_trains_from_a_folder_and_says_what_it_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        portraitpairs, "made_pairs", lambda seed, frames: {n: noise(seed, 2, s) for n, s in SIDES.items()}
    )
    told: list[str] = []
    small = TrainConfig(batch=1, judged_from=2.0)
    trained = train_portrait(
        tmp_path, people=16, frames=1, steps=1, config=small, device="cpu", report=told.append
    )
    assert trained.weights.exists() and set(trained.held_out) == set(SIDES)
    assert any("held-out people: PSNR" in line for line in told)
    with pytest.raises(UserError, match="--resume"):
        train_portrait(tmp_path, people=16, frames=1, steps=1, config=small)
    with pytest.raises(UserError, match="16 people"):
        train_portrait(tmp_path / "few", people=4)


def test_held_out_people_are_never_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def marked(seed: int, frames: int) -> dict[str, Pairs]:
        return {name: replace(noise(0, 1), warped=np.full((1, 16, 16, 3), seed, np.uint8)) for name in SIDES}

    monkeypatch.setattr(portraitpairs, "made_pairs", marked)
    portraitpairs.written_pairs(tmp_path, 32, 1, report=lambda line: None)
    learnt, held = (
        set(read_pairs(tmp_path, 32, "eye", h).warped[:, 0, 0, 0].tolist()) for h in (False, True)
    )
    assert not learnt & held and learnt | held == set(range(32))
    assert held == {seed for seed in range(32) if is_held_out(seed)} and len(held) == 4


def test_damaged_pairs_are_named(tmp_path: Path) -> None:
    (tmp_path / "person_00000.npz").write_bytes(b"PK broken")
    with pytest.raises(UserError, match="person_00000"):
        read_pairs(tmp_path, 1, "eye", False)
