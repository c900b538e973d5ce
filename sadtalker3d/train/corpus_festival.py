"""Festival's voices: one running program a voice says line after line and tells when each phone ends."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.train.phones import Phone, from_arpabet, from_ipa

VOICES_FOLDER = Path("/usr/share/festival/voices")


@dataclass(frozen=True)
class FestivalVoice:
    """A voice of Debian's: its folder, its package, what it reads, and its phones as IPA (None: ARPAbet)."""

    folder: str
    package: str
    language: str
    encoding: str
    ipa: dict[str, str] | None = None


# each table holds only what is not written as in IPA; 1 at the end of a vowel is stress
_ITALIAN = {
    "E": "ɛ", "O": "ɔ", "S": "ʃ", "Z": "ʒ", "tS": "tʃ", "dZ": "dʒ", "J": "ɲ", "ng": "ŋ", "nf": "ɱ",
    "L": "ʎ",
}  # fmt: skip
_CATALAN = {
    "ax": "ə", "E": "ɛ", "O": "ɔ", "J": "ɲ", "L": "ʎ", "S": "ʃ", "Z": "ʒ", "r": "ɾ", "rr": "r",
}  # fmt: skip
_CZECH = {
    "c": "ts", "c~": "tʃ", "ch": "x", "d~": "ɟ", "dz~": "dʒ", "h": "ɦ", "n*": "ŋ", "n~": "ɲ", "r~": "ʒ",
    "r~*": "ʃ", "s~": "ʃ", "t~": "c", "z~": "ʒ", "_": "ʔ",
}  # fmt: skip
# two letters: stressed vowels, soft consonants; ae ay ur are reduced e a u
_RUSSIAN = {
    "ii": "i", "yy": "ɨ", "uu": "u", "ee": "ɛ", "oo": "ɔ", "aa": "a", "y": "ɨ", "ae": "ɪ", "ay": "ə",
    "ur": "ʊ", "bb": "b", "pp": "p", "dd": "d", "tt": "t", "gg": "g", "kk": "k", "vv": "v", "ff": "f",
    "zz": "z", "ss": "s", "hh": "x", "h": "x", "mm": "m", "nn": "n", "ll": "l", "rr": "r", "zh": "ʐ",
    "sh": "ʂ", "sch": "ɕ", "ch": "tɕ", "c": "ts",
}  # fmt: skip
_FINNISH = {"@": "æ", "7": "ø", "&": "ə", "N": "ŋ", "L": "ʎ", "T": "θ", "D": "ð", "S": "ʃ", "Z": "ʒ"}

FESTIVAL_VOICES: dict[str, FestivalVoice] = {
    "kal_diphone": FestivalVoice("english/kal_diphone", "festvox-kallpc16k", "en", "latin-1"),
    "ked_diphone": FestivalVoice("english/ked_diphone", "festvox-kdlpc16k", "en", "latin-1"),
    "cmu_us_slt_arctic_hts": FestivalVoice("us/cmu_us_slt_arctic_hts", "festvox-us-slt-hts", "en", "latin-1"),
    "lp_diphone": FestivalVoice("italian/lp_diphone", "festvox-italp16k", "it", "latin-1", _ITALIAN),
    "pc_diphone": FestivalVoice("italian/pc_diphone", "festvox-itapc16k", "it", "latin-1", _ITALIAN),
    "upc_ca_ona_hts": FestivalVoice(
        "catalan/upc_ca_ona_hts", "festvox-ca-ona-hts", "ca", "latin-1", _CATALAN
    ),
    "czech_ph": FestivalVoice("czech/czech_ph", "festvox-czech-ph", "cs", "iso-8859-2", _CZECH),
    "msu_ru_nsh_clunits": FestivalVoice(
        "russian/msu_ru_nsh_clunits", "festvox-ru", "ru", "utf-8", _RUSSIAN
    ),
    "suo_fi_lj_diphone": FestivalVoice(
        "finnish/suo_fi_lj_diphone", "festvox-suopuhe-lj", "fi", "latin-1", _FINNISH
    ),
    "hy_fi_mv_diphone": FestivalVoice(
        "finnish/hy_fi_mv_diphone", "festvox-suopuhe-mv", "fi", "latin-1", _FINNISH
    ),
}  # fmt: skip
_PAUSES = frozenset({"#", "##", "pau", "h#"})


