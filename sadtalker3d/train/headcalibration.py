"""Tempo and gains that bring the trained network's styles to the speed and habit they stand for.

From a few minutes of measured heads the network learns how lively its 46 styles are, but hardly any habits; and
joined windows move a little more slowly than measured heads. So every style is measured on the measured
speakers' voices and brought to its speed in the proportions of its habit (`headhabits`); the table is what
`motion/styles.py` reads: `python -m sadtalker3d.train.headcalibration DATA WEIGHTS`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sadtalker3d.mel import frame_windows
from sadtalker3d.motion.head import played
from sadtalker3d.motion.mood import moods
from sadtalker3d.motion.posevae import PoseVAE, load_inference
from sadtalker3d.motion.styles import STYLES, StyleMeasures, write_table
from sadtalker3d.train.headhabits import find_habits, pace, spread_of, tempo_of, velocity_of
from sadtalker3d.train.headhearing import hear
from sadtalker3d.train.headmotion import HeadClip, load_clips
from sadtalker3d.train.headstyles import CALMEST_DEG_S, LIVELIEST_DEG_S

# Of the way to the measured tempo, in log: in calm clips part of it is the tracker's trembling.
TEMPO_SHARE = 0.3
ROUNDS = 2  # each corrects what the one before left
MOST_TRAVEL_M_S = np.array([0.031, 0.025, 0.022])  # x, y, z: nine of ten measured clips travel less
MOOD_FRAMES = 500_000
LISTENED = 4500  # frames of measured speech, 3 minutes: more would take longer and change little
# Beyond these a movement no longer looks like the one that was learnt.
TEMPO_RANGE = (0.85, 1.3)
GAIN_RANGE = (0.4, 2.2)


@dataclass(frozen=True)
class Goal:
    """velocity : (6,) root mean square, radians and metres a second; tempo_hz : see `Habit`

    speed : mean angular speed, radians a second; None where the velocity says it
    """

    velocity: np.ndarray
    tempo_hz: float
    speed: float | None = None


def voices(net: PoseVAE, clips: list[HeadClip]) -> np.ndarray:
    """What the head hears in all clips with a speaker's own voice, one after the other, (T, 6)."""
    import torch

    heard = []
    for clip in clips:
        if clip.speaks and clip.mel is not None:
            embedded = hear(net.audio_encoder, frame_windows(clip.mel, 0, len(clip.pose)))
            with torch.inference_mode():
                heard.append(net.netG.decoder.linear_audio(embedded).numpy())
    return np.concatenate(heard)


def goals(clips: list[HeadClip]) -> list[Goal]:
    """Style 0: measured speakers, pooled; every other: its speed, in the proportions of its habit."""
    spoken = [clip.pose for clip in clips if clip.speaks]
    habits = find_habits(clips)
    result = [Goal(velocity_of(spoken), tempo_of(spoken))]
    for number, speed in enumerate(np.geomspace(CALMEST_DEG_S, LIVELIEST_DEG_S, STYLES - 1)):
        habit = habits[number % len(habits)]
        pace_rad_s = float(np.radians(speed))
        result.append(Goal(pace_rad_s * np.array(habit.pace), habit.tempo_hz, pace_rad_s))
    return result


def calibrated(
    net: PoseVAE, heard: np.ndarray, style: int, goal: Goal, rounds: int = ROUNDS
) -> StyleMeasures:
    """Tempo and gains that bring a style to its goal, and what is measured with them."""
    now = StyleMeasures(1.0, (1.0,) * 6, (), 0.0)
    tempo = None
    for left in range(rounds, -1, -1):
        take = played(net, heard, len(heard), style, now, np.random.default_rng(style)).astype(float)
        if not left:
            break
        if tempo is None:
            tempo = float(np.clip((goal.tempo_hz / tempo_of([take])) ** TEMPO_SHARE, *TEMPO_RANGE))
        # faster play makes motion faster too: the gain makes up for what the tempo will not
        coming = velocity_of([take]) * tempo / now.tempo
        gain = np.clip(np.array(now.gain) * goal.velocity / coming, *GAIN_RANGE)
        now = replace(now, tempo=tempo, gain=tuple(gain.tolist()))
    deviation, speed = np.degrees(spread_of([take]))[:3], pace(take).mean() * mean_mood(style)
    level = goal.speed / speed if goal.speed else 1.0  # all of it is in proportion to the gain
    gain = level * np.array(now.gain)
    gain[3:] *= np.minimum(1, MOST_TRAVEL_M_S / (level * velocity_of([take])[3:]))
    return replace(
        now,
        gain=tuple(gain.tolist()),
        deviation_deg=tuple((level * deviation).tolist()),
        speed_deg_s=float(np.degrees(level * speed)),
    )


def mean_mood(style: int) -> float:
    """By how much moods lower the mean speed; the mean square they leave as it is."""
    return float(moods(MOOD_FRAMES, style, np.random.default_rng(0))[:, :3].mean())


def main(data: str, weights: str) -> None:
    """Write the table for `weights` (.safetensors)."""
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(1)  # its threads would wait for each other
    state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(weights).items()}
    net = load_inference(PoseVAE(), state)
    clips = load_clips(Path(data))
    heard = voices(net, clips)[:LISTENED]
    write_table([calibrated(net, heard, style, goal) for style, goal in enumerate(goals(clips))])


if __name__ == "__main__":
    main(*sys.argv[1:])
