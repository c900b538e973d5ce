"""Head motion against measured people: `SADTALKER3D_HEADMOTION=folder python -m tests.benchmarks head`.

Every style moves to the voices of the measured speakers, style 0 with three seeds. Distances
(`train/headyardstick.py`) are given as the percentile among those of each person to all others. The data do not
come with the project: `train/headmotion.py` says in which form they are expected.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np

from sadtalker3d.evaluate.head import HeadTake, border_jump, head_numbers, seed_spread
from sadtalker3d.motion.generate import Networks
from sadtalker3d.motion.head import HOP, RUN, head_motion
from sadtalker3d.motion.posevae import PoseVAE
from sadtalker3d.motion.styles import STYLES, style_measures, style_name
from sadtalker3d.train.headcalibration import voices
from sadtalker3d.train.headmotion import HeadClip, load_clips, speech_energy
from sadtalker3d.train.headyardstick import AXES, MEASURES, standings

FOLDER = "SADTALKER3D_HEADMOTION"
LEAST_S = 6.0  # of a person's speech: less says little of how the person moves
SEEDS = 3
CLOCKED_FRAMES = 1500
UPSTREAM_BLOCK = 32  # frames


def main() -> None:
    """Print the numbers as JSON, or one line that says what is missing."""
    folder = os.environ.get(FOLDER)
    if not folder:
        print(json.dumps({"skipped": f"set {FOLDER} to the folder with headmotion.npz"}))
        return
    clips = [clip for clip in load_clips(Path(folder)) if clip.speaks]
    net = Networks.embedded().posevae
    heard = [voices(net, [clip]) for clip in clips]
    people = _people(clips)
    real = [HeadTake(clip.pose[:, :3], _loudness(clip)) for clip in clips]
    average = [_moved(net, heard, 0, seed) for seed in range(SEEDS)]
    takes = [
        HeadTake(pose[:, :3], _loudness(clip))
        for poses in average
        for pose, clip in zip(poses, clips, strict=True)
    ]
    results = {
        "people": len(people),
        "measured": asdict(head_numbers(real)),
        "average speaker": asdict(head_numbers(takes)),
        "standing of the average speaker": _standing([pose for poses in average for pose in poses], people),
        "border jumps": _jumps(takes, 0),
        "seed spread": float(np.mean([_seed_spread(poses) for poses in zip(*average, strict=True)])),
        "60 s in": _clocked(net),
    }
    for style in range(1, STYLES):
        poses = _moved(net, heard, style, 0)
        own = [HeadTake(p[:, :3], _loudness(clip)) for p, clip in zip(poses, clips, strict=True)]
        numbers = head_numbers(own)
        results[f"{style} {style_name(style)}"] = {
            "speed": numbers.speed_median_deg_s,
            "r": numbers.loudness_r_best,
            "speech over pause": numbers.speech_over_pause,
            "highest percentile": max(max(row) for row in _standing(poses, people).values()),
        }
    print(json.dumps(results))


def _people(clips: list[HeadClip]) -> dict[str, list[np.ndarray]]:
    grouped: dict[str, list[np.ndarray]] = defaultdict(list)
    for clip in clips:
        grouped[clip.person].append(clip.pose)
    return {person: poses for person, poses in grouped.items() if sum(map(len, poses)) >= LEAST_S * 25}


def _moved(net: PoseVAE, heard: list[np.ndarray], style: int, seed: int) -> list[np.ndarray]:
    return [
        head_motion(net, code, len(code), style=style, rng=np.random.default_rng([seed, k]))
        for k, code in enumerate(heard)
    ]


def _loudness(clip: HeadClip) -> np.ndarray:
    assert clip.mel is not None
    return speech_energy(clip.mel, len(clip.pose))


def _standing(poses: list[np.ndarray], people: dict[str, list[np.ndarray]]) -> dict[str, list[float]]:
    """Per measure, the percentile among people on each axis."""
    found = standings(poses, people)
    return {name: [found[name][axis].percentile for axis in range(len(AXES))] for name in MEASURES}


def _jumps(takes: list[HeadTake], style: int) -> dict[str, float]:
    """At upstream's borders, at our own and where runs join; the network's frames last 1 / tempo of the track's."""
    tempo = style_measures(style).tempo
    own = round(HOP / tempo), round(RUN * HOP / tempo)
    return {str(period): border_jump(takes, period) for period in (UPSTREAM_BLOCK, *own)}


def _seed_spread(poses: tuple[np.ndarray, ...]) -> float:
    return seed_spread([HeadTake(pose[:, :3]) for pose in poses])


def _clocked(net: PoseVAE) -> float:
    """Seconds for the head of a minute of speech, after hearing; the best of three."""
    code = np.zeros((CLOCKED_FRAMES, 6), np.float32)
    spoken = np.ones(CLOCKED_FRAMES, bool)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        head_motion(net, code, CLOCKED_FRAMES, style=0, rng=np.random.default_rng(0), spoken=spoken)
        took.append(time.perf_counter() - start)
    return round(min(took), 3)


if __name__ == "__main__":
    main()
