"""Eyes and brows of live sound."""

from __future__ import annotations

import numpy as np

from sadtalker3d.motion.gaze import DEFAULT, gaze_plan, look
from sadtalker3d.motion.live_brows import LiveBrows
from sadtalker3d.motion.live_eyes import MINUTE, LiveBlinks, LiveGaze
from sadtalker3d.rig.arkit import OPEN_64


def test_blinks_go_on_after_a_minute_at_peoples_rate() -> None:
    blinks = LiveBlinks(np.random.default_rng(0))
    closure = np.array([blinks.next() for _ in range(10 * MINUTE)])
    count = np.count_nonzero((closure[1:] > 0.4) & (closure[:-1] <= 0.4))
    assert 150 < count < 270


def test_gaze_is_that_of_files_where_the_head_is_still() -> None:
    live = LiveGaze(np.random.default_rng(4))
    made = np.array([live.next(np.zeros(3)) for _ in range(300)])
    plan = gaze_plan(MINUTE, np.random.default_rng(4))
    expected = look(plan.offset_deg, np.zeros((MINUTE, 3)))[:300]
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_eyes_stay_with_the_listener_while_the_head_turns() -> None:
    gaze = LiveGaze(np.random.default_rng(4))
    for _ in range(3):
        turned = gaze.next(
            np.array([0.0, np.radians(8), 0.0])
        )  # to the subject's left, before the eyes wander
    assert turned[OPEN_64.index("eyeLookOutRight")] == np.float32(8 * DEFAULT.kept / DEFAULT.full_deg[0])
    assert turned[OPEN_64.index("eyeLookOutLeft")] == 0


def test_brows_rise_on_some_accents_and_never_in_silence() -> None:
    column = OPEN_64.index("browInnerUp")
    loudness_db = np.where(np.arange(3000) % 50 < 8, 12.0, 0.0)  # an accent every two seconds
    brows = LiveBrows(np.random.default_rng(0))
    raised = np.array([brows.next(x, 1.0)[column] for x in loudness_db])
    raises = np.count_nonzero((raised[1:] > 0.02) & (raised[:-1] <= 0.02))
    assert 10 < raises < 35  # of 60
    brows = LiveBrows(np.random.default_rng(0))
    assert not np.any([brows.next(x, 0.0) for x in loudness_db])
