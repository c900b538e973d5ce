"""What `edit` does, on files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.edit import Voice, exact_fps, sound_start, voice_of_sound
from sadtalker3d.edit.eyes import beyond_reach
from sadtalker3d.edit.steps import STEPS, Setting, apply, gaze_targets
from sadtalker3d.edit.timing import Between
from sadtalker3d.errors import UserError, naming
from sadtalker3d.files import check_outputs
from sadtalker3d.track import Track, find_audio, load, relative_audio
from sadtalker3d.track_files import ENDINGS

if TYPE_CHECKING:
    import numpy as np

    from sadtalker3d.motion.prosody import Prosody


@dataclass(frozen=True)
class Edited:
    """The files that `edit` made, and one line for each thing the user should know."""

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def edit(
    take: str | Path,
    out: str | Path | None = None,
    steps: Sequence[tuple[str, str]] = (),
    *,
    sound: str | Path | None = None,
    keys: str | Path | None = None,
    max_error_mm: float = 0.1,
    seed: int = 0,
    crossfade_s: float = 0.2,
    blend_s: float = 0.5,
    between: Between = "smooth",
    force: bool = False,
) -> Edited:
    """A track file through `steps`, in their order, to another track file, to curves with few keys, or both.

    Parameters
    ----------
    out : .json or .npz (a basel track: .mat too)
    steps : pairs of a name of `edit.steps.STEPS` and its text, as `("gain", "mouth=1.2")`
    sound : .wav for the part of the sound that goes with the result, which then names it
    keys : .json for curves, see `sadtalker3d.keys_file`
    max_error_mm : how far the curves may move any vertex of the head from where the result has it

    The result names its sound as long as that goes with it from the first frame on. What was done stands in
    `meta["edited"]`.

    Raises
    ------
    UserError : a bad input, a step that is not possible, or an output that exists already (unless `force`)
    """
    take = Path(take)
    outputs = [Path(path) for path in (out, sound, keys) if path is not None]
    if out is None and keys is None:
        raise UserError("name the result with -o NEW.json, or its curves with --keys KEYS.json")
    if out is not None and Path(out).suffix.lower() not in ENDINGS:
        raise UserError(
            f"{out}: an edited track is written as {', '.join(ENDINGS)}; `export` makes other files of it"
        )
    if keys is not None and Path(keys).suffix.lower() != ".json":
        raise UserError(f"{keys}: curves are written as .json; choose such a name")
    if sound is not None and Path(sound).suffix.lower() != ".wav":
        raise UserError(f"{sound}: the sound is written as .wav; choose such a name")
    if len({path.absolute() for path in outputs}) < len(outputs):
        raise UserError(f"{outputs[0]}: is named for two results; choose a name for each")
    if out is not None and not steps:
        raise UserError("no edit is asked for; `sadtalker3d edit --help` lists them")
    for name, _ in steps:
        if name not in STEPS:
            raise UserError(f"unknown edit '{name}'; choose one of {', '.join(STEPS)}")
    joined = [Path(text) for name, text in steps if name == "join"]
    track = load(take)
    sounds = _Sounds(take)
    check_outputs(outputs, force=force, inputs=[take, *joined, *sounds.of(track)])
    setting = Setting(seed, crossfade_s, blend_s, between, load, sounds.voice, sounds.prosody)
    notes: list[str] = []
    given = track
    with naming(take):
        for name, text in steps:
            before, track = track, apply(track, name, text, setting)
            notes += _step_notes(name, text, before, track)
        made = list[Path]()
        if sound is not None:
            track = sounds.cut_to(track, Path(sound))
            made.append(Path(sound))
        if out is not None:
            done = [f"--{name.replace('_', '-')} {text}".rstrip() for name, text in steps]
            earlier = track.meta.get("edited")
            earlier = earlier if isinstance(earlier, list) else []
            named = track.replace(meta={**track.meta, "edited": [*earlier, *done]})
            made.append(sounds.named_from(named, Path(out)).save(out))
            notes += _sound_notes(given, track)
        if keys is not None:
            note = _write_keys(sounds.named_from(track, Path(keys)), Path(keys), max_error_mm)
            made.append(Path(keys))
            notes.append(note)
    return Edited(tuple(made), (*sounds.notes, *notes))


class _Sounds:
    """The sounds that a take names, each heard once; `notes` tells of those that are not there."""

    def __init__(self, take: Path) -> None:
        self._take, self._levels = take, dict[Path, "np.ndarray"]()
        self._cut: Path | None = None
        self.notes: list[str] = []

    def of(self, track: Track) -> list[Path]:
        """The file of the track's sound, if it is there."""
        path = self._path(track)
        return [] if path is None else [path]

    def cut_to(self, track: Track, out: Path) -> Track:
        """The track with the part of its sound that goes with it, which is written to `out`."""
        from sadtalker3d.sound_part import write_sound_part

        named, path = sound_start(track), self._path(track)
        if named is None:
            raise UserError("--sound: no sound goes with the result, so there is none to write; leave it out")
        if path is None:
            raise UserError(
                f"--sound: the sound {named[0]!r} is not there; put it back, or leave --sound out"
            )
        write_sound_part(path, out, named[1], track.duration_s)
        self._cut = out
        meta = {name: value for name, value in track.meta.items() if name != "cut_from"}
        return track.replace(audio=out.name, meta=meta)

    def voice(self, track: Track) -> Voice | None:
        heard = self._heard(track)
        return None if heard is None else voice_of_sound(heard[0], track, heard[1])

    def prosody(self, track: Track) -> Prosody | None:
        from sadtalker3d.motion.prosody import hear_prosody

        heard = self._heard(track)
        if heard is None:
            return None
        first = round(heard[1] * 25)
        levels = heard[0][first : first + max(math.ceil(track.duration_s * 25), 1)]
        return hear_prosody(levels) if len(levels) else None

    def named_from(self, track: Track, out: Path) -> Track:
        """The track with its sound named relative to `out`."""
        path = self._cut or self._path(track)
        if path is None:
            return track
        if track.audio is not None:
            return track.replace(audio=relative_audio(path, out))
        cut = {**track.meta["cut_from"], "audio": relative_audio(path, out)}
        return track.replace(meta={**track.meta, "cut_from": cut})

    def _heard(self, track: Track) -> tuple[np.ndarray, float] | None:
        from sadtalker3d.audio import open_audio
        from sadtalker3d.motion.listen import KeptMel, loudness

        named, path = sound_start(track), self._path(track)
        if named is None or path is None:
            note = "without the sound, how loud the voice is was guessed from the mouth"
            if note not in self.notes:
                self.notes.append(note)
            return None
        if path not in self._levels:
            self._levels[path] = loudness(KeptMel(open_audio(path)))
        return self._levels[path], named[1]

    def _path(self, track: Track) -> Path | None:
        named = sound_start(track)
        return None if named is None else find_audio(track.replace(audio=named[0]), self._take)


