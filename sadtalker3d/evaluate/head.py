"""How alive a head is: measures of head motion, the same for training, for users and against measured people.

Motion is (T, 3) radians (pitch, yaw, roll) at 25 frames/s, loudness (T,) of the speech it goes with. Numbers
of several takes are pooled over their frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FPS = 25
WINDOW_S = 3.0  # spread and range are taken within windows: a head's seat differs from take to take
SMOOTH_S = 0.36  # of speed and loudness before they are correlated
LAG_FRAMES = 12
BANDS_HZ = ((0.5, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 5.0))


@dataclass(frozen=True)
class HeadTake:
    """rotation (T, 3) radians; loudness (T,) or None where there is no sound to hold it against."""

    rotation: np.ndarray
    loudness: np.ndarray | None = None


@dataclass(frozen=True)
class HeadNumbers:
    """Degrees and seconds; three numbers are pitch, yaw, roll."""

    spread_deg: tuple[float, ...]  # standard deviation within 3 s
    range_deg: tuple[float, ...]  # within 3 s
    velocity_rms_deg_s: tuple[float, ...]
    speed_median_deg_s: float  # of the whole rotation
    speed_p95_deg_s: float
    acceleration_rms_deg_s2: tuple[float, ...]  # low-passed below 5 Hz
    spectrum: tuple[float, ...]  # share of velocity power in 0.5-1, 1-2, 2-3, 3-5 Hz
    loudness_r: float  # correlation of speed with loudness at lag 0
    loudness_r_best: float
    loudness_lead_s: float  # by which the head leads where the correlation is best
    speech_over_pause: float  # mean speed in speech over that in pauses


def head_numbers(takes: Sequence[HeadTake]) -> HeadNumbers:
    """All measures of a set of takes of at least 2 s each."""
    angles = [np.degrees(take.rotation) for take in takes]
    windows = np.concatenate([windows_of(angle) for angle in angles])  # (N, 75, 3)
    velocity = np.concatenate([velocity_of(angle) for angle in angles])
    speed = np.linalg.norm(velocity, axis=1)
    acceleration = np.concatenate([acceleration_of(angle) for angle in angles])
    lags, r = loudness_correlation(takes)
    best = int(r.argmax())
    return HeadNumbers(
        spread_deg=_three(windows.std(axis=1).mean(axis=0)),
        range_deg=_three(np.ptp(windows, axis=1).mean(axis=0)),
        velocity_rms_deg_s=_three(np.sqrt(np.square(velocity).mean(axis=0))),
        speed_median_deg_s=float(np.median(speed)),
        speed_p95_deg_s=float(np.percentile(speed, 95)),
        acceleration_rms_deg_s2=_three(np.sqrt(np.square(acceleration).mean(axis=0))),
        spectrum=tuple(velocity_spectrum(angles).tolist()),
        loudness_r=float(r[lags == 0][0]),
        loudness_r_best=float(r[best]),
        loudness_lead_s=float(lags[best] / FPS),
        speech_over_pause=speech_over_pause(takes),
    )


def distances(made: Sequence[HeadTake], real: Sequence[HeadTake]) -> dict[str, tuple[float, ...]]:
    """Wasserstein-1 distances of two sets of takes, per axis, over the real one's spread (0 is the same).

    angle : from the mean of its 3 s window; speed : magnitude; acceleration : below 5 Hz
    """
    from scipy.stats import wasserstein_distance

    result = {}
    for name, values in (
        ("angle", deviation_of),
        ("speed", axis_speed_of),
        ("acceleration", acceleration_of),
    ):
        a, b = (np.concatenate([values(np.degrees(t.rotation)) for t in takes]) for takes in (made, real))
        result[name] = tuple(
            float(wasserstein_distance(a[:, axis], b[:, axis]) / b[:, axis].std()) for axis in range(3)
        )
    return result


def velocity_spectrum(angles: Sequence[np.ndarray]) -> np.ndarray:
    """Share of the power of angular velocity in each of BANDS_HZ, all axes together; (4,), sum 1."""
    power = np.sum([velocity_power(angle) for angle in angles], axis=0)
    return power / power.sum()


def velocity_power(angle: np.ndarray) -> np.ndarray:
    """Power of angular velocity in each of BANDS_HZ, weighted by the take's length; (4,)."""
    from scipy.signal import welch

    velocity = velocity_of(angle)
    hertz, density = welch(velocity, FPS, nperseg=min(100, len(velocity)), axis=0)
    bands = [density[(hertz >= low) & (hertz < high)].sum() for low, high in BANDS_HZ]
    return np.array(bands) * len(velocity)


