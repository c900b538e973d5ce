"""The keys of a long take are those of a short one, and need no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.export import onto, onto_keys
from sadtalker3d.rig.visemes import VisemeLoss
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.test_onto import Played, times_of


@pytest.mark.parametrize("make", [characters.full_body, characters.visemes_only])
def test_stretches_join_without_a_seam(
    tmp_path: Path, monkeypatch, full_take: Track, make: Callable[[Path], Path]
):
    avatar = make(tmp_path / "avatar.glb")
    turning = full_take.replace(rotation=np.linspace(0, [0, 0, 13.0], len(full_take)))  # twice around
    whole, once = onto.talking_bytes(turning, avatar)
    monkeypatch.setattr(onto_keys, "BLOCK_FRAMES", 7)
    joined, parts = onto.talking_bytes(turning, avatar)
    assert len(whole) == len(joined)
    one, other = Played(whole), Played(joined)
    assert one.json == other.json
    for channel in one.animation["channels"]:
        node, path = channel["target"]["node"], channel["target"]["path"]
        values = other.at(node, path, times_of(turning))
        np.testing.assert_allclose(one.at(node, path, times_of(turning)), values, atol=2e-6)
        if path == "rotation":
            assert (np.einsum("ti,ti->t", values[1:], values[:-1]) > 0).all()
    if once.loss is not None and parts.loss is not None:
        assert parts.loss.lips_mm == pytest.approx(once.loss.lips_mm, rel=1e-5)


def test_losses_join_by_their_squares():
    whole = VisemeLoss.over([(1, VisemeLoss(3, 0, 1)), (3, VisemeLoss(1, 0, 1))])
    assert (whole.lips_mm, whole.gap_mm) == (pytest.approx(3**0.5), 1)


def peak_bytes(avatar: Path, frames: int) -> int:
    """The most that writing takes besides the track itself."""
    take = Track(np.full((frames, 64), 0.3, np.float32), np.full((frames, 3), 0.1), np.zeros((frames, 3)))
    with avatar.with_name("out.glb").open("wb") as file:
        tracemalloc.start()
        onto._write_into(file, take, avatar, None, "Take", True)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_take(tmp_path):
    avatar = characters.full_body(tmp_path / "avatar.glb")
    peak_bytes(avatar, 10)  # what is loaded once
    long = 30_000
    written_bytes = 4 * 52 * long
    grown = peak_bytes(avatar, long) - peak_bytes(avatar, 3 * onto_keys.BLOCK_FRAMES)
    # only the times of the keys are held
    assert grown < 0.15 * written_bytes
