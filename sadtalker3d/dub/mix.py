"""The new mouth in the old performance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sadtalker3d.dub.tension import EXPRESSIVE, OPENING, rest_of, slow_part
from sadtalker3d.dub.timing import Fit, Retiming, continued, retimed
from sadtalker3d.edit.regions import REGIONS, checked_amounts, columns_of
from sadtalker3d.edit.smoothing import gaussian
from sadtalker3d.edit.timing import resample
from sadtalker3d.edit.voice import Voice, lip_opening_mm, voice_of_mouth
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track


@dataclass(frozen=True)
class DubConfig:
    """What stays of the old mouth, and how the new one comes in.

    tension : 1 keeps the performer's own smile or tension as it was, 0 gives the new words a neutral mouth
    soften : how much of the head's accents on old words goes where the new voice is silent, 0 none to 1 all
    gains : of the new mouth, by region or column
    """

    tension: float = 1.0
    soften: float = 0.5
    gains: Mapping[str, float] = field(default_factory=dict)
    tension_s: float = 1.6  # a mood outlasts a few syllables; words do not hold one shape as long
    tension_share: float = 0.25  # of that time a shape may be lower than what counts as held
    crossfade_s: float = 0.16  # at both ends: as long as lips take for one movement
    accent_s: float = 0.7  # head movement quicker than this is an accent, slower is posture
    closed_mm: float = 1.0  # lips that the new words bring so near are meant to meet
    free_mm: float = 3.5  # and from here on they may part further


DEFAULT = DubConfig()


@dataclass(frozen=True, eq=False)
class Dubbed:
    """A dubbed track, and which of the performance's frames each of its frames shows."""

    track: Track
    timing: Retiming


def dub(
    performance: Track,
    speech: Track,
    *,
    fit: Fit = "keep",
    start_s: float = 0.0,
    end_s: float | None = None,
    old_voice: Voice | None = None,
    new_voice: Voice | None = None,
    config: DubConfig = DEFAULT,
) -> Track:
    """The performance with the mouth of the new speech.

    Jaw, lips and tongue come from `speech`; brows, lids, gaze, nose, head and the slow part of the old mouth, the
    person's own smile or tension, stay. Old words are taken out altogether; where neither voice speaks, so is nothing.

    Parameters
    ----------
    performance : an `open` track; its frame rate is the result's
    speech : the new speech as a track, at any rate
    fit : what happens where the lengths differ, see `sadtalker3d.dub.timing.retimed`
    start_s, end_s : the part of the performance that says the new words; all of it unless given. Frames outside
        are the performance's own. Without `end_s` a speech that goes on after the performance makes it go on as well.
    old_voice, new_voice : see `edit.voice_of_sound`, at the frames of `performance` and `speech`; guessed from the
        mouths unless given

    Raises
    ------
    UserError : another space than `open`, a range outside the performance, a config that is not possible
    """
    return dubbed(
        performance, speech, fit=fit, start_s=start_s, end_s=end_s, old_voice=old_voice, new_voice=new_voice,
        config=config,
    ).track  # fmt: skip


def dubbed(
    performance: Track,
    speech: Track,
    *,
    fit: Fit = "keep",
    start_s: float = 0.0,
    end_s: float | None = None,
    old_voice: Voice | None = None,
    new_voice: Voice | None = None,
    config: DubConfig = DEFAULT,
) -> Dubbed:
    """As `dub`, with what the footage of the performance must follow."""
    for track, what in ((performance, "a performance that is dubbed"), (speech, "the new speech")):
        track.require_space("open", what)
    _check(config)
    first, last = _range(performance, start_s, end_s)
    if speech.fps != performance.fps:
        new_voice = None if new_voice is None else _voice_at(new_voice, speech.fps, performance.fps)
        speech = resample(speech, performance.fps)
    old_voice = old_voice or voice_of_mouth(performance)
    new_voice = new_voice or voice_of_mouth(speech)
    timing = Retiming.same(len(performance))
    if end_s is None and last == len(performance) and first == 0:
        timing = retimed(performance, old_voice, new_voice, fit)
    elif end_s is None and first + len(speech) > last:
        timing = continued(performance, first + len(speech))
    if timing.changes or len(timing) != len(performance):
        performance, old_voice, last = timing.track(performance), timing.voice(old_voice), len(timing)
    inside = slice(first, last)
    speech, new_voice = _filled(speech, new_voice, last - first)
    blend = _edges(last - first, performance, first, last, config)

    expression = performance.expression.copy()
    mouth = columns_of(performance, "mouth")
    mixed = _mouth(performance, speech, old_voice, new_voice, inside, mouth, config)
    kept = expression[inside][:, mouth]
    expression[first:last, mouth] = kept + blend[:, None] * (mixed - kept)
    rotation = performance.rotation.copy()
    rotation[inside] = _softened(performance, old_voice, new_voice, inside, blend, config)
    track = performance.replace(
        expression=expression,
        rotation=rotation,
        meta={
            **performance.meta,
            "dub": {"fit": fit, "start_s": first / performance.fps, "speech": speech.audio},
        },
    )
    return Dubbed(track, timing)


