"""The sounds of a folder, the labels and tracks that belong to them, and what is wrong with any of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError, naming
from sadtalker3d.evaluate import labels
from sadtalker3d.evaluate.alphabets import Label, to_phones
from sadtalker3d.mel import FPS, SAMPLE_RATE, frame_count
from sadtalker3d.track import Track, load
from sadtalker3d.train.phones import Phone

# where a name has several, the first: a video beside a recording is usually made from it
SOUNDS = (
    ".wav", ".flac", ".sph", ".aif", ".aiff", ".ogg", ".opus", ".m4a", ".aac", ".mp3", ".mp4", ".mov", ".mkv",
    ".webm", ".avi",
)  # fmt: skip
TRACKS = (".json", ".npz", ".mat")
MOST_FRAMES_APART = 2  # of track and sound: programs round, and cut the end, differently


@dataclass(frozen=True)
class ClipFiles:
    """One sound with what belongs to it; the track is None where it is to be generated."""

    name: str
    sound: Path
    labels: Path
    track: Path | None


def find_clips(
    folder: Path, *, tracks: Path | None = None, labels_folder: Path | None = None
) -> list[ClipFiles]:
    """Every sound below `folder`, in order of name, with the labels and track of the same name beside it.

    tracks, labels_folder : where else to look for them, in the same subfolder or directly in it

    Raises UserError: no folder, no sound, a sound without labels, or without a track where `tracks` is given.
    """
    for given in (folder, tracks, labels_folder):
        if given is not None and not os.path.isdir(given):
            raise UserError(f"{given}: is not a folder; give the folder with the recordings or their tracks")
    sounds = _sounds(folder)
    if not sounds:
        raise UserError(f"{folder}: has no sound in it; give a folder of recordings with labels beside them")
    clips, unlabelled = [], []
    for sound in sounds:
        within = sound.relative_to(folder)
        label_file = _beside(within, labels_folder or folder, labels.ENDINGS)
        if label_file is None:
            unlabelled.append(sound)
            continue
        track = _beside(within, tracks or folder, TRACKS)
        if track is None and tracks is not None:
            raise UserError(
                f"{sound}: has no track {within.stem}.json, .npz or .mat in {tracks}; "
                "add it, or leave --tracks out to have tracks made"
            )
        clips.append(ClipFiles(within.with_suffix("").as_posix(), sound, label_file, track))
    if unlabelled:
        more = f" (and {len(unlabelled) - 1} more)" if len(unlabelled) > 1 else ""
        raise UserError(
            f"{unlabelled[0]}{more}: has no phone labels; put a .TextGrid, .phn or .lab of the same name beside it"
        )
    return clips


def _sounds(folder: Path) -> list[Path]:
    """One sound for each name."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        ending = path.suffix.lower()
        if ending not in SOUNDS or not path.is_file() or path.name.startswith("."):
            continue
        name = path.with_suffix("").as_posix()
        if name not in found or SOUNDS.index(ending) < SOUNDS.index(found[name].suffix.lower()):
            found[name] = path
    return list(found.values())


def _beside(within: Path, folder: Path, endings: Sequence[str]) -> Path | None:
    """The file of the same name with one of the endings, any case, in the same subfolder or in `folder`."""
    for place in (folder / within.parent, folder):
        if not place.is_dir():
            continue
        there = {path.name.lower(): path for path in place.iterdir() if path.stem == within.stem}
        for ending in endings:
            if (within.stem + ending).lower() in there:
                return there[(within.stem + ending).lower()]
    return None


def read_sound(clip: ClipFiles) -> tuple[np.ndarray, int]:
    """The sound at 16 kHz (n,), and its rate as stored."""
    from sadtalker3d.audio import open_audio

    sound = open_audio(clip.sound)
    return sound.read(), sound.rate_hz


def read_all_labels(clips: Sequence[ClipFiles], sounds: Sequence[tuple[float, int]]) -> list[list[Label]]:
    """Labels of every clip; `sounds` has the seconds and the rate as stored of each."""
    return [
        labels.read_labels(clip.labels, rate_hz=rate_hz, duration_s=seconds)
        for clip, (seconds, rate_hz) in zip(clips, sounds, strict=True)
    ]


def read_phones(
    clips: Sequence[ClipFiles], sounds: Sequence[tuple[float, int]]
) -> tuple[list[list[Phone]], dict[str, int]]:
    """Whole phones of every clip, and the unknown labels with their number; UserError when none is known."""
    phones, unknown = to_phones(read_all_labels(clips, sounds))
    if not any(phone.name not in ("sil", "?") for said in phones for phone in said):
        shown = ", ".join(repr(text) for text in list(unknown)[:5]) or "silence only"
        raise UserError(
            f"{clips[0].labels}: no label is a phone in ARPAbet, IPA or SAMPA ({shown}); "
            "give labels of phones, not of words"
        )
    return phones, unknown


def read_track(clip: ClipFiles, samples: int) -> Track:
    """The clip's track at 25 frames/s, as long as its sound of `samples` at 16 kHz, or UserError."""
    from sadtalker3d.edit import resample

    assert clip.track is not None
    track = load(clip.track)
    with naming(clip.track):
        track.require_space("open", "measuring lips")
    track = resample(track, FPS) if track.fps != FPS else track
    frames = frame_count(samples)
    if abs(len(track) - frames) > MOST_FRAMES_APART:
        raise UserError(
            f"{clip.track}: lasts {len(track) / FPS:.2f} s and its sound {clip.sound.name} "
            f"{samples / SAMPLE_RATE:.2f} s; give the track that was made from this sound"
        )
    return track
