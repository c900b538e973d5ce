"""Live lips: less trembling, closures in the frame they are said in."""

from __future__ import annotations

import numpy as np

from sadtalker3d.motion.live_lips import live_steadied
from sadtalker3d.rig.arkit import OPEN_64

JAW, SEAL = OPEN_64.index("jawOpen"), OPEN_64.index("mouthSeal")


def steadied(frames: np.ndarray) -> np.ndarray:
    made = [frames[0]]
    for frame in frames[1:]:
        made.append(live_steadied(frame, made[-1]))
    return np.array(made)


def test_what_trembles_trembles_less_and_what_holds_holds() -> None:
    frames = np.full((200, 64), 0.5, np.float32)
    frames[:, SEAL] = 0
    np.testing.assert_allclose(steadied(frames), frames)
    frames[:, 3] += 0.05 * np.random.default_rng(0).standard_normal(200)
    assert np.diff(steadied(frames)[:, 3]).std() < 0.85 * np.diff(frames[:, 3]).std()


def test_lips_close_in_their_frame() -> None:
    frames = np.zeros((5, 64), np.float32)
    frames[:, JAW] = [0.6, 0.6, 0.0, 0.6, 0.6]
    np.testing.assert_array_equal(steadied(frames)[2], frames[2])
    frames[:, JAW] = 0.3
    frames[2, SEAL] = 0.3
    np.testing.assert_array_equal(steadied(frames)[2], frames[2])
    assert steadied(frames)[3, SEAL] > 0  # and part softly
