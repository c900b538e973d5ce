"""Training PoseVAE on head motion made up here: units, styles, resuming, and what bad data says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sadtalker3d.errors import UserError
from sadtalker3d.motion.posevae import INFERENCE_PREFIXES, STYLES, PoseVAE, load_inference
from sadtalker3d.train.headmotion import (
    EYE_DISTANCE_M,
    HeadClip,
    borrow_voices,
    load_clips,
    mirrored,
    pose_from_rest,
    split,
)
from sadtalker3d.train.headstyles import draw_windows, head_styles
from sadtalker3d.train.posevae import PoseVAETraining, train_posevae, write_weights

RECIPE = PoseVAETraining(
    hearing_steps=1,
    straight_steps=1,
    straight_batch=2,
    full_steps=2,
    full_batch=2,
    held_out_batch=2,
    save_every=1,
)


def moving(seed: int, frames: int = 120, speed: float = 1.0) -> np.ndarray:
    """Six smooth curves, radians and eye distances."""
    from scipy.ndimage import gaussian_filter1d

    return (
        speed * gaussian_filter1d(np.random.default_rng(seed).standard_normal((frames, 6)), 5, axis=0) * 0.1
    )


def clip(seed: int, speaks: bool = True, speed: float = 1.0) -> HeadClip:
    pose = moving(seed, speed=speed).astype(np.float32)
    mel = np.random.default_rng(seed).uniform(-4, 4, (80, 384)).astype(np.float32) if speaks else None
    return HeadClip(f"c{seed}", f"p{seed}", pose, mel, np.abs(pose[:, 0]), speaks)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    arrays = {}
    for seed in range(8):
        one = moving(seed)
        arrays |= {f"c{seed}/rot_s": one[:, :3], f"c{seed}/trans": one[:, 3:]}
        if seed % 2 == 0:
            arrays[f"c{seed}/mel"] = np.full((384, 80), seed / 2 - 2, np.float16)
    np.savez(tmp_path / "headmotion.npz", **arrays)
    return tmp_path


@pytest.fixture(scope="module")
def clips() -> list[HeadClip]:
    return [clip(seed, speaks=seed % 3 > 0, speed=0.3 + 0.2 * seed) for seed in range(9)]


def test_turning_on_the_joint_is_no_translation() -> None:
    # the tracked point lies in front of and above the joint, so it travels while the head only turns
    from sadtalker3d.rotation import to_matrices
    from sadtalker3d.train.headmotion import PIVOT_M

    rotation = moving(0)[:, :3]
    travel = -(to_matrices(rotation) @ PIVOT_M) / EYE_DISTANCE_M
    pose = pose_from_rest(rotation, travel)
    assert np.ptp(travel, axis=0).max() * EYE_DISTANCE_M > 0.002
    assert np.abs(pose[:, 3:]).max() < 1e-6


def test_a_head_that_holds_still_anywhere_is_at_rest() -> None:
    pose = pose_from_rest(np.full((60, 3), 0.2), np.tile([0.3, -1.0, -14.0], (60, 1)))
    assert pose.dtype == np.float32 and np.abs(pose).max() < 1e-6


def test_mirror_twice() -> None:
    pose = moving(1)
    np.testing.assert_array_equal(mirrored(mirrored(pose)), pose)
    np.testing.assert_array_equal(mirrored(pose)[:, [0, 4, 5]], pose[:, [0, 4, 5]])


def test_people_are_held_out_whole(folder: Path) -> None:
    names = [f"c{seed}" for seed in range(8)]
    people = [{"id": name, "identity_group": "st4" if name in ("c0", "c1") else name} for name in names]
    (folder / "index.json").write_text(json.dumps({"clips": people}))
    train, held = split(load_clips(folder))
    assert [c.name for c in held] == ["c0", "c1"]
    assert not {c.person for c in train} & {c.person for c in held}


def test_borrowed_voices_are_long_enough_and_marked(clips: list[HeadClip]) -> None:
    given = borrow_voices(clips)
    assert len(given) == len(clips)
    for before, after in zip(clips, given, strict=True):
        assert after.mel is not None and after.mel.shape[1] >= 3.2 * len(after.pose)
        assert after.speaks == before.speaks


def test_styles_rise_from_calm_to_lively(clips: list[HeadClip]) -> None:
    clips = borrow_voices(clips)
    styles = head_styles(clips)
    assert [s.number for s in styles] == list(range(STYLES))
    assert all(np.diff([s.speed_deg_s for s in styles[1:]]) > 0)
    draws = draw_windows(clips, styles, 2000, np.random.default_rng(0))
    assert {d.style for d in draws} == set(range(STYLES))
    assert all(clips[d.clip].speaks for d in draws if d.style == 0)
    assert all(d.start + 33 <= len(clips[d.clip].pose) for d in draws)
    pace = [[d.gain * clips[d.clip].liveliness for d in draws if d.style == s] for s in (5, 40)]
    assert np.mean(pace[1]) > np.mean(pace[0])


def test_units_are_folded_into_the_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = PoseVAE().eval()
    spread = np.array([0.02, 0.05, 0.03, 0.006, 0.004, 0.003], np.float32)
    write_weights(net, spread, tmp_path / "w.safetensors")
    state = load_file(tmp_path / "w.safetensors")
    assert all(v.dtype == torch.float16 for v in state.values() if v.is_floating_point())
    assert all(k.startswith(INFERENCE_PREFIXES) for k in state)
    shipped = load_inference(
        PoseVAE(), {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
    )
    z, style, audio = torch.randn(2, 64), torch.tensor([0, 45]), torch.rand(2, 32, 512)
    reference = torch.randn(2, 6)
    with torch.inference_mode():
        expected = net.decode(z, style, reference, audio) * torch.from_numpy(spread)
        got = shipped.decode(z, style, reference * torch.from_numpy(spread), audio)
    assert float((got - expected).abs().max() / expected.abs().max()) < 0.01


@pytest.mark.slow
def test_a_resumed_training_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    losses = train_posevae(folder, tmp_path / "whole.safetensors", recipe=RECIPE, log=lines.append)
    assert set(losses) == {"mse", "kl", "match"} and all(np.isfinite(v) for v in losses.values())
    assert any("held out" in line for line in lines)

    class Interrupted(Exception):
        pass

    def interrupt(done: int, total: int | None) -> None:
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):  # after the first step was saved
        train_posevae(
            folder, tmp_path / "parts.safetensors", recipe=RECIPE, progress=interrupt, log=lines.append
        )
    train_posevae(folder, tmp_path / "parts.safetensors", recipe=RECIPE, log=lines.append)
    assert any("continues from step 1" in line for line in lines)
    whole, parts = ((tmp_path / f"{name}.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_missing_data_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"headmotion\.npz: not found.*rot_s"):
        load_clips(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"c0/trans": np.zeros((5, 3))}, r"c0/rot_s and c0/trans must both be \(N, 3\)"),
        ({"c0/rot_s": np.full((120, 3), np.nan)}, "c0 holds numbers that are not finite"),
        ({f"c{k}/mel": None for k in range(0, 8, 2)}, "no clip with sound"),
    ],
)
def test_bad_data_is_named(folder: Path, change: dict[str, np.ndarray | None], message: str) -> None:
    with np.load(folder / "headmotion.npz") as data:
        arrays = {**data, **change}
    np.savez(folder / "headmotion.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(UserError, match=message):
        load_clips(folder)


def test_a_text_file_is_no_training_data(tmp_path: Path) -> None:
    (tmp_path / "headmotion.npz").write_text("not a zip")
    with pytest.raises(UserError, match="cannot be read"):
        load_clips(tmp_path)
