"""An emotion laid over a performance: it lives with the voice, and lips that have to meet still meet.

Which parts of the face an emotion moves follows Ekman and Friesen's EMFACS (the action units in the comments); how far
ARKit's shapes move for it was chosen by looking at the embedded head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sadtalker3d.edit.eyes import gaze_angles_deg, with_gaze
from sadtalker3d.edit.smoothing import gaussian
from sadtalker3d.edit.voice import Voice, lip_opening_mm, voice_of_mouth
from sadtalker3d.errors import UserError
from sadtalker3d.motion.mood import wandering
from sadtalker3d.track import Track


@dataclass(frozen=True)
class Emotion:
    """What the face does at full strength.

    shapes : weights, `mouthSmile*` of both sides; those above 1 are full before the emotion is
    pitch_deg, yaw_deg, roll_deg : of the head, as in `Track.rotation`; the eyes stay where they looked
    back_mm : how far the head draws back
    uneven : by which share one side goes further than the other
    """

    shapes: dict[str, float]
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    roll_deg: float = 0.0
    back_mm: float = 0.0
    look_down_deg: float = 0.0
    uneven: float = 0.06


EMOTIONS: dict[str, Emotion] = {
    "joy": Emotion(  # 6 + 12
        {
            "mouthSmile*": 1.3, "cheekSquint*": 1.2, "eyeSquint*": 0.45, "mouthUpperUp*": 0.5, "browOuterUp*": 0.2,
            "mouthDimple*": 0.1,
        },
        pitch_deg=-2.5, roll_deg=3.0,
    ),
    "anger": Emotion(  # 4 + 5 + 7 + 10 + 23, 24
        {
            "browDown*": 1.7, "eyeWide*": 0.45, "eyeSquint*": 0.35, "noseSneer*": 0.8, "mouthPress*": 0.5,
            "mouthFrown*": 0.5, "mouthLowerDown*": 0.7, "mouthUpperUp*": 0.4, "jawForward": 0.4,
        },
        pitch_deg=9.0, back_mm=-12.0,
    ),
    "sadness": Emotion(  # 1 + 4 + 15 + 17
        {
            "browInnerUp": 1.7, "browDown*": 0.3, "mouthFrown*": 1.4, "mouthShrugLower": 0.8, "eyeBlink*": 0.2,
            "cheekSquint*": 0.25,
        },
        pitch_deg=8.0, roll_deg=-5.0, look_down_deg=6.0,
    ),
    "fear": Emotion(  # 1 + 2 + 4 + 5 + 20 + 26
        {
            "browInnerUp": 1.7, "browOuterUp*": 0.6, "browDown*": 0.5, "eyeWide*": 1.6, "mouthStretch*": 1.3,
            "mouthFrown*": 0.4, "mouthLowerDown*": 0.8, "jawOpen": 0.08,
        },
        pitch_deg=-2.0, back_mm=18.0,
    ),
    "surprise": Emotion(  # 1 + 2 + 5 + 26
        {"browInnerUp": 1.6, "browOuterUp*": 1.6, "eyeWide*": 1.3, "jawOpen": 0.22, "mouthFunnel": 0.12},
        pitch_deg=-5.0, back_mm=8.0, uneven=0.03,
    ),
    "disgust": Emotion(  # 9 + 10 + 15, 16
        {
            "noseSneer*": 1.7, "mouthUpperUp*": 1.2, "browDown*": 0.9, "eyeSquint*": 0.8, "cheekSquint*": 0.9,
            "mouthFrown*": 0.8, "mouthShrugLower": 0.5, "mouthLowerDown*": 0.3,
        },
        pitch_deg=-4.0, yaw_deg=6.0, back_mm=12.0, uneven=0.2,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class EmotionConfig:
    """How an emotion lives."""

    quiet: float = 0.85  # of the intensity, where nobody speaks
    loud: float = 1.25  # where the voice is loudest
    met_mm: float = 1.0  # lips that come so near while the voice speaks are meant to meet
    free_mm: float = 3.5  # and from here on they are free to part further
    variation: float = 0.12  # standard deviation of the log of what comes and goes
    every_s: float = 1.6  # it takes about so long
    least_wide: float = 0.3  # of what widens the lips stays where it would undo a sound
    parting_s: float = 0.06  # lips take that long to part further than they do by themselves
    corners_s: float = 0.14  # the corners of a smiling mouth do not follow every sound
    most_of_mouth: float = 0.8  # of a shape: the rest is left to speech, and skin stays outside the jaw
    blinked: tuple[str, ...] = field(default=("eyeWide", "eyeSquint"))  # give way to a blink


DEFAULT = EmotionConfig()
_PARTS = {"brow": "brows", "eye": "eyes", "cheek": "eyes", "nose": "mouth", "mouth": "mouth", "jaw": "mouth"}
_OPENING = ("jawOpen", "mouthUpperUp", "mouthLowerDown", "mouthFunnel")
_WIDENING = ("mouthSmile", "mouthStretch", "mouthDimple", "mouthPress")
# What a smile would undo: rounded lips, the lower lip at the teeth of f v. And a wide-open jaw leaves it less room: on
# some heads its gums would come out at the chin.
_UNDONE_BY_WIDENING = {
    "mouthPucker": 1.0, "mouthRound": 1.0, "mouthFunnel": 0.7, "mouthFlare": 0.6, "mouthLowerUnderTeeth": 1.0,
    "mouthRollLower": 0.6, "jawOpen": 1.0,
}  # fmt: skip


def emotion(
    track: Track,
    name: str,
    intensity: float = 0.6,
    *,
    voice: Voice | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    fade_s: float = 0.6,
    seed: int = 0,
    config: EmotionConfig = DEFAULT,
) -> Track:
    """The performance in a mood: joy, anger, sadness, fear, surprise or disgust.

    Parameters
    ----------
    intensity : 0 none to 1 as strong as faces show it; it grows and falls with the voice
    voice : see `voice_of_sound`; guessed from the mouth's motion unless given
    start_s, end_s : the part of the track that is in this mood; all of it unless given
    fade_s : how long the mood takes to come and to go, where it does not begin or end with the track
    seed : decides what varies: which side goes further, and how the mood comes and goes a little

    Where lips meet while the voice speaks, nothing that parts them is added, so p b m stay closed; rounded lips are
    widened less; blinks close. The head leans a little, and the eyes stay on what they looked at.

    Raises
    ------
    UserError : an unknown emotion, an intensity beyond 0..1, another space than `open`
    """
    if name not in EMOTIONS:
        raise UserError(f"unknown emotion '{name}'; choose one of {', '.join(EMOTIONS)}")
    if not (math.isfinite(intensity) and 0 <= intensity <= 1):
        raise UserError(f"the intensity of {name} is {intensity}; choose 0 to 1")
    track.require_space("open", "an emotion")
    chosen, voice = EMOTIONS[name], voice or voice_of_mouth(track)
    strength = intensity * _span(track, start_s, end_s, fade_s)
    rng = np.random.default_rng(np.random.SeedSequence([seed, list(EMOTIONS).index(name)]))
    side = rng.choice([-1.0, 1.0])
    lively = strength * (config.quiet + (config.loud - config.quiet) * voice.loudness)
    every = config.every_s * track.fps / 25  # `wandering` counts frames of 40 ms
    comes_and_goes = {
        part: wandering(len(track), every, config.variation, rng) for part in ("brows", "eyes", "mouth")
    }
    free = _free_lips(track, voice, config)
    undone = np.clip(sum(w * track.column(n) for n, w in _UNDONE_BY_WIDENING.items()), 0, 1)
    undone = gaussian(undone[:, None], config.corners_s * track.fps / math.sqrt(8 * math.log(2)))[:, 0]
    narrow = 1 - (1 - config.least_wide) * undone
    closed = {s: track.column("eyeBlink" + s) for s in ("Left", "Right")}
    expression = track.expression.copy()
    for shape, weight in chosen.shapes.items():
        for column, sign in _sides(shape):
            part = next(part for beginning, part in _PARTS.items() if shape.startswith(beginning))
            added = weight * lively * comes_and_goes[part] * (1 + sign * side * chosen.uneven)
            if shape.startswith(_OPENING):
                added = added * free
            if shape.startswith(_WIDENING):
                added = added * narrow
            if shape.startswith(config.blinked):
                added = added * (1 - closed["Left" if sign > 0 else "Right"])
            values = expression[:, track.index(column)]
            most = config.most_of_mouth if part == "mouth" else 1.0
            values += np.clip(added, 0, most) * np.clip(1 - values, 0, 1)
    moved = _leaning(track.replace(expression=expression), chosen, strength, side)
    return moved.replace(meta={**track.meta, "emotion": {"name": name, "intensity": intensity, "seed": seed}})


def _span(track: Track, start_s: float, end_s: float | None, fade_s: float) -> np.ndarray:
    """(T,) 1 within the span, fading at those of its ends that lie inside the track."""
    end_s = track.duration_s if end_s is None else end_s
    if not all(map(math.isfinite, (start_s, end_s, fade_s))) or not 0 <= start_s < end_s or fade_s < 0:
        raise UserError(
            f"a mood from {start_s:g} to {end_s:g} s is not possible; give two times, the later one last"
        )
    if start_s >= track.duration_s:
        raise UserError(f"a mood from {start_s:g} s on is beyond the track's {track.duration_s:g} s")
    time_s, fade_s = np.arange(len(track)) / track.fps, max(fade_s, 1e-6)
    rise = np.clip((time_s - start_s) / fade_s, 0, 1) if start_s > 0 else np.ones(len(track))
    fall = np.clip((end_s - time_s) / fade_s, 0, 1) if end_s < track.duration_s else np.ones(len(track))
    inside = np.minimum(rise, fall)
    return inside * inside * (3 - 2 * inside)


def _free_lips(track: Track, voice: Voice, config: EmotionConfig) -> np.ndarray:
    """(T,) 0 where lips meet to speak, 1 where they are apart or nobody speaks; it comes and goes over some frames."""
    apart = np.clip((lip_opening_mm(track) - config.met_mm) / (config.free_mm - config.met_mm), 0, 1)
    free = 1 - voice.speaking * (1 - apart * apart * (3 - 2 * apart))
    reach = round(config.parting_s * track.fps)
    if reach < 1:
        return free
    # as low as the lowest around, then evened out no further than that: what has to meet stays at 0
    lowest = sliding_window_view(np.pad(free, 2 * reach, mode="edge"), 2 * reach + 1).min(axis=1)
    kernel = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(lowest, kernel / kernel.sum(), "valid")


def _sides(shape: str) -> list[tuple[str, int]]:
    if shape.endswith("*"):
        return [(shape[:-1] + "Left", 1), (shape[:-1] + "Right", -1)]
    return [(shape, 0)]


def _leaning(track: Track, chosen: Emotion, strength: np.ndarray, side: float) -> Track:
    """The head's lean, with eyes that take it back so that they look where they looked."""
    lean_deg = strength[:, None] * [chosen.pitch_deg, side * chosen.yaw_deg, side * chosen.roll_deg]
    angles = gaze_angles_deg(track) - lean_deg[:, None, [1, 0]]
    angles[..., 1] += strength[:, None] * chosen.look_down_deg
    translation = track.translation.copy()
    translation[:, 2] -= (strength * chosen.back_mm / 1000).astype(np.float32)
    return with_gaze(track, angles).replace(
        rotation=track.rotation + np.radians(lean_deg).astype(np.float32), translation=translation
    )
