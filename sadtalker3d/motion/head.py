"""Head motion of a whole recording from PoseVAE, which by itself knows 32 frames.

Upstream cuts the recording into blocks that know nothing of each other, which shows as jumps. Here every
block starts from the pose the one before has reached and fades in over its end. Because the network was
trained with the pose at the start of a window, measured from rest, as its reference, it turns back to rest by
itself and does not drift. To choose the smoothest of several draws would be to choose a calm one every time;
one draw, faded in, measures better.

What the embedded network hears is given to it sooner and with more contrast than it was in training
(`as_heads_follow`): the little measured speech there is taught it to follow the voice too weakly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.motion.posevae import LATENT, POSE, WINDOW
from sadtalker3d.motion.styles import check_style

if TYPE_CHECKING:
    from sadtalker3d.motion.posevae import PoseVAE

OVERLAP = 12  # frames: half a second, as long as a head takes to change its mind
HOP = WINDOW - OVERLAP

LEAD = 6  # frames: measured heads move a quarter of a second before the voice does
# Of the embedded weights: the first number heard is loudness (r = .83 with the mel's mean), on average -1.36 in
# recordings and -4.2 in silence. Twice its contrast gives measured heads' correlation of speed and voice.
LOUDNESS_MIDDLE, LOUDNESS_CONTRAST = -1.36, 2.0
LOUDNESS_LEAST = -5.0  # in training, silence was -4.5 at the least: a head is calm in pauses, but not dead


def head_motion(
    net: PoseVAE,
    speech: np.ndarray,
    frames: int,
    *,
    style: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Rotation (radians: pitch, yaw, roll) and translation (metres) from rest for every frame.

    net : PoseVAE with the embedded weights, in eval mode
    speech : (T, 6) from `PoseVAE.speech_code`, one row a frame; a shorter one is continued with its last row
    frames : length of the result, 0 or more
    style : 0 the average speaker, 1 (calm) to 45 (lively)
    Returns (frames, 6) float32; frame 0 is at rest. Same weights, speech, style and generator: same motion.
    Raises UserError for a style that does not exist or speech that has no frames.
    """
    import torch

    check_style(style)
    pose = np.zeros((frames, POSE), np.float32)
    if frames < 2:
        return pose
    if not len(speech):
        raise UserError("the speech has no frames to move the head to; give longer sound")
    starts = range(0, frames - 1, HOP)
    heard = torch.from_numpy(as_heads_follow(speech, starts[-1] + WINDOW + 1))
    path = np.zeros((len(heard), POSE), np.float32)
    share = np.arange(1, OVERLAP + 1, dtype=np.float32)[:, None] / (OVERLAP + 1)
    fade_in = share * share * (3 - 2 * share)  # (OVERLAP, 1), level at both ends
    number = torch.tensor([style])
    for start in starts:
        block = slice(start + 1, start + 1 + WINDOW)
        join = slice(start + 1, start + 1 + OVERLAP)
        z = torch.from_numpy(rng.standard_normal((1, LATENT), dtype=np.float32))
        with torch.inference_mode():
            reference = torch.from_numpy(path[None, start])
            motion = net.decode_coded(z, number, reference, heard[None, block])[0].numpy()  # (32, 6)
        before = path[join].copy()  # zero at the first block: the head sets off gently
        path[block] = path[start] + motion
        path[join] = before + fade_in * (path[join] - before)
    return path[:frames]


def speed_up_head(net: PoseVAE) -> PoseVAE:
    """Lay the decoder's weights out, in place, so that single windows take a quarter less time."""
    import torch

    net.netG.decoder.resunet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def as_heads_follow(speech: np.ndarray, frames: int) -> np.ndarray:
    """Speech codes (T, 6) as the head is to hear them, (frames, 6) float32: sooner, with more contrast.

    Past the recording its last row is repeated.
    """
    rows = np.minimum(np.arange(frames) + LEAD, len(speech) - 1)
    heard = np.array(speech, np.float32)[rows]
    louder = LOUDNESS_MIDDLE + LOUDNESS_CONTRAST * (heard[:, 0] - LOUDNESS_MIDDLE)
    heard[:, 0] = np.maximum(louder, LOUDNESS_LEAST)
    return heard
