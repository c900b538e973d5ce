"""Editing a track: stronger, shifted, smoother, shorter, joined, looped, mirrored, at another rate, in a mood.

Every function takes a track and returns a new one, so they can be put together in any order:

    take = edit.gain(edit.trim(take, 1.2, 3.4), {"mouth": 1.2, "browInnerUp": 0.5, "head": 0.7})

Where one takes `amounts` or `parts`, a key is a region of `REGIONS`, the name of one column, or "head" for
rotation and translation. Nothing here needs more than numpy.
"""

from sadtalker3d.edit.blinking import blinks, without_blinks
from sadtalker3d.edit.cutting import join, loop, sound_start, trim
from sadtalker3d.edit.emotions import EMOTIONS, emotion
from sadtalker3d.edit.eyes import CAMERA_M, gaze_at, gaze_wander, toward
from sadtalker3d.edit.mirroring import mirror
from sadtalker3d.edit.regions import HEAD, REGIONS
from sadtalker3d.edit.smoothing import smooth
from sadtalker3d.edit.strength import gain, offset
from sadtalker3d.edit.timing import exact_fps, resample, retime
from sadtalker3d.edit.voice import Voice, voice_of_mouth, voice_of_sound

__all__ = [
    "CAMERA_M", "EMOTIONS", "HEAD", "REGIONS", "Voice", "blinks", "emotion", "exact_fps", "gain", "gaze_at",
    "gaze_wander", "join", "loop", "mirror", "offset", "resample", "retime", "smooth", "sound_start", "toward",
    "trim", "voice_of_mouth", "voice_of_sound", "without_blinks",
]  # fmt: skip
