"""How far heads are from measured heads, next to how far measured people are from each other.

A take is a pose (T, 6) at 25 frames/s: radians (pitch, yaw, roll) and metres, as in `Track`. A generated head
is as good as a person when, on every measure, it is no further from all people than a person is from all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FPS = 25
WINDOW = 75  # frames: 3 s, within which a head's seat hardly changes
LOW_PASS_HZ = 5.0  # above it trackers measure their own noise
SPECTRUM_HZ = (0.5, 5.0)
SEGMENT = 100  # frames of one spectrum: bands a quarter of a hertz wide
AXES = ("pitch", "yaw", "roll", "x", "y", "z")
MEASURES = ("angle", "angle_3s", "speed", "acceleration", "spectrum")


@dataclass(frozen=True)
class Standing:
    """One number of a generated head among those of people.

    distance : to all people; people : of each person to all others, sorted
    """

    distance: float
    people: np.ndarray

    @property
    def percentile(self) -> float:
        """Share of people who are nearer to the others than this head is, 0 to 100."""
        return 100 * float((self.people < self.distance).mean())


def head_distances(made: Sequence[np.ndarray], real: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """For every one of MEASURES, the distance per axis (6,) of the pooled takes; 0 is the same.

    angle : from the take's mean, angle_3s : from the mean of its 3 s window, speed : per axis, acceleration :
    below 5 Hz; all Wasserstein-1 over the real takes' standard deviation
    spectrum : half the summed difference of the shares of velocity power, 0.5 to 5 Hz
    """
    from scipy.stats import wasserstein_distance

    result = {}
    for name, values in (
        ("angle", _angle),
        ("angle_3s", _angle_3s),
        ("speed", _speed),
        ("acceleration", _acc),
    ):
        ours, theirs = (np.concatenate([values(take) for take in takes]) for takes in (made, real))
        result[name] = np.array(
            [wasserstein_distance(a, b) / b.std() for a, b in zip(ours.T, theirs.T, strict=True)]
        )
    result["spectrum"] = 0.5 * np.abs(_spectrum(made) - _spectrum(real)).sum(axis=0)
    return result


def between_people(people: Mapping[str, Sequence[np.ndarray]]) -> dict[str, np.ndarray]:
    """For every one of MEASURES, (P, 6): the distance of each person's takes to those of all others."""
    rows = [
        head_distances(takes, [t for other, ts in people.items() if other != person for t in ts])
        for person, takes in people.items()
    ]
    return {name: np.stack([row[name] for row in rows]) for name in MEASURES}


def standings(
    made: Sequence[np.ndarray], people: Mapping[str, Sequence[np.ndarray]]
) -> dict[str, list[Standing]]:
    """Where the pooled takes `made` lie among `people`: for every one of MEASURES a `Standing` per axis."""
    spread = between_people(people)
    real = [take for takes in people.values() for take in takes]
    return {
        name: [Standing(float(d), np.sort(p)) for d, p in zip(distance, spread[name].T, strict=True)]
        for name, distance in head_distances(made, real).items()
    }


def _angle(pose: np.ndarray) -> np.ndarray:
    return pose - pose.mean(axis=0)


def _angle_3s(pose: np.ndarray) -> np.ndarray:
    """Neighbouring windows; what is left at the end joins the last one."""
    parts = np.array_split(pose, max(1, len(pose) // WINDOW))
    return np.concatenate([part - part.mean(axis=0) for part in parts])


def _speed(pose: np.ndarray) -> np.ndarray:
    return np.abs(np.diff(pose, axis=0)) * FPS


def _acc(pose: np.ndarray) -> np.ndarray:
    from scipy.signal import butter, sosfiltfilt

    low = sosfiltfilt(butter(2, LOW_PASS_HZ, fs=FPS, output="sos"), pose, axis=0)
    return np.diff(low, n=2, axis=0) * FPS**2


def _spectrum(takes: Sequence[np.ndarray]) -> np.ndarray:
    """Shares of velocity power per axis, (bands, 6); each take weighs as much as it moves and lasts."""
    from scipy.signal import welch

    total = np.zeros(())
    for take in takes:
        velocity = np.diff(take, axis=0) * FPS
        # short takes are filled up, so that all have the same bands
        hertz, density = welch(velocity, FPS, nperseg=min(SEGMENT, len(velocity)), nfft=SEGMENT, axis=0)
        total = total + density * len(velocity)
    inside = (hertz >= SPECTRUM_HZ[0]) & (hertz <= SPECTRUM_HZ[1])
    return total[inside] / total[inside].sum(axis=0)
