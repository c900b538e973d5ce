"""The learned repair: it acts where mouth or lids have moved and nowhere else, and its file is read with care."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sadtalker3d.errors import UserError
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.render.refine import (
    NETWORKS,
    Refinement,
    chosen_refinement,
    load_refinement,
    save_refinement,
)
from sadtalker3d.render.refinenet import INPUTS, RefineNet, features, refined
from sadtalker3d.render.warp.refine_crops import MOUTH, PARTS, REGIONS
from sadtalker3d.track import Track
from tests.render.painted import head, photo, weights


@pytest.fixture(scope="module")
def portrait() -> PhotoPortrait:
    return PhotoPortrait(*photo(), model=head())


def lively(seed: int = 0) -> dict[str, RefineNet]:
    """Networks that change a lot."""
    torch.manual_seed(seed)
    networks = {name: RefineNet().eval() for name in NETWORKS}
    for network in networks.values():
        torch.nn.init.normal_(network.leave.weight, std=0.05)
        torch.nn.init.constant_(network.leave.bias, 0.3)
    return networks


def track(*rows: np.ndarray, turn: float = 0.0) -> Track:
    n = len(rows)
    return Track(np.stack(rows), np.tile((0.0, turn, 0.0), (n, 1)), np.zeros((n, 3)))


def test_nothing_changes_at_rest_even_when_the_head_turns(portrait: PhotoPortrait) -> None:
    for turn in (0.0, 0.1):
        resting = track(weights(), weights(), turn=turn)
        plain, repaired = portrait.frames(resting), portrait.frames(resting, refiner=Refinement(lively()))
        for one, other in zip(plain, repaired, strict=True):
            np.testing.assert_array_equal(one, other)


def test_fresh_networks_change_nothing(portrait: PhotoPortrait) -> None:
    speaking = track(weights(jawOpen=0.3, eyeBlink=0.7))
    fresh = Refinement({name: RefineNet() for name in NETWORKS})
    np.testing.assert_array_equal(
        next(portrait.frames(speaking)), next(portrait.frames(speaking, refiner=fresh))
    )


@pytest.mark.parametrize(
    ("row", "moved"),
    [({"jawOpen": 0.3}, (True, False, False)), ({"eyeBlinkLeft": 1.0}, (False, True, False)),
     ({"eyeBlinkRight": 1.0}, (False, False, True))],
    ids=["mouth", "left eye", "right eye"],
)  # fmt: skip
def test_only_what_moved_is_repaired_and_only_around_it(
    portrait: PhotoPortrait, row: dict[str, float], moved: tuple[bool, ...]
) -> None:
    expression = weights(**row)
    plain = portrait.draw(expression, np.zeros(3), np.zeros(3))
    repaired = portrait.draw(expression, np.zeros(3), np.zeros(3), refiner=Refinement(lively()))
    places = portrait._crops.places
    height, width = plain.shape[:2]
    free = np.ones((height, width), bool)
    for region, here in zip(REGIONS, moved, strict=True):
        matrix = places.matrix(region, np.zeros(3), np.zeros(3))
        middle = matrix @ [(region.side_px - 1) / 2, (region.side_px - 1) / 2, 1]
        reach = np.linalg.norm(matrix[:, 0]) * region.side_px / 2 + 1
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        inside = (abs(x - middle[0]) <= reach) & (abs(y - middle[1]) <= reach)
        changed = (plain != repaired).any(axis=2) & inside
        assert (changed.sum() > 50) == here
        if here:
            free &= ~inside
    np.testing.assert_array_equal(plain[free], repaired[free])


def test_crops_follow_the_head(portrait: PhotoPortrait) -> None:
    """A vertex between the lips stays at one place of the crop, however the head turns and moves."""
    motion, places = portrait._motion, portrait._crops.places
    lip = motion.rest[head().points["inner_lip_upper"]].mean(axis=0)[None]
    found = []
    for turn, shift in (
        ((0, 0, 0), (0, 0, 0)),
        ((0, 0, 0.25), (0.01, 0.01, 0.05)),
        ((0.1, 0.1, -0.1), (0, 0, 0)),
    ):
        matrix = places.matrix(MOUTH, np.array(turn), np.array(shift))
        xy = motion.see(lip, np.ones(1, np.float32), np.array(turn), np.array(shift)).xy[0]
        found.append(np.linalg.solve(matrix[:, :2], xy - matrix[:, 2]))
    assert np.abs(np.ptp(found, axis=0)).max() < 4  # pixels of 96: the lips lie before the turning point


def test_change_stays_inside_the_mask() -> None:
    rng = np.random.default_rng(0)
    warped = torch.from_numpy(rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8))
    guides = torch.from_numpy(rng.integers(0, 7, (2, 32, 32, 6), dtype=np.uint8))
    guides[..., 5] = 0
    guides[:, 8:16, 8:16, 5] = 255
    change = lively()["mouth"](features(warped, warped, guides))
    made = (refined(warped, change, guides) * 255).permute(0, 2, 3, 1)
    off = (made - warped.float()).abs().detach()
    assert off[:, 8:16, 8:16].max() > 1
    off[:, 8:16, 8:16] = 0
    assert off.max() < 1e-3


def test_features_name_the_parts() -> None:
    guides = torch.zeros((1, 8, 8, 6), dtype=torch.uint8)
    guides[0, 0, 0, 3] = PARTS.index("teeth") + 1
    rows = features(guides[..., :3], guides[..., :3], guides)
    assert rows.shape == (1, INPUTS, 8, 8)
    parts = rows[0, 9 : 9 + len(PARTS)]
    assert parts[PARTS.index("teeth"), 0, 0] == 1 and parts.sum() == 1


def test_file_keeps_the_networks(tmp_path: Path, portrait: PhotoPortrait) -> None:
    networks, path = lively(), tmp_path / "mine.safetensors"
    save_refinement(path, networks, {"steps": "2"})
    assert path.stat().st_size < 10_000_000
    speaking = track(weights(jawOpen=0.3))
    before = next(portrait.frames(speaking, refiner=Refinement(networks))).astype(int)
    after = next(portrait.frames(speaking, refiner=load_refinement(path))).astype(int)
    assert np.abs(before - after).max() <= 2  # float16


def test_one_network_leaves_the_other_region_alone(tmp_path: Path, portrait: PhotoPortrait) -> None:
    path = tmp_path / "eye.safetensors"
    save_refinement(path, {"eye": lively()["eye"]}, {})
    speaking = track(weights(jawOpen=0.3))
    np.testing.assert_array_equal(
        next(portrait.frames(speaking)), next(portrait.frames(speaking, refiner=load_refinement(path)))
    )


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_bad_files_are_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="train portrait"):
        load_refinement(path)


def test_another_networks_file_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "other.safetensors"
    save_file({"mouth.enter.weight": torch.zeros(2), "else.x": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="no refinement"):
        load_refinement(path)


def test_embedded_weights_repair_the_mouth_and_leave_lids_alone(portrait: PhotoPortrait) -> None:
    assert chosen_refinement(False, None) is None
    shipped = chosen_refinement(True, None)
    assert shipped is not None
    for row, repaired in ((weights(jawOpen=0.3), True), (weights(eyeBlink=1.0), False)):
        plain, made = (next(portrait.frames(track(row), refiner=r)) for r in (None, shipped))
        assert (plain != made).any() == repaired