def _step_notes(name: str, text: str, before: Track, after: Track) -> list[str]:
    if name == "join" and after.audio is not None:
        return [f"the sound is that of the first part and ends with it, at {before.duration_s:g} s"]
    if name == "fps" and "/" not in text and after.fps != float(text):
        return [f"{text} frames a second are exactly {round(exact_fps(after.fps) * 1001)}/1001"]
    if name == "gaze" and text != "wander":
        far = sum(beyond_reach(after, point).sum() for _, point in gaze_targets(text)[:1])
        if far:
            return [f"in {far} of {len(after)} frames the head is turned further than its eyes reach"]
    return []


def _sound_notes(given: Track, track: Track) -> list[str]:
    if given.audio is None or track.audio is not None:
        return []
    cut = sound_start(track)
    if cut is None:
        return ["no sound goes with the result, so it names none"]
    return [
        f"the result begins {cut[1]:.3f} s into the sound, so it names none; --sound PART.wav writes the part that "
        "goes with it"
    ]


def _write_keys(track: Track, path: Path, max_error_mm: float) -> str:
    import bfm
    from sadtalker3d.key_budget import reduce_keys_mm
    from sadtalker3d.keys_file import KeyedTake, write_keys

    reduced = reduce_keys_mm(track, bfm.load("open"), max_error_mm)
    write_keys(KeyedTake(reduced.curves, track.fps, len(track), track.space, track.audio, max_error_mm), path)
    return (
        f"{reduced.keys} keys in place of {reduced.of} ({reduced.ratio:.1%}); "
        f"no vertex is more than {reduced.error_mm:.3f} mm off"
    )
