"""Eyes stay with the listener, wander as much as measured ones, and never squint apart."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.motion.gaze import DEFAULT, gaze_plan, look
from sadtalker3d.motion.prosody import Prosody
from sadtalker3d.rig.arkit import OPEN_64

STILL = np.zeros((15000, 3))  # ten minutes


def gaze_shifts(rotation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return look(gaze_plan(len(rotation), rng).offset_deg, rotation)


def talk(frames: int, phrase_s: float = 4.0, pause_s: float = 0.8) -> Prosody:
    """Phrases and pauses of one length each."""
    speaking = np.arange(frames) % round(25 * (phrase_s + pause_s)) < 25 * phrase_s
    change = np.diff(np.concatenate([[False], speaking]).astype(int))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return Prosody(np.zeros(frames), speaking, starts, ends, np.ones(frames))


def angles_deg(columns: np.ndarray, left: bool) -> np.ndarray:
    """(T, 2) yaw to the subject's left and pitch down of one eye."""
    side, out, inward = ("Left", "Out", "In") if left else ("Right", "In", "Out")
    column = {name: columns[:, OPEN_64.index(f"eyeLook{name}{side}")] for name in ("In", "Out", "Up", "Down")}
    yaw = column[out] - column[inward]
    return np.stack([yaw, column["Down"] - column["Up"]], axis=1) * DEFAULT.full_deg


def test_both_eyes_look_the_same_way_and_nothing_else_moves() -> None:
    columns = gaze_shifts(STILL, np.random.default_rng(0))
    np.testing.assert_allclose(angles_deg(columns, left=True), angles_deg(columns, left=False), atol=1e-5)
    assert not columns[:, [not name.startswith("eyeLook") for name in OPEN_64]].any()
    assert columns.min() >= 0 and columns.max() <= 1


def test_eyes_turn_against_the_head() -> None:
    turned = STILL[:500].copy()
    turned[:, 1] = np.radians(6)  # the nose to the subject's left
    turned[:, 0] = np.radians(-4)  # the chin up
    moved = angles_deg(gaze_shifts(turned, np.random.default_rng(1)), left=True)
    plain = angles_deg(gaze_shifts(STILL[:500], np.random.default_rng(1)), left=True)
    np.testing.assert_allclose(np.median(moved - plain, axis=0), [-4.5, 3.0], atol=0.1)


def test_gaze_deviates_about_as_much_as_measured() -> None:
    head = np.cumsum(np.random.default_rng(2).standard_normal((15000, 3)), axis=0)
    head = np.radians(2.5) * np.sin(head / 20)
    yaw, pitch = angles_deg(gaze_shifts(head, np.random.default_rng(3)), left=True).std(axis=0)
    assert 2.3 < yaw < 4.5
    assert 1.3 < pitch < 3.0


def test_the_same_seed_looks_the_same_way() -> None:
    first, again, other = (gaze_shifts(STILL[:300], np.random.default_rng(s)) for s in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_any_length(frames: int) -> None:
    assert gaze_shifts(np.zeros((frames, 3)), np.random.default_rng(0)).shape == (frames, 64)


def test_eyes_look_away_as_phrases_begin_and_back_as_they_end() -> None:
    prosody = talk(150000)
    away = np.abs(gaze_plan(150000, np.random.default_rng(6), prosody).offset_deg[:, 0]) > 5
    begin = away[prosody.phrase_starts[1:-1, None] + np.arange(5, 20)].mean()
    end = away[prosody.phrase_ends[:-1, None] + np.arange(0, 15)].mean()
    assert begin > 1.3 * away.mean()
    assert end < 0.8 * away.mean()


def test_eyes_come_to_smaller_places_where_nobody_speaks() -> None:
    quiet = Prosody(np.zeros(15000), np.zeros(15000, bool), *np.zeros((2, 0), int), np.zeros(15000))
    calm, plain = (gaze_plan(15000, np.random.default_rng(7), p).offset_deg for p in (quiet, None))
    np.testing.assert_allclose(calm.std(axis=0), DEFAULT.quiet * plain.std(axis=0), rtol=0.01)


def test_shifts_are_where_the_eyes_move_far() -> None:
    plan = gaze_plan(15000, np.random.default_rng(8))
    moved = np.abs(np.diff(plan.offset_deg[:, 0]))
    far = np.maximum(moved[plan.shifts - 1], moved[np.minimum(plan.shifts, 14998)])
    assert np.median(far) > 2 * np.median(moved[moved > 0])
    assert 8 * 10 < len(plan.shifts) < 24 * 10  # out and back, ten minutes
