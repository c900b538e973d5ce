"""Each face its own rest and reach."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.dub import Range, range_of, retarget
from sadtalker3d.edit import resample
from sadtalker3d.errors import UserError
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track

from .conftest import babble

JAW = OPEN_64.index("jawOpen")
OFFSETS = {"jawOpen": 0.08, "eyeBlinkLeft": 0.1, "eyeBlinkRight": 0.1, "browInnerUp": 0.05}


def test_a_shy_mouth_drives_a_bold_one():
    bold = babble(20, 1)
    shy = bold.replace(expression=0.05 + 0.5 * bold.expression)
    moved = retarget(shy, range_of(shy), range_of(bold))
    np.testing.assert_allclose(moved.column("jawOpen"), bold.column("jawOpen"), atol=0.01)
    back = retarget(moved, range_of(bold), range_of(shy))
    np.testing.assert_allclose(back.column("jawOpen"), shy.column("jawOpen"), atol=0.02)


def phone(track: Track, seed: int = 0) -> Track:
    """As a phone records it: 60 frames a second, half as far, on offsets, trembling, without the speech columns."""
    fine = resample(track, 60.0)
    draw = np.random.default_rng(seed)
    weights = 0.5 * fine.expression + draw.normal(0, 0.006, fine.expression.shape)
    for name, offset in OFFSETS.items():
        weights[:, OPEN_64.index(name)] += offset
    weights[:, 52:] = 0
    return fine.replace(expression=np.clip(weights, 0, 1))


def test_what_a_phone_holds_on_to_is_rest_and_goes(performance: Track):
    character = babble(20, 3, pauses=((3, 4), (9, 10)))
    for pauses in (((2.0, 3.0), (12.0, 13.0)), ()):  # with silence in it, and without any
        capture = phone(babble(20, 1, pauses=pauses))
        known = range_of(capture)
        for name, offset in OFFSETS.items():
            assert known.rest[OPEN_64.index(name)] == pytest.approx(offset, abs=0.012), (name, pauses)
        moved = retarget(capture, known, range_of(character))
        assert np.percentile(moved.column("jawOpen"), 10) < 0.02
        assert np.percentile(moved.column("jawOpen"), 98) == pytest.approx(
            np.percentile(character.column("jawOpen"), 98), abs=0.02
        )
    blinking = phone(performance)
    moved = retarget(blinking, range_of(blinking), range_of(performance))
    assert moved.column("eyeBlinkLeft").max() > 0.95  # lids that shut, shut
    assert np.median(moved.column("eyeBlinkLeft")) < 0.02


def test_lips_that_meet_meet_on_the_other_face():
    bold = babble(20, 1)
    closing = bold.expression.copy()
    closing[:, OPEN_64.index("mouthClose")] = 0
    closed = np.arange(len(bold)) % 50 < 2  # seldom: too little for a reach of its own
    closing[closed, JAW] = 0.1
    closing[closed, OPEN_64.index("mouthClose")] = 0.1
    shy = bold.replace(expression=closing)
    moved = retarget(shy, range_of(shy), Range(np.zeros(64, np.float32), 2 * range_of(shy).reach))
    assert moved.column("jawOpen")[closed].mean() > 0.15
    np.testing.assert_allclose(moved.column("mouthClose")[closed], moved.column("jawOpen")[closed], atol=0.02)


def test_one_side_that_is_lazy_stays_so():
    even = babble(20, 1)
    lame = even.expression.copy()
    lame[:, OPEN_64.index("mouthStretchLeft")] *= 0.6
    lazy = even.replace(expression=lame)
    moved = retarget(lazy, range_of(lazy), range_of(even))
    left, right = moved.column("mouthStretchLeft"), moved.column("mouthStretchRight")
    assert left.max() / right.max() == pytest.approx(0.6, abs=0.02)


def test_a_strength_of_0_changes_the_rest_alone():
    bold = babble(20, 1)
    shy = bold.replace(expression=0.05 + 0.5 * bold.expression)
    moved = retarget(shy, range_of(shy), range_of(bold), strength=0)
    np.testing.assert_allclose(moved.expression, 0.5 * bold.expression, atol=0.005)
    assert retarget(bold, range_of(bold), range_of(bold)) == bold
    with pytest.raises(UserError, match="choose 0 to 1"):
        retarget(shy, range_of(shy), range_of(bold), strength=2)


def test_basel_columns_have_no_reach_of_their_own():
    track = babble(2, 1)
    basel = Track(track.expression, track.rotation, track.translation, space="basel")
    with pytest.raises(UserError, match="--as open --basel"):
        range_of(basel)


def test_columns_that_nobody_uses_are_left():
    track = babble(10, 1)
    moved = retarget(track, range_of(track), range_of(babble(10, 2)))
    assert np.abs(moved.column("browInnerUp")).max() == 0


def test_a_range_of_another_size_is_refused():
    track = babble(2, 1)
    wrong = Range(np.zeros(10, np.float32), np.ones(10, np.float32))
    with pytest.raises(UserError, match="the ranges do not belong"):
        retarget(track, wrong, wrong)
