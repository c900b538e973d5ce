"""The whole chain from speech to a `basel` track against upstream's steps written out one after the other."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import savgol_filter

from sadtalker3d.audio import SAMPLE_RATE
from sadtalker3d.errors import UserError
from sadtalker3d.mel import frame_windows, mel_spectrogram
from sadtalker3d.motion.basel import draw_z, generate_basel, weights_hash
from sadtalker3d.motion.expnet import ExpNet
from sadtalker3d.motion.posevae import PoseVAE
from sadtalker3d.track import load
from tests.seeded import CONFORMANCE, load_seeded

Networks = dict[str, torch.nn.Module]
TOLERANCE = 5e-5  # float32 sums in another order, on coefficients of up to 15


@pytest.fixture(scope="module")
def networks() -> Networks:
    return {
        "expnet": load_seeded(ExpNet(), "audio2exp"),
        "posevae": load_seeded(PoseVAE(), "audio2pose"),
    }


@pytest.fixture(scope="module")
def source() -> np.ndarray:
    return np.load(CONFORMANCE / "get_data.npz")["first_coeff"][0]


@pytest.fixture(scope="module")
def performance() -> np.ndarray:
    return np.load(CONFORMANCE / "get_data.npz")["ref_blink"]


def wave_of(frames: int) -> np.ndarray:
    time = np.arange(frames * 640 + 100) / SAMPLE_RATE
    rng = np.random.default_rng(frames)
    return 0.3 * np.sin(2 * np.pi * 180 * time) * np.sin(2 * np.pi * 3 * time) + rng.normal(
        0, 0.01, len(time)
    )


def upstream(
    networks: Networks, windows: np.ndarray, source: np.ndarray, style: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Expression (T, 64) and pose (T, 6): SadTalker's inference with its global draws, ten frames at a time."""
    random.seed(seed)
    torch.manual_seed(seed)
    expnet, posevae, frames = networks["expnet"], networks["posevae"], len(windows)
    ratio, at = np.zeros(frames), 0
    while frames > 21:
        start = at + random.choice(range(10, min(frames // 2, 70)))
        if start + 5 > frames - 1:
            break
        ratio[start : start + 5] = [0.5, 0.9, 1.0, 0.9, 0.5]
        at = start + 5
    mels, pose0 = torch.from_numpy(windows.astype(np.float32)), torch.from_numpy(source[64:70])
    reference, lids = torch.from_numpy(np.tile(source[:64], (frames, 1))), torch.from_numpy(ratio[:, None])
    expression = [
        expnet(mels[i : i + 10], reference[i : i + 10], lids[i : i + 10].float())
        for i in range(0, frames, 10)
    ]
    heard = posevae.audio_encoder(mels[1:]) if frames > 1 else None  # (T - 1, 512)
    motion = [torch.zeros(1, 6)]
    for first in range(0, frames - 1, 32):
        z, kept = torch.randn(1, 64), min(32, frames - 1 - first)
        part = heard[first : first + 32] if kept == 32 else heard[-32:]
        part = torch.cat([part[:1].expand(32 - len(part), -1), part])
        motion.append(posevae.decode(z, torch.tensor([style]), pose0[None], part[None])[0, -kept:])
    pose = (pose0 + torch.cat(motion)).numpy()
    if frames > 2:
        pose = savgol_filter(pose, 13 if frames >= 13 else (frames - 1) // 2 * 2 + 1, 2, axis=0)
    return torch.cat(expression).numpy(), pose


@torch.inference_mode()
@pytest.mark.parametrize(
    ("frames", "style"), [(1, 0), (2, 45), (3, 7), (22, 1), (33, 45), (65, 0), (100, 19)]
)
def test_the_whole_chain_is_upstreams(networks, source, write_sound, frames, style):
    sound = write_sound("speech.wav", wave_of(frames), subtype="FLOAT")
    got = generate_basel(sound, source, style=style, seed=frames, **networks)
    windows = frame_windows(mel_spectrogram(wave_of(frames)[: frames * 640].astype(np.float32)), 0, frames)
    expression, pose = upstream(networks, windows, source, style, frames)
    assert got.space == "basel" and got.fps == 25
    np.testing.assert_allclose(got.expression, expression, atol=TOLERANCE)
    np.testing.assert_allclose(np.hstack([got.rotation, got.translation]), pose, atol=TOLERANCE)


def test_21_frames_on_which_upstream_fails(networks, source, write_sound):
    got = generate_basel(write_sound("speech.wav", wave_of(21)), source, seed=3, **networks)
    assert len(got) == 21


def test_references_come_in_as_upstream_adds_them(networks, source, performance, write_sound):
    sound = write_sound("speech.wav", wave_of(70))
    plain = generate_basel(sound, source, seed=4, **networks)
    got = generate_basel(
        sound, source, seed=4, reference_pose=performance, reference_blink=performance, **networks
    )
    rows = np.arange(70) % len(performance)
    added = performance[rows, 64:70] - performance[0, 64:70]
    np.testing.assert_allclose(got.rotation - plain.rotation, added[:, :3], atol=1e-5)
    np.testing.assert_allclose(got.translation - plain.translation, added[:, 3:], atol=1e-5)
    # ExpNet's answer is linear in the reference expression, and there is no blink ratio any more
    weight = networks["expnet"].mapping1.weight.detach().numpy()
    no_blinks = generate_basel(sound, source, seed=4, reference_blink=source[None], **networks)
    moved = (performance[rows, :64] - source[:64]) @ weight[:, 512:576].T
    np.testing.assert_allclose(got.expression - no_blinks.expression, moved, atol=1e-4)


def test_still_keeps_the_portraits_pose_and_the_eyes_blink(networks, source, write_sound):
    sound = write_sound("speech.wav", wave_of(60))
    still = generate_basel(sound, source, seed=1, still=True, **networks)
    moving = generate_basel(sound, source, seed=1, **networks)
    assert (still.rotation == source[64:67]).all() and (still.translation == source[67:70]).all()
    np.testing.assert_array_equal(still.expression, moving.expression)


def test_idle_hears_zeros(networks, source):
    got = generate_basel(None, source, idle_s=1.5, seed=2, **networks)
    with torch.inference_mode():
        expression = networks["expnet"](
            torch.zeros(1, 1, 80, 16), torch.from_numpy(source[None, :64]), torch.zeros(1, 1)
        )
    assert len(got) == 37
    np.testing.assert_allclose(got.expression, expression.expand(37, -1), atol=TOLERANCE)


def test_the_seed_decides(networks, source, write_sound):
    sound = write_sound("speech.wav", wave_of(90))
    first, again, other = (generate_basel(sound, source, seed=s, **networks) for s in (5, 5, 6))
    assert first == again
    assert (first.rotation[1:] != other.rotation[1:]).any()
    assert (first.expression != other.expression).any()  # the blinks


def test_the_track_tells_what_it_was_made_of(networks, source, write_sound, tmp_path: Path):
    sound = write_sound("speech.wav", wave_of(25))
    take = generate_basel(sound, source, style=9, seed=8, **networks)
    back = load(take.save(tmp_path / "take.json"))
    assert back == take
    np.testing.assert_array_equal(np.array(back.meta["source"], np.float32), source)
    assert (back.meta["style"], back.meta["seed"]) == (9, 8)
    assert back.meta["weights"]["audio2exp"] == weights_hash(networks["expnet"])
    assert len(set(back.meta["weights"].values())) == 2
    assert len(load(take.save(tmp_path / "take.mat"))) == 25


def test_progress_reaches_the_end(networks, source, write_sound):
    seen: list[tuple[int, int | None]] = []
    sound = write_sound("speech.wav", wave_of(70))
    generate_basel(sound, source, progress=lambda done, total=None: seen.append((done, total)), **networks)
    assert seen[-1] == (70, 70) and [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_one_draw_a_block_in_order():
    torch.manual_seed(12)
    expected = torch.stack([torch.randn(1, 64) for _ in range(4)]).numpy()
    np.testing.assert_array_equal(draw_z(32 * 3 + 2, 12), expected)
    assert draw_z(1, 12).shape == (0, 1, 64)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"style": 46}, "0 to 45"),
        ({"seed": -1}, "seed"),
        ({"source": np.zeros(69)}, "70 or more"),
        ({"source": np.full(70, np.nan)}, "finite"),
        ({"reference_pose": np.zeros((0, 73))}, "reference pose"),
        ({"reference_blink": np.zeros((4, 63))}, "64 or more"),
        ({"reference_pose": np.zeros((4, 70)), "still": True}, "still"),
        ({"idle_s": 2.0}, "not both"),
        ({"speech": None}, "not neither"),
        ({"speech": None, "idle_s": 0.01}, "idle"),
        ({"speech": None, "idle_s": float("nan")}, "idle"),
    ],
)
def test_what_makes_no_sense_is_refused(networks, source, write_sound: Callable[..., Path], change, word):
    given = {"speech": write_sound("speech.wav", wave_of(5)), "source": source, **networks, **change}
    with pytest.raises(UserError, match=word):
        generate_basel(**given)


@pytest.mark.slow
def test_memory_is_that_of_the_coefficients(networks, source):
    tracemalloc.start()
    generate_basel(None, source, idle_s=20, **networks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500 * 4 * 64 * 15, peak  # all mel windows would be 2.6 MB, the columns are 0.13