def _mouth(
    performance: Track,
    speech: Track,
    old_voice: Voice,
    new_voice: Voice,
    inside: slice,
    mouth: list[int],
    config: DubConfig,
) -> np.ndarray:
    """(n, m) the mouth's columns: the new words, and what is the person's own."""
    new = speech.expression[:, mouth].astype(np.float64)
    for part, amount in checked_amounts(config.gains):
        chosen = [mouth.index(column) for column in columns_of(performance, part) if column in mouth]
        new[:, chosen] *= amount
    names = [performance.names[column] for column in mouth]
    old = performance.expression[:, mouth]
    silent = 1 - new_voice.speaking[:, None]
    own = np.zeros_like(new) + config.tension * rest_of(old, old_voice.speaking) * silent
    held = [place for place, name in enumerate(names) if name.startswith(EXPRESSIVE)]
    slow = slow_part(old[:, held], performance.fps, config.tension_s, config.tension_share)[inside]
    own[:, held] = config.tension * slow
    apart = np.clip((lip_opening_mm(speech) - config.closed_mm) / (config.free_mm - config.closed_mm), 0, 1)
    free = np.maximum(apart, 1 - new_voice.speaking)  # lips that speak and meet are not parted again
    opening = [place for place, name in enumerate(names) if name.startswith(OPENING)]
    own[:, opening] *= free[:, None]
    mixed = new + own * np.clip(1 - new, 0, 1)
    # breath, laughter, a swallow: where nobody speaks there are no words to take out
    wordless = (silent[:, 0] * (1 - old_voice.speaking[inside]))[:, None]
    return mixed + wordless * (old[inside] - mixed)


def _softened(
    performance: Track,
    old_voice: Voice,
    new_voice: Voice,
    inside: slice,
    blend: np.ndarray,
    config: DubConfig,
) -> np.ndarray:
    """(n, 3) the head's angles, calmer where the old voice spoke and the new one does not."""
    angles = performance.rotation[inside]
    if not config.soften:
        return angles
    calm = gaussian(performance.rotation, config.accent_s * performance.fps / 2)[inside]
    needless = config.soften * blend * old_voice.speaking[inside] * (1 - new_voice.speaking)
    return angles + needless[:, None].astype(np.float32) * (calm - angles)


def _filled(speech: Track, voice: Voice, count: int) -> tuple[Track, Voice]:
    """The speech cut or filled up with a resting mouth to `count` frames; its end fades into rest."""
    missing = max(count - len(speech), 0)

    def full(values: np.ndarray) -> np.ndarray:
        if missing == 0:
            return values[:count]
        fade = min(len(values), max(round(0.2 * speech.fps), 1))
        falling = np.ones(len(values))
        falling[-fade:] = 1 - (np.arange(fade) + 1) / (fade + 1)
        shape = (-1,) + (1,) * (values.ndim - 1)
        return np.pad(values * falling.reshape(shape), ((0, missing),) + ((0, 0),) * (values.ndim - 1))

    filled = speech.replace(
        expression=full(speech.expression),
        rotation=full(speech.rotation),
        translation=full(speech.translation),
    )
    return filled, Voice(full(voice.loudness), full(voice.speaking))


def _edges(count: int, performance: Track, first: int, last: int, config: DubConfig) -> np.ndarray:
    """(count,) from the old mouth to the new one and back, where there is an old one to come from."""
    fade = min(round(config.crossfade_s * performance.fps), count // 2)
    blend = np.ones(count)
    rising = (np.arange(fade) + 1) / (fade + 1)
    rising = rising * rising * (3 - 2 * rising)
    if first > 0:
        blend[:fade] = rising
    if last < len(performance):
        blend[count - fade :] = np.minimum(blend[count - fade :], rising[::-1])
    return blend


def _range(performance: Track, start_s: float, end_s: float | None) -> tuple[int, int]:
    end = performance.duration_s if end_s is None else end_s
    if not (math.isfinite(start_s) and math.isfinite(end)) or start_s < 0 or end <= start_s:
        raise UserError(
            f"cannot dub from {start_s} to {end} s; the first must be 0 or more and before the second"
        )
    first, last = round(start_s * performance.fps), min(round(end * performance.fps), len(performance))
    if first >= last:
        raise UserError(
            f"no frame lies between {start_s:g} and {end:g} s; the performance is {performance.duration_s:g} s long"
        )
    return first, last


def _voice_at(voice: Voice, fps: float, new_fps: float) -> Voice:
    count = max(round(len(voice.speaking) * new_fps / fps), 1)
    at = np.arange(count) * (fps / new_fps)
    places = np.arange(len(voice.speaking))
    return Voice(np.interp(at, places, voice.loudness), np.interp(at, places, voice.speaking))


def _check(config: DubConfig) -> None:
    for name, low, high in (
        ("tension", 0, 2),
        ("soften", 0, 1),
        ("crossfade_s", 0, 5),
        ("tension_s", 0.2, 20),
    ):
        value = getattr(config, name)
        if not (math.isfinite(value) and low <= value <= high):
            raise UserError(f"{name} is {value}; choose {low} to {high}")
    unknown = [
        part for part in config.gains if part in REGIONS and not set(REGIONS[part]) & set(REGIONS["mouth"])
    ]
    if unknown:
        raise UserError(
            f"a dub takes the new mouth alone, so a gain for '{unknown[0]}' does nothing; leave it out"
        )