def missing_packages() -> list[str]:
    """Debian packages of the voices that are not installed."""
    return [
        voice.package for voice in FESTIVAL_VOICES.values() if not (VOICES_FOLDER / voice.folder).exists()
    ]


def festival_speech(voice: str, text: str, rate: float) -> tuple[np.ndarray, int, list[Phone]]:
    """Wave, its sample rate, and phones; the text ends with a full stop and has none inside.

    Raises UserError when festival ends or says nothing.
    """
    wave, sample_rate, rows = _running(voice).say(text, rate)
    phones: list[Phone] = []
    start = 0.0
    for symbol, end in rows:
        phones += festival_phones(symbol, start, end, FESTIVAL_VOICES[voice], phones)
        start = end
    return wave, sample_rate, phones


def festival_phones(
    symbol: str, start_s: float, end_s: float, voice: FestivalVoice, before: list[Phone]
) -> list[Phone]:
    """One segment in our alphabet."""
    if symbol in _PAUSES:
        return [Phone("sil", start_s, end_s)]
    if voice.ipa is None:
        return from_arpabet(symbol, start_s, end_s)
    plain = symbol.rstrip(":")
    stress = 2 if plain.endswith("1") else 0
    plain = plain.rstrip("1")
    if voice.language == "ca" and plain == "b" and before and before[-1].name not in ("sil", "m"):
        plain = "β"  # as in Spanish: closed only at the beginning and after m
    return from_ipa(voice.ipa.get(plain, plain), start_s, end_s, stress)


class _Festival:
    """A running festival; it ends with its input, that is with this program."""

    def __init__(self, voice: str) -> None:
        self.encoding = FESTIVAL_VOICES[voice].encoding
        self.process = subprocess.Popen(
            ["festival", "--pipe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        # Czech intonation is random otherwise; the voices without that switch only gain a variable
        self._run(f"(voice_{voice}) (set! czech-randomize nil)".encode())

    def say(self, text: str, rate: float) -> tuple[np.ndarray, int, list[tuple[str, float]]]:
        """Wave, sample rate, (symbol, end_s) of every segment."""
        import soundfile

        quoted = text.replace("\\", " ").replace('"', "").encode(self.encoding, "ignore")
        with tempfile.TemporaryDirectory() as folder:
            wav, segments = Path(folder) / "line.wav", Path(folder) / "segments"
            self._run(
                f"(Parameter.set 'Duration_Stretch {1 / rate:.3f})".encode()
                + b'(set! utt (Utterance Text "' + quoted + b'")) (utt.synth utt)'
                + f'(utt.save.segs utt "{segments}") (utt.save.wave utt "{wav}")'.encode()
            )  # fmt: skip
            if not wav.exists() or not segments.exists():
                return np.zeros(0, np.float32), 16000, []
            wave, sample_rate = soundfile.read(wav, dtype="float32")
            lines = segments.read_text(encoding="latin-1").splitlines()
        rows = [line.split() for line in lines if line and not line.startswith("#")]
        return wave, sample_rate, [(symbol, float(end)) for end, _, symbol in rows]

    def _run(self, commands: bytes) -> None:
        """Send commands and wait until festival has done them; their errors leave it running."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self.process.stdin.write(commands + b'\n(format stderr "ready\\n")\n')  # stdout would be buffered
        self.process.stdin.flush()
        for answer in self.process.stderr:
            if answer.strip().endswith(b"ready"):
                return
        raise UserError("festival ended unexpectedly: try `echo '(SayText \"hello\")' | festival --pipe`")


@functools.cache
def _running(voice: str) -> _Festival:
    return _Festival(voice)
