"""Natural speech with phone times, to judge mouths on: the telephone prompts that Debian ships for Asterisk.

One woman reads about 500 prompts (Debian's asterisk-core-sounds-en-g722, CC-BY-SA, so nothing of it is kept
here); pocketsphinx finds the phones. Run it as

    python -m tests.benchmarks.natural_speech OUT      # writes OUT.npz (waves) and OUT.json (phones)

after `apt install asterisk-core-sounds-en asterisk-core-sounds-en-g722` and `pip install pocketsphinx==5.1.1`.
The times are an aligner's: they lie about 12 ms (median) from hand-made ones, lip closures 12 ms early.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.train.corpus_text import words

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
SAMPLE_RATE = 16000
SHORTEST_S = 1.5
BEAMS = (1e-48, 1e-64, 1e-120, 1e-200)  # wider where the default finds no way through
PAUSE_SAMPLES = 4800  # of near silence before and after: the aligner wants room for its own silence
VOWELS = frozenset(words("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW"))
HISSES = frozenset(words("S Z SH CH"))
SILENCES = frozenset(("SIL", "+SPN+", "+NSN+"))

Phones = list[tuple[str, float, float]]


@dataclass(frozen=True)
class Sanity:
    """What a believable alignment of clean speech fulfils; chosen while looking at these prompts."""

    vowel_over_silence_db: float = 15.0
    hiss_over_vowel: float = 2.0  # zero crossings of s z sh ch against those of vowels
    longest_phone_s: float = 0.5
    loud_silence_s: float = 0.2  # speech that the aligner calls silence
    shortest_share: float = 0.35  # of phones that have the aligner's minimum of 30 ms


def main() -> None:
    """Write the clips and their phones; exit 2 with one sentence when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="without ending")
    out: Path = parser.parse_args().out
    try:
        require()
    except UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    waves: dict[str, np.ndarray] = {}
    phones: dict[str, Phones] = {}
    reasons: dict[str, int] = {}
    for name, wave, found, reason in judged():
        if found is not None:
            waves[name], phones[name] = wave, found
        reasons[reason] = reasons.get(reason, 0) + 1
    with replacing(out.with_suffix(".npz")) as path, path.open("wb") as file:
        np.savez(file, **waves)  # type: ignore[arg-type]
    with replacing(out.with_suffix(".json")) as path:
        path.write_text(json.dumps(phones))
    minutes = sum(len(wave) for wave in waves.values()) / SAMPLE_RATE / 60
    print(json.dumps({"clips": len(waves), "minutes": round(minutes, 1), "why": reasons}))


def judged() -> Iterator[tuple[str, np.ndarray, Phones | None, str]]:
    """Name, wave and phones of every prompt; no phones where the fourth says why it is left out."""
    for name, text in prompts():
        wave = decoded(SOUNDS / f"{name}.g722")
        if len(wave) < SHORTEST_S * SAMPLE_RATE:
            yield name, wave, None, "too short"
            continue
        found = aligned(wave, text)
        reason = "not aligned" if found is None else doubt(wave, found) or "kept"
        yield name, wave, found if reason == "kept" else None, reason


def require() -> None:
    """UserError naming what to install."""
    if not SOUNDS.exists() or not TEXTS.exists():
        raise UserError(
            "the natural speech is missing: sudo apt install asterisk-core-sounds-en "
            "asterisk-core-sounds-en-g722"
        )
    if importlib.util.find_spec("pocketsphinx") is None:
        raise UserError("the aligner is missing: pip install pocketsphinx==5.1.1")


def prompts() -> Iterator[tuple[str, str]]:
    """Name and words of every prompt that is there and is speech."""
    for line in gzip.decompress(TEXTS.read_bytes()).decode("utf-8", "replace").splitlines():
        name, _, text = line.partition(": ")
        if text and not line.startswith(";") and "[" not in text and (SOUNDS / f"{name}.g722").exists():
            yield name, spelled(text)


