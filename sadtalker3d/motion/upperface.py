"""The upper face of a speaker: brows, cheeks, lids, gaze and blinks put together.

Each has random streams of its own, so that what is switched off for one does not change another.

Look-ahead in all: 2 s, which is the gaze's; accents need 1.5 s, blinks 0.8 s, brows 0.5 s.
"""

from __future__ import annotations

import numpy as np

from sadtalker3d.mel import FPS
from sadtalker3d.motion.blink import blink_track
from sadtalker3d.motion.brows import brow_motion
from sadtalker3d.motion.cheeks import cheek_motion
from sadtalker3d.motion.gains import Gains
from sadtalker3d.motion.gaze import gaze_plan, look
from sadtalker3d.motion.lids import lid_motion, with_blinks
from sadtalker3d.motion.prosody import Prosody


def upper_face(
    prosody: Prosody,
    mouth: np.ndarray,
    rotation: np.ndarray,
    gains: Gains,
    for_blinks: np.random.Generator,
    for_brows: np.random.Generator,
    for_gaze: np.random.Generator,
) -> np.ndarray:
    """Columns of a performance in which all but mouth and head moves: (T, 64) float32 in 0..1.

    mouth : (T, 64) what the lips do, which the cheeks feel
    rotation : (T, 3) radians of the head, which the eyes make up for
    """
    plan = gaze_plan(len(prosody), for_gaze, prosody)
    gaze = look(plan.offset_deg, rotation)
    gaze *= gains.gaze
    np.clip(gaze, 0, 1, out=gaze)
    brows = gains.brows * brow_motion(prosody, for_brows)
    cheeks = gains.cheeks * cheek_motion(prosody, mouth)
    lids = gains.lids * lid_motion(brows, cheeks, gaze)
    columns = brows
    columns += cheeks
    columns += lids
    columns *= gains.upper_face
    columns += gaze
    np.clip(columns, 0, 1, out=columns)
    blinks = blink_track(len(prosody), for_blinks, FPS, pauses=prosody.phrase_ends, shifts=plan.shifts)
    return with_blinks(columns, np.minimum(gains.blink * blinks, 1)).astype(np.float32)
