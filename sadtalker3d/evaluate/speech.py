"""Measuring a folder of labelled speech: lips and heads of its tracks, next to the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate.baselines import loudness_jaw, teacher_motion
from sadtalker3d.evaluate.beats import alignment, alignment_by_chance, head_beats, onset_frames
from sadtalker3d.evaluate.bootstrap import Estimate, Measure, estimate
from sadtalker3d.evaluate.classes import BILABIAL
from sadtalker3d.evaluate.folder import ClipFiles, find_clips, read_phones, read_sound, read_track
from sadtalker3d.evaluate.head import HeadTake
from sadtalker3d.evaluate.headmeasures import SHORTEST_S, HeadClip, distance_measures, head_measures
from sadtalker3d.evaluate.lipclip import LipClip
from sadtalker3d.evaluate.lips import lip_clips, lip_measures
from sadtalker3d.mel import FPS, SAMPLE_RATE, frame_count, mel_spectrogram
from sadtalker3d.mouth import Mouth
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import Track
from sadtalker3d.train.phones import Phone

MOTIONS = ("track", "loudness jaw", "teacher")
Estimates = dict[str, Estimate]


@dataclass(frozen=True)
class SpeechReport:
    """What was measured.

    lips : for each of MOTIONS, every measure
    head : every measure of the tracks' heads, `real_head` the same of measured people
    """

    clips: int
    seconds: float
    generated: int
    bilabials: int
    lips: Mapping[str, Estimates]
    head: Estimates
    real_head: Estimates
    unknown_labels: Mapping[str, int]
    notes: Sequence[str] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass
class _Gathered:
    lips: dict[str, list[LipClip]]
    heads: list[HeadClip]
    seconds: float = 0.0


def evaluate_speech(
    folder: str | Path,
    *,
    tracks: str | Path | None = None,
    labels: str | Path | None = None,
    heads: str | Path | None = None,
    style: int = 0,
    seed: int = 0,
    seeds: int = 3,
    show: Mode = "none",
) -> SpeechReport:
    """Measure the tracks of a folder of speech with phone labels; see `lip_measures` and `head_measures`.

    tracks : folder of tracks; None: beside the sounds, and generated in memory where there is none
    labels : folder of labels; None: beside the sounds
    heads : folder with headmotion.npz of measured people to compare with
    style, seed : of generated tracks, and seed of the bootstrap
    seeds : how many seeds a generated track's head is drawn with, for its variety

    Raises UserError for anything wrong with the files; nothing is written.
    """
    import bfm

    if seeds < 1:
        raise UserError(f"--seeds {seeds}: at least one is needed")
    clips = find_clips(
        Path(folder),
        tracks=None if tracks is None else Path(tracks),
        labels_folder=None if labels is None else Path(labels),
    )
    real = _real_heads(Path(heads)) if heads is not None else []
    with progress("read", show, unit="clips") as report:
        sounds = [_length(clip, report, done, len(clips)) for done, clip in enumerate(clips, 1)]
    phones, unknown = read_phones(clips, sounds)
    mouth = Mouth.of(bfm.load("open"))
    gathered = _Gathered({name: [] for name in MOTIONS}, [])
    with progress("measure", show, unit="clips") as report:
        for done, (clip, said) in enumerate(zip(clips, phones, strict=True), 1):
            _gather(gathered, clip, said, mouth, style=style, seed=seed, seeds=seeds)
            report(done, len(clips))
    measures = {name: lip_measures(lips) for name, lips in gathered.lips.items()}
    head, notes = _head_measures(gathered.heads, real, len(clips))
    total = sum(len(m) for m in measures.values()) + len(head)
    with progress("bootstrap", show, unit="measures") as report:
        lips = {name: _estimates(of, len(clips), seed) for name, of in measures.items()}
        report(total - len(head), total)
        head_estimates = _estimates(head, len(gathered.heads), seed)
        real_estimates = _estimates(head_measures(real), len(real), seed) if real else {}
        report(total, total)
    return SpeechReport(
        clips=len(clips),
        seconds=gathered.seconds,
        generated=sum(clip.track is None for clip in clips),
        bilabials=sum(len(clip.chosen(BILABIAL)) for clip in gathered.lips["track"]),
        lips=lips,
        head=head_estimates,
        real_head=real_estimates,
        unknown_labels=unknown,
        notes=notes,
        settings={"style": style, "seed": seed, "seeds": seeds},
    )


def _length(clip: ClipFiles, report, done: int, total: int) -> tuple[float, int]:  # type: ignore[no-untyped-def]
    wave, rate_hz = read_sound(clip)
    report(done, total)
    return len(wave) / SAMPLE_RATE, rate_hz


def _gather(
    into: _Gathered, clip: ClipFiles, said: list[Phone], mouth: Mouth, *, style: int, seed: int, seeds: int
) -> None:
    wave, _ = read_sound(clip)
    takes = _takes(clip, len(wave), style, seed, seeds)
    frames = min(frame_count(len(wave)), len(takes[0]))
    motions = (
        takes[0].expression[:frames],
        loudness_jaw(wave, frames),
        teacher_motion(said, wave, frames, mouth),
    )
    for name, motion in zip(MOTIONS, motions, strict=True):
        into.lips[name] += lip_clips(mouth, [motion], [said])
    into.seconds += len(wave) / SAMPLE_RATE
    if frames / FPS >= SHORTEST_S:
        into.heads.append(_head_clip([take.rotation[:frames] for take in takes], wave))


def _takes(clip: ClipFiles, samples: int, style: int, seed: int, seeds: int) -> list[Track]:
    """The track that is there; else generated ones, the first with `seed`."""
    if clip.track is not None:
        return [read_track(clip, samples)]
    from sadtalker3d.motion.generate import generate

    return [generate(clip.sound, style=style, seed=seed + i) for i in range(seeds)]


def _head_clip(rotations: list[np.ndarray], wave: np.ndarray) -> HeadClip:
    from sadtalker3d.train.headmotion import speech_energy

    rotation = rotations[0].astype(np.float64)
    take = HeadTake(rotation, speech_energy(mel_spectrogram(wave), len(rotation)))
    beats, onsets = head_beats(rotation), onset_frames(wave)
    return HeadClip(
        take, rotations[1:], alignment(beats, onsets), alignment_by_chance(beats, onsets, len(rotation))
    )


def _head_measures(
    heads: list[HeadClip], real: list[HeadClip], clips: int
) -> tuple[dict[str, Measure], list[str]]:
    notes = []
    if len(heads) < clips:
        notes.append(f"heads: {clips - len(heads)} clips shorter than {SHORTEST_S:g} s left out")
    still = [clip for clip in heads if np.ptp(clip.take.rotation, axis=0).max() < 1e-6]
    if heads and len(still) == len(heads):
        return {}, [*notes, "heads: none moves, nothing to measure"]
    if not heads:
        return {}, notes
    measures = head_measures(heads)
    if real:
        measures |= distance_measures([clip.take for clip in heads], [clip.take for clip in real])
    else:
        notes.append("heads: distances from real heads left out; give measured ones with --heads")
    return measures, notes


def _real_heads(folder: Path) -> list[HeadClip]:
    """Measured people who speak."""
    from sadtalker3d.train.headmotion import load_clips, speech_energy

    takes = [
        HeadTake(clip.pose[:, :3].astype(np.float64), speech_energy(clip.mel, len(clip.pose)))
        for clip in load_clips(folder)
        if clip.mel is not None and clip.speaks and len(clip.pose) >= SHORTEST_S * FPS
    ]
    if not takes:
        raise UserError(f"{folder}: nobody in its headmotion.npz speaks for {SHORTEST_S:g} s")
    return [HeadClip(take) for take in takes]


def _estimates(measures: Mapping[str, Measure], clips: int, seed: int) -> Estimates:
    return {name: estimate(measure, clips, seed=seed) for name, measure in measures.items()}
