"""The corpus ExpNet learns from: mel spectrograms of synthetic speech with the time of every phone.

Made from the lines of `corpus_plan`, the same each time for the same plan: an engine speaks, `manner` whispers,
sings or changes the throat, and the wave passes a room and a channel before it becomes a mel spectrogram.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.mel import SAMPLE_RATE, mel_spectrogram
from sadtalker3d.train.augment import in_a_room
from sadtalker3d.train.channels import through
from sadtalker3d.train.corpus_engines import Line, require, speak
from sadtalker3d.train.corpus_plan import HELD_OUT_VOICE, CorpusConfig, plan
from sadtalker3d.train.corpus_sounds import sound
from sadtalker3d.train.manner import said
from sadtalker3d.train.phones import SHAPES, Phone

__all__ = [
    "HELD_OUT_VOICE",
    "Corpus",
    "CorpusConfig",
    "Utterance",
    "build",
    "levelled",
    "load",
    "plan",
    "without_quiet_ends",
]  # fmt: skip


@dataclass(frozen=True)
class Utterance:
    """A row of the corpus; its `part` is one of those that `corpus_plan` lists."""

    part: str
    line: Line
    first: int  # of its columns in the mel array
    columns: int
    phones: list[Phone] = field(repr=False)


@dataclass(frozen=True)
class Corpus:
    """mel : (N, 80) float16 in upstream's scale, utterances one after the other, each 80 columns a second."""

    mel: np.ndarray
    utterances: list[Utterance]

    def hours(self, part: str) -> float:
        return sum(u.columns for u in self.utterances if u.part == part) / 80 / 3600

    def held_out(self) -> list[str]:
        """The parts that nothing is learned from: "voice", "engine", and the languages."""
        return sorted({u.part for u in self.utterances} - {"train", "rest"})

    def of(self, part: str) -> list[Utterance]:
        return [u for u in self.utterances if u.part == part]


def build(
    folder: Path,
    config: CorpusConfig | None = None,
    *,
    processes: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Make the corpus in `folder`, or load it when it is there already.

    Raises UserError when a speech program is missing, or the folder holds a corpus of another plan.
    """
    config = config or CorpusConfig()
    if (folder / "corpus.json").exists():
        return load(folder, config)
    lines = plan(config)
    require({line.engine for _, line in lines})
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    first = 0
    with replacing(folder / "mel.f16") as path, path.open("wb") as out:
        for done, ((part, line), result) in enumerate(
            zip(lines, _spoken(lines, processes), strict=True), start=1
        ):
            if report is not None:
                report(done, len(lines))
            if result is None:
                continue
            mel, phones = result
            out.write(np.ascontiguousarray(mel.T).astype(np.float16).tobytes())
            rows.append({
                "part": part, "line": vars(line), "first": first, "columns": mel.shape[1],
                "phones": [[p.name, round(p.start_s, 4), round(p.end_s, 4), p.stress] for p in phones],
            })  # fmt: skip
            first += mel.shape[1]
    with replacing(folder / "corpus.json") as path:
        path.write_text(json.dumps({"config": _plain(config), "utterances": rows}))
    return load(folder, config)


def load(folder: Path, config: CorpusConfig) -> Corpus:
    """The corpus of a folder; UserError when it was made by another plan."""
    table = json.loads((folder / "corpus.json").read_text())
    if table["config"] != _plain(config):
        raise UserError(
            f"{folder}: holds a corpus of another plan; delete it or choose another --work folder"
        )
    utterances = [
        Utterance(
            row["part"],
            Line(**row["line"]),
            row["first"],
            row["columns"],
            [Phone(*phone) for phone in row["phones"]],
        )
        for row in table["utterances"]
    ]
    mel = np.fromfile(folder / "mel.f16", np.float16).reshape(-1, 80)
    return Corpus(mel, utterances)


def _plain(config: CorpusConfig) -> dict[str, object]:
    return json.loads(json.dumps(vars(config)))


def _spoken(
    lines: list[tuple[str, Line]], processes: int | None
) -> Iterator[tuple[np.ndarray, list[Phone]] | None]:
    """Mel and phones of each line in order, made by several processes."""
    context = multiprocessing.get_context("spawn")  # the engines' libraries do not survive a fork
    with context.Pool(processes) as pool:
        yield from pool.imap(_mel_and_phones, [line for _, line in lines], chunksize=8)


SPEECH_LEVEL = 0.03  # rms of the louder half; low enough that no mel band reaches its ceiling


def _mel_and_phones(line: Line) -> tuple[np.ndarray, list[Phone]] | None:
    """None when the engine says nothing or its times make no sense (some voices fail on some texts)."""
    rng = np.random.default_rng([line.seed, 7])
    if line.engine == "sound":
        return mel_spectrogram(sound(line.voice, 10.0, rng)), []
    wave, phones = speak(line)
    seconds = len(wave) / SAMPLE_RATE
    spoken = [p for p in phones if p.name != "sil"]
    if seconds < 0.4 or len(spoken) < 3 or spoken[-1].end_s > seconds + 0.3:
        return None
    wave, phones = said(line.manner, wave, phones, rng)
    wave = levelled(wave)
    lead_s = float(rng.uniform(0.1, 0.6))  # silence before and after, as in real recordings
    silence = np.zeros(int(lead_s * SAMPLE_RATE), np.float32)
    wave = np.concatenate([silence, wave, np.zeros(int(rng.uniform(0.1, 0.6) * SAMPLE_RATE), np.float32)])
    phones = [Phone(p.name, p.start_s + lead_s, p.end_s + lead_s, p.stress) for p in phones]
    mel = mel_spectrogram(wave)
    phones = without_quiet_ends(phones, mel)
    if line.room:
        wave = in_a_room(wave, rng)
    if line.channel != "clean":
        wave = through(line.channel, wave, rng)
    if line.room or line.channel != "clean":
        mel = mel_spectrogram(wave)
    return mel, [p for p in phones if p.name in SHAPES]


def levelled(wave: np.ndarray) -> np.ndarray:
    """The wave scaled so that the louder half of its 20 ms blocks has SPEECH_LEVEL rms."""
    blocks = wave[: len(wave) // 320 * 320].reshape(-1, 320)
    power = np.sort(np.square(blocks).mean(axis=1))[len(blocks) // 2 :]
    return wave * np.float32(SPEECH_LEVEL / max(float(np.sqrt(power.mean())), 1e-6))


def without_quiet_ends(phones: list[Phone], mel: np.ndarray) -> list[Phone]:
    """Cut the silence that engines count into the last phone before a pause.

    The phone ends where the mel's loudness falls 40 dB below the utterance's loud parts (a stop keeps 60 ms).
    """
    level_db = (mel.astype(np.float32).max(axis=0) + 4) * 12.5
    loud = level_db > np.percentile(level_db, 90) - 40
    cut: list[Phone] = []
    for index, phone in enumerate(phones):
        last = index + 1 == len(phones) or phones[index + 1].name == "sil"
        if phone.name == "sil" or not last:
            cut.append(phone)
            continue
        columns = np.arange(int(phone.start_s * 80) + 5, min(int(phone.end_s * 80) + 1, len(loud)))
        sounding = columns[loud[columns]]
        end_s = max(phone.start_s + 0.06, (float(sounding[-1]) + 1) / 80 if len(sounding) else 0.0)
        end_s = min(end_s, phone.end_s)
        cut.append(Phone(phone.name, phone.start_s, end_s, phone.stress))
        if end_s < phone.end_s:
            cut.append(Phone("sil", end_s, phone.end_s))
    return cut
