"""Head motion of a whole recording from PoseVAE, which by itself knows 32 frames.

Upstream cuts the recording into blocks that know nothing of each other, which shows as jumps. Here every
block starts from the pose the one before has reached and fades in over its end. Because the network was
trained with the pose at the start of a window, measured from rest, as its reference, it turns back to rest by
itself and does not drift. To choose the smoothest of several draws would be to choose a calm one every time;
one draw, faded in, measures better.

Every style then plays at its tempo, with its gains (`styles.py`) and its moods (`mood.py`), and in long silences
the head listens (`listener.py`).

What the embedded network hears is given to it sooner and with more contrast than it was in training
(`as_heads_follow`): the little measured speech there is taught it to follow the voice too weakly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.motion.listener import as_listener
from sadtalker3d.motion.mood import moods
from sadtalker3d.motion.posevae import LATENT, POSE, WINDOW
from sadtalker3d.motion.styles import StyleMeasures, check_style, style_measures

if TYPE_CHECKING:
    from sadtalker3d.motion.posevae import PoseVAE

OVERLAP = 12  # frames: half a second, as long as a head takes to change its mind
HOP = WINDOW - OVERLAP
# Block has to follow block, but a network is twice as fast with several inputs at once; so the recording is made
# in runs of so many blocks (6.4 s), side by side, each from rest.
RUN = 8
RUNS_AT_ONCE = 32  # that is 3.4 minutes; keeps memory flat
# Mean step of the joined path from each frame of a hop to the next, over the mean of all (measured over styles 0,
# 6, 23 and 45): slow where a new window sets out, fast where it is blended in.
STEP_IN_HOP = (
    0.90, 0.85, 0.80, 0.85, 0.93, 1.02, 1.11, 1.17, 1.18, 1.15,
    1.11, 1.06, 1.02, 0.99, 0.98, 0.98, 0.98, 0.99, 0.98, 0.94,
)  # fmt: skip
RETURN = 60  # frames in which what the run before has left goes back: as slow as a change of posture

LEAD = 6  # frames: measured heads move a quarter of a second before the voice does
# Of the embedded weights: the first number heard is loudness (r = .83 with the mel's mean), on average -1.36 in
# recordings and -4.2 in silence. With so much more contrast the head's speed follows the
# voice nearly as measured heads' does (r .32 and .37 at the best lag).
LOUDNESS_MIDDLE, LOUDNESS_CONTRAST = -1.36, 2.4
LOUDNESS_LEAST = -5.0  # in training, silence was -4.5 at the least: a head is calm in pauses, but not dead


def head_motion(
    net: PoseVAE,
    speech: np.ndarray,
    frames: int,
    *,
    style: int,
    rng: np.random.Generator,
    spoken: np.ndarray | None = None,
) -> np.ndarray:
    """Rotation (radians: pitch, yaw, roll) and translation (metres) from rest for every frame.

    net : PoseVAE with the embedded weights, in eval mode
    speech : (T, 6) from `PoseVAE.speech_code`, one row a frame; a shorter one is continued with its last row
    frames : length of the result, 0 or more
    style : 0 the average speaker, 1 (calm) to 45 (lively), see `styles.style_name`
    spoken : (T,) bool, where there is voice; in longer silences the head listens. None: a speaker throughout
    Returns (frames, 6) float32; frame 0 is at rest. Same weights, speech, style and generator: same motion.
    Raises UserError for a style that does not exist or speech that has no frames.
    """
    check_style(style)
    if frames < 2:
        return np.zeros((frames, POSE), np.float32)
    if not len(speech):
        raise UserError("the speech has no frames to move the head to; give longer sound")
    for_mood, for_listener = rng.spawn(2)
    pose = played(net, speech, frames, style, style_measures(style), rng) * moods(frames, style, for_mood)
    return pose if spoken is None else as_listener(pose, spoken, for_listener)


def played(
    net: PoseVAE, speech: np.ndarray, frames: int, style: int, own: StyleMeasures, rng: np.random.Generator
) -> np.ndarray:
    """A style's motion at its tempo and with its gains, (frames, 6) float32, as evenly as PoseVAE makes it."""
    at = evenly(np.arange(frames) * own.tempo)  # in frames of the network's motion
    blocks = int(at[-1] + 2) // HOP + 1
    heard = as_heads_follow(speech, (blocks - 1) * HOP + WINDOW + 1, own.tempo)
    windows = np.lib.stride_tricks.sliding_window_view(heard[1:], WINDOW, axis=0)[::HOP].swapaxes(1, 2)
    z = rng.standard_normal((blocks, LATENT), dtype=np.float32)
    return read_at(joined(*_decoded(net, z, style, windows)), at) * np.array(own.gain, np.float32)


