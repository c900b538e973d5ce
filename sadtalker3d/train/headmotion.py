"""Measured head motion of people as training data: poses from rest, the voice that goes with them, styles."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.mel import frame_windows
from sadtalker3d.rotation import to_matrices

EYE_DISTANCE_M = 0.063  # between the eyes' centres of the embedded head
# From the origin of the tracker's canonical face (below and between the eyes) to the joint our head turns on.
# The point that moves least while measured heads turn is (0, -0.036, -0.058); anatomy says a little less.
PIVOT_M = np.array([0.0, -0.03, -0.05])
DEPTH_GAIN = 0.35  # depth comes from an assumed focal length; at full gain most of it is noise
REST_SIGMA_S = 5.0  # slower than this is a change of seat, not of the head: it counts as rest
STEADY_M = 0.025  # a head that shifts further (standard deviation) is carried by the camera or the body
WILDEST_DEG_S = 60.0  # mean angular speed beyond which a clip is acting, not talking
FPS, MEL_FPS = 25, 80
HELD_OUT_PEOPLE = frozenset({"st4", "ed2", "wg1", "lp_d9", "lp_d14", "sty_se", "eamm"})
FORMAT = (
    "headmotion.npz holds <clip>/rot_s (N, 3) pitch, yaw, roll in radians and <clip>/trans (N, 3) in eye "
    "distances at 25 frames/s, and for speech <clip>/mel (3.2 N, 80)"
)


@dataclass(frozen=True)
class HeadClip:
    """One take of one person.

    pose : (N, 6) float32, radians and metres from rest, as in `Track`
    mel : (80, n) float32 when the clip has sound, else None
    speaks : whether that sound is the person's own voice
    gap : (N,) opening of the lips in eye distances, or None where it was not measured
    """

    name: str
    person: str
    pose: np.ndarray
    mel: np.ndarray | None = None
    gap: np.ndarray | None = None
    speaks: bool = False

    @property
    def liveliness(self) -> float:
        """Mean angular speed in degrees/s."""
        return float(np.linalg.norm(np.diff(self.pose[:, :3], axis=0), axis=1).mean() * np.degrees(FPS))


def load_clips(folder: Path) -> list[HeadClip]:
    """All clips of `folder`/headmotion.npz that are steady enough to learn from, by name.

    `folder`/index.json, where present, says who is who (`clips[].id`, `.identity_group`); without it every
    clip is its own person. Raises UserError that names what is missing.
    """
    path = Path(folder) / "headmotion.npz"
    if not path.is_file():
        raise UserError(f"{path}: not found; {FORMAT}")
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {key: data[key] for key in data}
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); {FORMAT}") from error
    people = _people(path.with_name("index.json"))
    names = sorted({key.rpartition("/")[0] for key in arrays if key.endswith("/rot_s")})
    clips = [_clip(path, name, people.get(name, name), arrays) for name in names]
    clips = [clip for clip in clips if _steady(clip)]
    if not any(clip.mel is not None for clip in clips):
        raise UserError(f"{path}: no clip with sound is left to learn from; {FORMAT}")
    return clips


def split(clips: list[HeadClip]) -> tuple[list[HeadClip], list[HeadClip]]:
    """Training clips, and those of people held out: ours, else every seventh who speaks, at least the last.

    Raises UserError when there are not two people who speak.
    """
    speakers = sorted({clip.person for clip in clips if clip.speaks})
    if len(speakers) < 2:
        raise UserError("head motion of one person only: at least two who speak are needed, one is held out")
    held = HELD_OUT_PEOPLE & {clip.person for clip in clips} or set(speakers[6::7]) or set(speakers[-1:])
    return [c for c in clips if c.person not in held], [c for c in clips if c.person in held]


def pose_from_rest(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Pose in our head's terms: (N, 3) radians and (N, 3) eye distances of the tracker -> (N, 6).

    The translation becomes that of the joint the head turns on, in metres; both are measured from a rest that
    follows over several seconds.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import savgol_filter

    joint = translation * EYE_DISTANCE_M + to_matrices(rotation) @ PIVOT_M
    window = min(13, (len(joint) - 1) // 2 * 2 + 1)
    if window > 2:
        joint = savgol_filter(joint, window, 2, axis=0)
    pose = np.concatenate([np.unwrap(rotation, axis=0), joint * [1, 1, DEPTH_GAIN]], axis=1)
    return (pose - gaussian_filter1d(pose, REST_SIGMA_S * FPS, axis=0, mode="nearest")).astype(np.float32)


def speech_energy(mel: np.ndarray, frames: int) -> np.ndarray:
    """Loudness of each frame, (frames,): the mean of the normalised mel over its 0.2 s window."""
    return frame_windows(mel, 0, frames).mean(axis=(1, 2, 3))


def mirrored(pose: np.ndarray) -> np.ndarray:
    """The same motion seen in a mirror: yaw, roll and sideways travel change sign. (..., 6)"""
    return pose * np.array([1, -1, -1, -1, 1, 1], pose.dtype)


def borrow_voices(clips: list[HeadClip]) -> list[HeadClip]:
    """Give clips without sound the voice of others, so that there is more motion to learn from.

    Each piece of 2.5 s takes the voice from where somebody's lips opened alike, and of the likeliest such
    places the one whose loudness suits the speed of the head. Clips with sound come back as they are; clips
    whose lips were not measured, or which are too short, are left out.
    """
    spoken = [c for c in clips if c.mel is not None]
    lenders = [c for c in spoken if c.gap is not None and len(c.pose) >= PIECE]
    if not lenders:
        return spoken
    lent = [_pieces(c, step=5) for c in lenders]
    lips, loud = (np.concatenate([getattr(p, field) for p in lent]) for field in ("lips", "loudness"))
    origin = [(c, 5 * k) for c, p in zip(lenders, lent, strict=True) for k in range(len(p.lips))]
    given = []
    for clip in clips:
        if clip.mel is not None:
            given.append(clip)
        elif clip.gap is not None and len(clip.pose) >= PIECE:
            wanted = _pieces(clip, step=1)
            mel = []
            for start in range(0, len(clip.pose), PIECE):
                row = min(start, len(clip.pose) - PIECE)
                alike = np.argsort(np.square(lips - wanted.lips[row]).mean(axis=1))[:40]
                lender, first = origin[alike[(loud[alike] @ wanted.speed[row]).argmax()]]
                assert lender.mel is not None
                column = first * MEL_FPS // FPS
                mel.append(lender.mel[:, column : column + PIECE * MEL_FPS // FPS])
            given.append(replace(clip, mel=np.concatenate(mel, axis=1)))
    return given


PIECE = 64  # frames


@dataclass(frozen=True)
class _Pieces:
    """Stretches of PIECE frames of a clip, (M, PIECE) each; loudness and speed are standardised."""

    lips: np.ndarray
    speed: np.ndarray
    loudness: np.ndarray


def _pieces(clip: HeadClip, step: int) -> _Pieces:
    from scipy.ndimage import gaussian_filter1d

    frames = len(clip.pose)
    assert clip.gap is not None
    gap = np.nan_to_num(clip.gap)
    speed = np.linalg.norm(np.gradient(clip.pose[:, :3], axis=0), axis=1)
    loudness = np.zeros(frames) if clip.mel is None else speech_energy(clip.mel, frames)

    def cut(curve: np.ndarray) -> np.ndarray:
        return np.lib.stride_tricks.sliding_window_view(curve, PIECE)[::step]

    def standard(rows: np.ndarray) -> np.ndarray:
        rows = rows - rows.mean(axis=1, keepdims=True)
        return rows / (rows.std(axis=1, keepdims=True) + 1e-6)

    return _Pieces(
        lips=cut(gap - np.percentile(gap, 10)),
        speed=standard(cut(gaussian_filter1d(speed, 3.0))),
        loudness=standard(cut(gaussian_filter1d(loudness, 3.0))),
    )


def _people(index: Path) -> dict[str, str]:
    if not index.is_file():
        return {}
    try:
        return {entry["id"]: entry["identity_group"] for entry in json.loads(index.read_text())["clips"]}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{index}: clips[].id and .identity_group are expected ({error!r})") from error


def _clip(path: Path, name: str, person: str, arrays: dict[str, np.ndarray]) -> HeadClip:
    rotation, translation = arrays[f"{name}/rot_s"], arrays.get(f"{name}/trans")
    if translation is None or rotation.shape != translation.shape or rotation.shape[1:] != (3,):
        raise UserError(f"{path}: {name}/rot_s and {name}/trans must both be (N, 3); {FORMAT}")
    if not (np.isfinite(rotation).all() and np.isfinite(translation).all()):
        raise UserError(f"{path}: {name} holds numbers that are not finite; leave the clip out")
    mel, mouth = arrays.get(f"{name}/mel"), arrays.get(f"{name}/mouth")
    return HeadClip(
        name=name,
        person=person,
        pose=pose_from_rest(rotation.astype(np.float64), translation.astype(np.float64)),
        mel=None if mel is None else np.ascontiguousarray(mel.T, dtype=np.float32),
        gap=None if mouth is None else mouth[:, 0],
        speaks=mel is not None,
    )


def _steady(clip: HeadClip) -> bool:
    # a window of 32 frames and the one before it are the least that can be learnt from
    return (
        len(clip.pose) >= 40
        and bool((clip.pose[:, 3:].std(axis=0) < STEADY_M).all())
        and clip.liveliness < WILDEST_DEG_S
    )
