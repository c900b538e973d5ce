"""The teacher: phones with their times -> what the mouth does, as 64 `open` coefficients a frame.

A model of coarticulation after Cohen and Massaro (1993): every phone pulls each articulator towards its own
target with a strength that fades before and after it, and the articulator goes where the pulls balance. So
sounds run into each other, rounding starts early through consonants that do not care, and fast speech
undershoots. On top of that stand two constraints that speech never breaks: lips shut through p b m, lower lip
at the upper teeth in f v.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.phones import BILABIAL, LABIODENTAL, SHAPES, VOWELS, Phone

FPS = 25
_COLUMN = {name: index for index, name in enumerate(OPEN_64)}


@dataclass(frozen=True)
class TeacherConfig:
    """Time constants (s) of the pulls, before and after the phone, and the size of the movements."""

    jaw_s: tuple[float, float] = (0.072, 0.068)  # the jaw is heavier than the lips
    gap_s: tuple[float, float] = (0.042, 0.046)
    round_s: tuple[float, float] = (0.120, 0.085)  # lips round up to 150 ms ahead
    spread_s: tuple[float, float] = (0.085, 0.080)
    tongue_s: tuple[float, float] = (0.045, 0.045)
    fade: float = 1.6  # exponent of the pull's fading: 1 pointed, 2 round
    core: float = 0.6  # the middle share of a phone in which its pull is full
    pause_s: float = 0.30  # shorter pauses do not bring the mouth all the way to rest
    closing_s: float = 0.055  # lips shut this fast before p b m
    opening_s: float = 0.045
    touching_s: float = 0.060  # lower lip to the teeth and back
    held_s: float = 0.055  # a closure is held at least this long
    pressed_mm: float = -0.6  # the gap aimed at in p b m: lips meet and press
    teeth_gap_mm: float = 3.9  # the gap in f v: the lower lip rests on the incisors, the upper one bares them
    teeth_jaw_mm: float = 2.8  # and the jaw with it: the incisors end 2.4 mm below the seam of the lips
    stressed: float = 1.10  # how much further the jaw opens under stress
    louder_per_db: float = 0.015  # and for each dB above the utterance's other vowels
    scale: float = 0.96  # of jaw and gap, all of them


# the share of the closure after which air bursts out; a nasal has no burst
_RELEASE = {"p": 0.40, "b": 0.20, "m": 0.05}

# what one unit of each articulator does, in shapes of the open space
_ROUND = {"mouthPucker": 0.62, "mouthFunnel": 0.16, "mouthRound": 0.12}
_SPREAD = {
    "mouthStretchLeft": 0.30, "mouthStretchRight": 0.30, "mouthSmileLeft": 0.16, "mouthSmileRight": 0.16,
    "mouthDimpleLeft": 0.12, "mouthDimpleRight": 0.12, "mouthSpread": 0.10,
}  # fmt: skip
_FLARE = {
    "mouthFunnel": 0.34, "mouthPucker": 0.08, "mouthUpperUpLeft": 0.10, "mouthUpperUpRight": 0.10,
    "mouthLowerDownLeft": 0.12, "mouthLowerDownRight": 0.12, "mouthFlare": 0.12,
}  # fmt: skip
_CLOSED = {
    "mouthPressLeft": 0.10, "mouthPressRight": 0.10, "mouthRollUpper": 0.06, "mouthRollLower": 0.08,
    "mouthSeal": 0.3,
}  # fmt: skip
_TEETH = {
    "mouthRollLower": 0.9, "mouthLowerUnderTeeth": 0.2,
}  # fmt: skip
_TONGUE = {
    "tongue_tip": "tongueTipUp", "tongue_teeth": "tongueBetweenTeeth", "tongue_back": "tongueBackUp",
    "tongue_front": "tongueFrontUp", "tongue_curl": "tongueCurl", "tongue_down": "tongueDown",
    "teeth": "teethTogether",
}  # fmt: skip
_PARTING = {
    "mouthLowerDownLeft": 0.12,
    "mouthLowerDownRight": 0.12,
    "mouthUpperUpLeft": 0.07,
    "mouthUpperUpRight": 0.07,
}
"""How the lips part beyond what the jaw gives: weights for about one millimetre, the lower lip doing more."""
_PARTING_MOST = 4.0  # millimetres; further the shapes look like a snarl

DRIVEN = tuple(sorted({
    _COLUMN[name]
    for shapes in (_ROUND, _SPREAD, _FLARE, _CLOSED, _TEETH, _PARTING) for name in shapes
} | {_COLUMN[name] for name in ("jawOpen", "mouthClose", *_TONGUE.values())}))  # fmt: skip
"""Columns that speech drives; all others stay with the reference face."""


def open_targets(
    phones: Sequence[Phone],
    frames: int,
    mouth: Mouth,
    *,
    loudness_db: np.ndarray | None = None,
    config: TeacherConfig | None = None,
) -> np.ndarray:
    """The mouth over time: (frames, 64) float32; frame i shows the moment (i + 0.5) / 25 s.

    phones : in order of time, silence included or not
    mouth : the head's lips; the gap is set on them with the first 52 columns alone
    loudness_db : (n,) level at 80 values a second, for the jaw; None: every vowel equally loud
    """
    config = config or TeacherConfig()
    coefficients = np.zeros((frames, len(OPEN_64)))
    if not phones or frames == 0:
        return coefficients.astype(np.float32)
    phones = _with_silence(phones, frames / FPS)
    time = (np.arange(frames) + 0.5) / FPS
    shapes = [SHAPES[phone.name] for phone in phones]
    size = _effort(phones, loudness_db, config)

    def column(name: str) -> np.ndarray:
        return np.array([getattr(shape, name) for shape in shapes])

    pause = np.array(
        [min(1.0, (p.end_s - p.start_s) / config.pause_s) if p.name == "sil" else 1.0 for p in phones]
    )

    def course(target: np.ndarray, pull: np.ndarray, reach_s: tuple[float, float]) -> np.ndarray:
        weights = _pulls(phones, time, reach_s, config) * (pull * pause)  # (T, n)
        return weights @ target / np.maximum(weights.sum(1), 1e-9)

    jaw_mm = course(column("jaw_mm") * size, column("jaw_pull"), config.jaw_s)
    gap_mm = course(column("gap_mm") * size, column("gap_pull"), config.gap_s)
    rounding = course(column("round"), column("round_pull"), config.round_s)
    spread = course(column("spread"), column("spread_pull"), config.spread_s)
    flare = course(column("flare"), np.full(len(phones), 0.5), config.spread_s)
    shut = _held(phones, BILABIAL, time, config.closing_s, config.opening_s, config)
    touch = _held(phones, LABIODENTAL, time, config.touching_s, config.touching_s, config) * (1 - shut)

    gap_mm = gap_mm + touch * (config.teeth_gap_mm - gap_mm)
    gap_mm = gap_mm + shut * (config.pressed_mm - gap_mm)
    jaw_mm = jaw_mm + touch * (config.teeth_jaw_mm - jaw_mm)
    for amount, recipe in (
        (rounding * (1 - 0.9 * touch), _ROUND), (spread, _SPREAD), (flare * (1 - shut), _FLARE),
        (shut, _CLOSED), (touch, _TEETH),
    ):  # fmt: skip
        for name, weight in recipe.items():
            coefficients[:, _COLUMN[name]] += weight * amount
    for name, shape in _TONGUE.items():
        coefficients[:, _COLUMN[shape]] = course(column(name), np.full(len(phones), 0.6), config.tongue_s)
    jaw = np.zeros((1, len(OPEN_64)))
    jaw[0, _COLUMN["jawOpen"]] = 0.2
    jaw_mm_full = float(mouth.measure(jaw).gap_mm[0]) / 0.2
    coefficients[:, _COLUMN["jawOpen"]] = jaw_mm / jaw_mm_full
    _set_gap(coefficients, gap_mm, touch, mouth, jaw_mm_full)
    return np.clip(coefficients, 0.0, 1.0).astype(np.float32)


def _with_silence(phones: Sequence[Phone], seconds: float) -> list[Phone]:
    """The phones with every hole, and both ends, filled with silence; neighbouring silences become one."""
    filled: list[Phone] = []

    def silence(start_s: float, end_s: float) -> None:
        if filled and filled[-1].name == "sil":
            filled[-1] = Phone("sil", filled[-1].start_s, end_s)
        elif end_s - start_s > 1e-6:
            filled.append(Phone("sil", start_s, end_s))

    at = -1.0  # before the clip the mouth rests
    for phone in phones:
        if phone.start_s > at + 1e-3:
            silence(at, phone.start_s)
        if phone.name == "sil":
            silence(phone.start_s, phone.end_s)
        else:
            filled.append(phone)
        at = max(at, phone.end_s)
    silence(at, max(seconds, at) + 1.0)
    return filled


def _effort(phones: Sequence[Phone], loudness_db: np.ndarray | None, config: TeacherConfig) -> np.ndarray:
    """(n,) how far each phone opens the jaw compared with its target: vowels by stress and loudness."""
    size = np.full(len(phones), config.scale)
    vowels = [i for i, phone in enumerate(phones) if phone.name in VOWELS]
    for i in vowels:
        size[i] *= config.stressed if phones[i].stress == 2 else 1.0
    if loudness_db is not None and vowels:
        level = np.array([_level_db(loudness_db, phones[i]) for i in vowels])
        size[vowels] *= 1 + config.louder_per_db * np.clip(level - np.mean(level), -12, 8)
    return size


def _level_db(loudness_db: np.ndarray, phone: Phone) -> float:
    first = min(max(int(phone.start_s * 80), 0), len(loudness_db) - 1)
    return float(np.max(loudness_db[first : max(int(phone.end_s * 80), first) + 1]))


def _pulls(
    phones: Sequence[Phone], time: np.ndarray, reach_s: tuple[float, float], config: TeacherConfig
) -> np.ndarray:
    """(T, n) strength of each phone at each time: 1 in its core, fading to both sides."""
    start = np.array([phone.start_s for phone in phones])
    end = np.array([phone.end_s for phone in phones])
    margin = (end - start) * (1 - config.core) / 2
    margin = np.where([phone.name == "sil" for phone in phones], np.minimum(margin, 0.05), margin)
    before = np.maximum(start + margin - time[:, None], 0) / reach_s[0]
    after = np.maximum(time[:, None] - (end - margin), 0) / reach_s[1]
    return np.exp(-((before + after) ** config.fade)) + 1e-7


def _held(
    phones: Sequence[Phone],
    names: frozenset[str],
    time: np.ndarray,
    rise_s: float,
    fall_s: float,
    config: TeacherConfig,
) -> np.ndarray:
    """(T,) 1 while one of the named phones is held, with smooth ways in and out."""
    course = np.zeros(len(time))
    for phone in phones:
        if phone.name not in names:
            continue
        length = phone.end_s - phone.start_s
        release = min(_RELEASE.get(phone.name, 0.1) * length, 0.05)
        start, end = phone.start_s, phone.end_s - release
        if end - start < config.held_s:
            start, end = end - config.held_s, end
        way = np.minimum((time - start) / rise_s + 1, (end - time) / fall_s + 1)
        course = np.maximum(course, 0.5 - 0.5 * np.cos(np.pi * np.clip(way, 0, 1)))
    return course


def _set_gap(
    coefficients: np.ndarray, gap_mm: np.ndarray, touch: np.ndarray, mouth: Mouth, jaw_mm_full: float
) -> None:
    """Close (mouthClose) or part the lips until the gap of the 52 shapes is the wanted one. In place.

    The gap is nearly linear in the weights, so three corrections leave under 0.1 mm; the lips stop parting at
    _PARTING_MOST, and what is missing then is left to the jaw.
    """
    close = _COLUMN["mouthClose"]
    parting = np.zeros(len(OPEN_64))
    for name, weight in _PARTING.items():
        parting[_COLUMN[name]] = weight
    upper_only = np.where(["Lower" in name for name in OPEN_64], 0.0, 1.8) * parting
    parted = np.zeros(len(gap_mm))
    for _ in range(3):
        missing = gap_mm - mouth.measure(coefficients, 52).gap_mm
        closing = np.clip(-missing / jaw_mm_full, -coefficients[:, close], None)  # negative: open again
        coefficients[:, close] += closing
        rest = np.maximum(missing + closing * jaw_mm_full, 0)
        more = np.minimum(rest, _PARTING_MOST - parted)
        parted += more
        recipe = (1 - touch)[:, None] * parting + touch[:, None] * upper_only
        coefficients += more[:, None] * recipe
        coefficients[:, _COLUMN["jawOpen"]] += (rest - more) / jaw_mm_full