def loudness_correlation(takes: Sequence[HeadTake]) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of smoothed head speed with smoothed loudness at every lag, each take standardised.

    Returns lags (25,) in frames, positive where the head leads, and r (25,); nan without any sound.
    """
    lags = np.arange(-LAG_FRAMES, LAG_FRAMES + 1)
    pairs = [(smoothed(speed_of(t.rotation)), smoothed(t.loudness)) for t in takes if t.loudness is not None]
    pairs = [(s, e) for s, e in pairs if len(s) > 4 * LAG_FRAMES and s.std() > 0 and e.std() > 0]
    if not pairs:
        return lags, np.full(len(lags), np.nan)
    r = []
    for lag in lags:
        products = []
        for speed, loud in pairs:
            s = speed[: len(speed) - lag] if lag >= 0 else speed[-lag:]
            e = loud[lag:] if lag >= 0 else loud[:lag]
            products.append((s - s.mean()) / (s.std() + 1e-9) * (e - e.mean()) / (e.std() + 1e-9))
        r.append(np.concatenate(products).mean())
    return lags, np.array(r)


def speech_over_pause(takes: Sequence[HeadTake]) -> float:
    """Mean angular speed in speech over that in pauses; nan where nobody pauses."""
    speaking, pausing = [], []
    for take in takes:
        if take.loudness is None:
            continue
        active, speed = speech_activity(take.loudness), speed_of(take.rotation)
        speaking.append(speed[active])
        pausing.append(speed[~active])
    loud, quiet = (np.concatenate(part) if part else np.zeros(0) for part in (speaking, pausing))
    return (
        float(loud.mean() / quiet.mean()) if loud.size and quiet.size and quiet.mean() > 0 else float("nan")
    )


def speech_activity(loudness: np.ndarray) -> np.ndarray:
    """Frames above a third of the way from the quiet to the loud of this take; (T,) bool."""
    quiet, loud = np.percentile(loudness, (5, 95))
    return loudness > quiet + (loud - quiet) / 3


def border_jump(takes: Sequence[HeadTake], period: int = 32, phase: int = 0) -> float:
    """Mean step at frames phase + k period (k > 0) over the mean step elsewhere; real heads 0.9 to 1.06."""
    at, elsewhere = [], []
    for take in takes:
        step = np.linalg.norm(np.diff(take.rotation, axis=0), axis=1)
        frame = np.arange(len(step))
        border = (frame % period == phase % period) & (frame > 0)
        at.append(step[border])
        elsewhere.append(step[~border])
    return float(np.concatenate(at).mean() / np.concatenate(elsewhere).mean())


def seed_spread(takes: Sequence[HeadTake]) -> float:
    """How differently seeds move to the same speech: 0 all the same, 1 as different as unrelated takes."""
    shortest = min(len(take.rotation) for take in takes)
    stack = np.stack([take.rotation[:shortest] for take in takes])  # (S, T, 3)
    stack = stack - stack.mean(axis=1, keepdims=True)
    between = np.square(stack - stack.mean(axis=0)).mean() * len(takes) / max(1, len(takes) - 1)
    return float(np.sqrt(between / np.square(stack).mean()))


def drift(take: HeadTake, minute_frames: int = 60 * FPS) -> float:
    """Largest mean angle of any whole minute, degrees: a head that returns to rest stays near 0."""
    whole = len(take.rotation) // minute_frames * minute_frames
    minutes = take.rotation[:whole].reshape(-1, minute_frames, 3).mean(axis=1)
    return float(np.degrees(np.abs(minutes)).max(initial=0.0))


def windows_of(angle: np.ndarray) -> np.ndarray:
    """Neighbouring 3 s windows (N, 75, 3); a shorter take is one window, its last frame repeated."""
    length = int(WINDOW_S * FPS)
    if len(angle) < length:
        angle = np.pad(angle, ((0, length - len(angle)), (0, 0)), mode="edge")
    whole = len(angle) // length * length
    return angle[:whole].reshape(-1, length, 3)


def deviation_of(angle: np.ndarray) -> np.ndarray:
    """Degrees from the mean of each 3 s window, (n, 3)."""
    windows = windows_of(angle)
    return (windows - windows.mean(axis=1, keepdims=True)).reshape(-1, 3)


def velocity_of(angle: np.ndarray) -> np.ndarray:
    """Degrees/s between frames, (T - 1, 3)."""
    return np.diff(angle, axis=0) * FPS


def axis_speed_of(angle: np.ndarray) -> np.ndarray:
    """Degrees/s without sign, (T - 1, 3)."""
    return np.abs(velocity_of(angle))


def acceleration_of(angle: np.ndarray) -> np.ndarray:
    """Degrees/s2 below 5 Hz: above it, trackers measure their own noise."""
    from scipy.signal import butter, sosfiltfilt

    low = sosfiltfilt(butter(2, 5.0, fs=FPS, output="sos"), angle, axis=0)
    return np.diff(low, n=2, axis=0) * FPS**2


def speed_of(rotation: np.ndarray) -> np.ndarray:
    """Angular speed at each frame, degrees/s."""
    return np.linalg.norm(np.gradient(np.degrees(rotation), axis=0), axis=1) * FPS


def smoothed(curve: np.ndarray) -> np.ndarray:
    """Running mean over SMOOTH_S."""
    width = int(SMOOTH_S * FPS)
    return np.convolve(curve, np.full(width, 1 / width), mode="valid")


def _three(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