def spelled(text: str) -> str:
    """Lower-case words as the aligner's dictionary has them; numbers below 100 in words."""
    text = re.sub(r"\d+", lambda found: f" {_number(int(found[0]))} ", text.lower().replace("’", "'"))
    return " ".join(re.sub(r"[^a-z' ]", " ", text).replace(" '", " ").replace("' ", " ").split()).strip("'")


_UNDER_20 = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")


def _number(value: int) -> str:
    if value < 20:
        return _UNDER_20[value]
    if value < 100:
        return _TENS[value // 10 - 2] + ("" if value % 10 == 0 else " " + _UNDER_20[value % 10])
    return " ".join(_UNDER_20[int(digit)] for digit in str(value))


def decoded(path: Path) -> np.ndarray:
    """The sound at 16 kHz (n,) float32."""
    import av

    with av.open(str(path), format="g722") as container:
        blocks = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(blocks).astype(np.float32) / 32768


def aligned(wave: np.ndarray, text: str) -> Phones | None:
    """Phones (ARPAbet, start_s, end_s) of the text in the wave; None when no beam finds it."""
    from pocketsphinx import Decoder

    rng = np.random.default_rng(0)
    pause = np.zeros(PAUSE_SAMPLES)
    padded = np.concatenate([pause, wave * 32767, pause]) + rng.normal(0, 4, len(wave) + 2 * PAUSE_SAMPLES)
    pcm = np.clip(padded, -32768, 32767).astype(np.int16).tobytes()
    for beam in BEAMS:
        decoder = Decoder(lm=None, loglevel="FATAL", beam=beam, pbeam=beam, wbeam=beam)
        try:
            decoder.set_align_text(text)
            for second_pass in (False, True):
                if second_pass:
                    decoder.set_alignment()
                decoder.start_utt()
                decoder.process_raw(pcm, full_utt=True)
                decoder.end_utt()
            found = [(phone.name, phone.start, phone.duration)
                     for word in decoder.get_alignment() for phone in word]  # fmt: skip
        except (RuntimeError, TypeError, ValueError):
            continue
        pause_s, end_s = PAUSE_SAMPLES / SAMPLE_RATE, len(wave) / SAMPLE_RATE
        times = [(name, start / 100 - pause_s, (start + length) / 100 - pause_s)
                 for name, start, length in found]  # fmt: skip
        return [
            (name, round(max(start, 0.0), 3), round(min(end, end_s), 3))
            for name, start, end in times
            if end > 0 and start < end_s
        ]
    return None


def doubt(wave: np.ndarray, phones: Phones, sanity: Sanity = Sanity()) -> str:
    """Why the alignment is not believed, or nothing."""
    blocks = wave[: len(wave) // 160 * 160].reshape(-1, 160)  # 10 ms
    level_db = 10 * np.log10(np.square(blocks).mean(axis=1) + 1e-9)
    crossings = np.abs(np.diff(np.signbit(blocks), axis=1)).mean(axis=1)
    kind = np.full(len(blocks), "x")
    for name, start, end in phones:
        letter = "v" if name in VOWELS else "h" if name in HISSES else "_" if name in SILENCES else "x"
        kind[round(start * 100) : round(end * 100)] = letter
    vowel, hiss, silent = (kind == letter for letter in "vh_")
    lengths = np.array([end - start for name, start, end in phones if name not in SILENCES])
    loud = np.percentile(level_db, 90) - 20
    if not vowel.any() or lengths.max() > sanity.longest_phone_s:
        return "a phone is too long"
    if (lengths < 0.035).mean() > sanity.shortest_share:
        return "phones are too short"
    if silent.any() and level_db[vowel].mean() - level_db[silent].mean() < sanity.vowel_over_silence_db:
        return "vowels as quiet as pauses"
    if (level_db[silent] > loud).sum() * 0.01 > sanity.loud_silence_s:
        return "speech in pauses"
    if hiss.sum() > 10 and crossings[hiss].mean() < sanity.hiss_over_vowel * crossings[vowel].mean():
        return "hisses do not hiss"
    return ""


if __name__ == "__main__":
    main()