def _decoded(net: PoseVAE, z: np.ndarray, style: int, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where every block starts (N, 6), and its motion from there (N, 32, 6), run beside run.

    z : (N, 64); windows : (N, 32, 6), what is heard in each block
    """
    import torch

    blocks = len(z)
    start = np.zeros((blocks, POSE), np.float32)
    motion = np.zeros((blocks, WINDOW, POSE), np.float32)
    heard = torch.from_numpy(np.array(windows))
    latent = torch.from_numpy(z)
    for first in range(0, blocks, RUN * RUNS_AT_ONCE):
        for step in range(RUN):
            now = np.arange(first + step, min(blocks, first + RUN * RUNS_AT_ONCE), RUN)
            if not len(now):
                break
            if step:
                start[now] = start[now - 1] + motion[now - 1, HOP - 1]
            number = torch.full((len(now),), style)
            with torch.inference_mode():
                reference = torch.from_numpy(start[now])
                motion[now] = net.decode_coded(latent[now], number, reference, heard[now]).numpy()
    return start, motion


def joined(start: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """One path (1 + 20 N, 6) from rest through blocks that start at `start` (N, 6) of their runs.

    motion : (N, 32, 6) from the start of each block
    """
    blocks = len(start)
    path = start[:, None] + motion  # (N, 32, 6)
    # every run was made as if it began at rest; where the one before has left the head, it goes back to that
    left_at = np.concatenate([np.zeros_like(start[:1]), path[RUN - 1 : blocks - 1 : RUN, HOP - 1]])
    since = np.arange(blocks)[:, None] % RUN * HOP + np.arange(1, WINDOW + 1)  # (N, 32) frames of the run
    still_left = 1 - _smoothstep(since / RETURN)
    path += still_left[..., None] * left_at[np.arange(blocks) // RUN][:, None]
    before = np.concatenate([np.zeros_like(path[:1, HOP:]), path[:-1, HOP:]])  # (N, 12, 6)
    fade_in = _smoothstep(np.arange(1, OVERLAP + 1, dtype=np.float32) / (OVERLAP + 1))[:, None]
    path[:, :OVERLAP] = before + fade_in * (path[:, :OVERLAP] - before)
    return np.concatenate([np.zeros((1, POSE), np.float32), path[:, :HOP].reshape(-1, POSE)])


def evenly(at: np.ndarray) -> np.ndarray:
    """Positions in the joined path, half a frame earlier or later, at which blending leaves no mark in the speed."""
    knots = np.concatenate([[0.0], np.cumsum(STEP_IN_HOP) / np.mean(STEP_IN_HOP)])
    return np.interp(at % HOP, knots, np.arange(HOP + 1)) + at // HOP * HOP


def read_at(path: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of `path` (N, 6) at fractional positions `at` (T,) up to N - 2, on a Catmull-Rom spline; float32."""
    before = at.astype(int)
    x = (at - before).astype(np.float32)[:, None]
    a, b, c, d = (path[np.maximum(before + k, 0)] if k < 0 else path[before + k] for k in (-1, 0, 1, 2))
    slope_b, slope_c = (c - a) / 2, (d - b) / 2
    return b + x * (
        slope_b + x * (3 * (c - b) - 2 * slope_b - slope_c + x * (2 * (b - c) + slope_b + slope_c))
    )


def _smoothstep(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 as x does, level at both ends; the same type."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def speed_up_head(net: PoseVAE) -> PoseVAE:
    """Lay the decoder's weights out, in place, so that single windows take a quarter less time."""
    import torch

    net.netG.decoder.resunet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def as_heads_follow(speech: np.ndarray, frames: int, tempo: float = 1.0) -> np.ndarray:
    """Speech codes (T, 6) as the head is to hear them, (frames, 6) float32: sooner, with more contrast.

    tempo : frames of the head in one frame of speech
    Past the recording its last row is repeated.
    """
    rows = np.minimum((np.arange(frames) / tempo).round().astype(int) + LEAD, len(speech) - 1)
    heard = np.array(speech, np.float32)[rows]
    louder = LOUDNESS_MIDDLE + LOUDNESS_CONTRAST * (heard[:, 0] - LOUDNESS_MIDDLE)
    heard[:, 0] = np.maximum(louder, LOUDNESS_LEAST)
    return heard
