"""Speech engines that say a line of text and tell when each phone is spoken.

All of them are free programs from Debian (flite, espeak-ng, festival) or PyPI (hibari-tts, Apache-2.0). None
of their recordings is kept: a corpus is made anew by whoever trains.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.train.corpus_festival import festival_speech, missing_packages
from sadtalker3d.train.phones import Phone, from_arpabet, from_ipa

SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Line:
    """One utterance to make. Pitch and formant are factors of the voice's own; rate 2 is twice as fast."""

    engine: str
    voice: str
    text: str
    language: str = "en"
    rate: float = 1.0
    pitch: float = 1.0
    formant: float = 1.0
    seed: int = 0
    manner: str = "plain"  # one of `manner.MANNERS`
    channel: str = "clean"  # one of `channels.CHANNELS`
    room: bool = False


def speak(line: Line) -> tuple[np.ndarray, list[Phone]]:
    """The sound at 16 kHz (n,) float32 and its phones in order, in seconds.

    The formants are moved by playing the sound at another rate; the engine is asked for the opposite speed
    (and, where it can, the opposite pitch) first, so that only the length of the vocal tract changes.
    """
    if line.engine == "hibari":
        return _hibari(line)
    shift = line.formant
    wave, rate, phones = _ENGINES[line.engine](line, line.rate / shift, line.pitch / shift)
    return _resampled(wave, rate * shift), [
        Phone(p.name, p.start_s / shift, p.end_s / shift, p.stress) for p in phones
    ]


def require(engines: set[str]) -> None:
    """UserError naming what to install when a program of these engines is missing."""
    apt: list[str] = [
        name for name in ("flite", "festival") if name in engines and shutil.which(name) is None
    ]
    if "festival" in engines:
        apt += missing_packages()
    if "espeak" in engines and ctypes.util.find_library("espeak-ng") is None:
        apt.append("libespeak-ng1 espeak-ng-data")
    if apt:
        raise UserError(
            f"the training speech needs programs that are missing: sudo apt install {' '.join(apt)}"
        )
    if "hibari" in engines and importlib.util.find_spec("hibari") is None:
        raise UserError("the training speech needs a package that is missing: pip install '.[train]'")


def _resampled(wave: np.ndarray, rate: float) -> np.ndarray:
    import soxr

    return np.asarray(soxr.resample(wave, rate, SAMPLE_RATE), dtype=np.float32)


def _read_wav(path: Path) -> tuple[np.ndarray, int]:
    import soundfile

    wave, rate = soundfile.read(path, dtype="float32")
    return wave, rate


# flite ----------------------------------------------------------------------------------------------

_FLITE_PITCH_HZ = {"slt": 170.0, "rms": 95.0, "awb": 120.0, "kal16": 100.0}


def _flite(line: Line, rate: float, pitch: float) -> tuple[np.ndarray, int, list[Phone]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        command = [
            "flite", "-voice", line.voice,
            "--setf", f"duration_stretch={1 / rate:.3f}",
            "--setf", f"int_f0_target_mean={_FLITE_PITCH_HZ[line.voice] * pitch:.1f}",
            "-psdur", "-o", str(path), "-t", _one_utterance(line.text),
        ]  # fmt: skip
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        wave, sample_rate = _read_wav(path)
    phones: list[Phone] = []
    start = 0.0
    for item in said.stdout.split():
        symbol, _, end = item.rpartition(":")
        phones += from_arpabet(symbol, start, float(end))
        start = float(end)
    return wave, sample_rate, phones


def _one_utterance(text: str) -> str:
    """flite and festival start counting time anew after a full stop inside the text."""
    body = text.rstrip(".?! ")
    for mark in ".?!;":
        body = body.replace(mark, ",")
    return body + (text[-1] if text[-1] in ".?!" else ".")


# festival -------------------------------------------------------------------------------------------


def _festival(line: Line, rate: float, pitch: float) -> tuple[np.ndarray, int, list[Phone]]:
    del pitch  # its voices have no simple setting for it
    return festival_speech(line.voice, _one_utterance(line.text), rate)


# espeak-ng ------------------------------------------------------------------------------------------


class _EspeakEvent(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position_ms", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    )  # fmt: skip


_ESPEAK_END_OF_LIST, _ESPEAK_PHONEME = 0, 7
_ESPEAK_SYNCHRONOUS, _ESPEAK_PHONEME_EVENTS, _ESPEAK_IPA, _ESPEAK_UTF8 = 2, 1, 2, 1
_ESPEAK_RATE, _ESPEAK_PITCH, _ESPEAK_RANGE = 1, 3, 4
_ESPEAK_WORDS_PER_MINUTE = 165.0
_PALATAL_IS_CH = frozenset({"hi", "mr", "bn", "ta", "te"})  # espeak writes c where these languages say ch


class _Espeak:
    """The library, initialised once a process."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(ctypes.util.find_library("espeak-ng"))
        callback_type = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_EspeakEvent)
        )
        options = _ESPEAK_PHONEME_EVENTS | _ESPEAK_IPA
        self.sample_rate: int = self.library.espeak_Initialize(_ESPEAK_SYNCHRONOUS, 0, None, options)
        if self.sample_rate < 0:
            raise UserError("espeak-ng does not start: sudo apt install espeak-ng-data")
        self.callback = callback_type(self._collect)  # kept: the library holds only a pointer
        self.library.espeak_SetSynthCallback(self.callback)
        self.blocks: list[np.ndarray] = []
        self.events: list[tuple[int, str]] = []

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if count and samples:
            self.blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        i = 0
        while events[i].type != _ESPEAK_END_OF_LIST:
            if events[i].type == _ESPEAK_PHONEME:
                self.events.append((events[i].sample, events[i].id.decode("utf-8", "ignore")))
            i += 1
        return 0

    def speak(self, line: Line, rate: float, pitch: float) -> tuple[np.ndarray, int, list[Phone]]:
        self.blocks, self.events = [], []
        if self.library.espeak_SetVoiceByName(line.voice.encode()) != 0:  # it would keep the voice before
            raise UserError(f"espeak-ng has no voice {line.voice}: install espeak-ng-data 1.51 or newer")
        self.library.espeak_SetParameter(
            _ESPEAK_RATE, int(np.clip(_ESPEAK_WORDS_PER_MINUTE * rate, 80, 400)), 0
        )
        self.library.espeak_SetParameter(_ESPEAK_PITCH, int(np.clip(50 + 60 * np.log2(pitch), 0, 99)), 0)
        self.library.espeak_SetParameter(_ESPEAK_RANGE, 35 + line.seed % 40, 0)
        text = line.text.encode() + b"\0"
        self.library.espeak_Synth(text, len(text), 0, 1, 0, _ESPEAK_UTF8, None, None)
        wave = (
            np.concatenate(self.blocks).astype(np.float32) / 32768 if self.blocks else np.zeros(0, np.float32)
        )
        ends = [sample for sample, _ in self.events[1:]] + [len(wave)]
        phones: list[Phone] = []
        for (start, symbol), end in zip(self.events, ends, strict=True):
            stress = 2 if "ˈ" in symbol else 1 if "ˌ" in symbol else 0
            start_s, end_s = start / self.sample_rate, end / self.sample_rate
            if line.language in _PALATAL_IS_CH:
                symbol = symbol.replace("c", "tʃ").replace("ɟ", "dʒ")
            spoken = from_ipa(symbol, start_s, end_s, stress) if not symbol.startswith("(") else []
            if not spoken and symbol and phones:  # a mark of its own, or a change of language such as (en)
                last = phones.pop()
                spoken = [Phone(last.name, last.start_s, end_s, last.stress)]
            phones += spoken or [Phone("sil", start_s, end_s)]
        return wave, self.sample_rate, without_false_silence(phones, wave, self.sample_rate)


_LONGEST_CLOSURE_S = 0.07
_SHUT_BEFORE_BURST = frozenset({"p", "t", "k", "ch"})


def without_false_silence(phones: list[Phone], wave: np.ndarray, rate: int) -> list[Phone]:
    """espeak-ng's phones with the closures of stops, and without silences that are none.

    Its event for p t k comes with the burst: the 35 to 40 ms before, in which the wave is silent and the lips
    are shut, count into the sound before. And it has events without a name for glides between two vowels.
    """
    loudest = float(np.abs(wave).max()) if len(wave) else 0.0
    kept: list[Phone] = []
    for index, phone in enumerate(phones):
        start_s = phone.start_s
        if phone.name in _SHUT_BEFORE_BURST and not kept:
            start_s = max(0.0, start_s - 0.04)
        elif phone.name in _SHUT_BEFORE_BURST:
            first = max(int((start_s - _LONGEST_CLOSURE_S) * rate), int(kept[-1].start_s * rate))
            sounding = np.flatnonzero(np.abs(wave[first : int(start_s * rate)]) > 0.01 * loudest)
            # the burst itself may begin a few samples before its event
            sounding = sounding[sounding < (start_s - 0.006) * rate - first]
            start_s = min(start_s, (first + (int(sounding[-1]) + 1 if len(sounding) else 0)) / rate)
            last = kept.pop()
            if start_s > last.start_s:
                kept.append(Phone(last.name, last.start_s, start_s, last.stress))
            elif last.name != "sil":  # a sound is never swallowed whole
                kept.append(last)
                start_s = phone.start_s
        after = phones[index + 1].name if index + 1 < len(phones) else "sil"
        if phone.name == "sil" and kept and after not in _SHUT_BEFORE_BURST | {"sil"}:
            piece = wave[int(start_s * rate) : int(phone.end_s * rate)]
            if len(piece) and float(np.sqrt(np.square(piece).mean())) > 0.03 * loudest:
                last = kept.pop()
                phone, start_s = Phone(last.name, last.start_s, phone.end_s, last.stress), last.start_s
        if phone.end_s > start_s:
            kept.append(Phone(phone.name, start_s, phone.end_s, phone.stress))
    return kept


@functools.cache
def _espeak_library() -> _Espeak:
    return _Espeak()


def _espeak(line: Line, rate: float, pitch: float) -> tuple[np.ndarray, int, list[Phone]]:
    return _espeak_library().speak(line, rate, pitch)


# hibari ---------------------------------------------------------------------------------------------

_HIBARI_UNIT_S = 0.025
_HIBARI_LATE_S = 0.058  # its durations run late against the sound; fitted on 60 sentences against an aligner
_HIBARI_DURATIONS = b"/Cast_32_output_0"  # the tensor of durations inside hibari-tts 0.2.1's network
_VOICED_HZ = 40.0


class _Hibari:
    """hibari's network with its durations as one more output."""

    def __init__(self) -> None:
        import onnxruntime
        from hibari import Hibari, dsp
        from hibari.tts import ASSETS

        self.tts, self.dsp = Hibari(), dsp
        # ModelProto.graph (7) . output (12) . name (1): protobuf messages merge when written one after the
        # other
        name = b"\x0a" + bytes([len(_HIBARI_DURATIONS)]) + _HIBARI_DURATIONS
        output = b"\x62" + bytes([len(name)]) + name
        extra = b"\x3a" + bytes([len(output)]) + output
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = (Path(ASSETS) / "hibari.onnx").read_bytes() + extra
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@functools.cache
def _hibari_network() -> _Hibari:
    return _Hibari()


def _hibari(line: Line) -> tuple[np.ndarray, list[Phone]]:
    """Pitch is scaled in the pitch curve, formants by stretching the spectral envelopes: nothing else
    changes.
    """
    network = _hibari_network()
    rng = np.random.default_rng(line.seed)
    waves: list[np.ndarray] = []
    phones: list[Phone] = []
    offset_s = 0.0
    for spelled in network.tts.phonemize(line.text):
        symbols = [symbol for symbol in spelled if symbol in network.tts.vocab]
        ids = network.tts.ids(spelled)
        inputs = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([line.rate], np.float32)}
        *spectra, pitch_hz, durations = network.session.run(None, inputs)
        spectra = [_stretched(spectrum[0], line.formant) for spectrum in spectra]
        pitch_hz = np.where(pitch_hz[0] > _VOICED_HZ, pitch_hz[0] * line.pitch, pitch_hz[0])
        wave = network.dsp.synth(*spectra, pitch_hz.astype(np.float32), rng)
        edges = np.concatenate([[0.0], np.cumsum(durations)]) * _HIBARI_UNIT_S - _HIBARI_LATE_S
        edges = offset_s + np.clip(edges, 0.0, len(wave) / network.dsp.SR)
        phones += _hibari_phones(["", *symbols, ""], edges)
        waves.append(wave)
        offset_s += len(wave) / network.dsp.SR
    return _resampled(np.concatenate(waves), network.dsp.SR), phones


def _hibari_phones(symbols: list[str], edges: np.ndarray) -> list[Phone]:
    """Marks of stress lend their time to the vowel after them; spaces inside words' joints, to the sound
    before.
    """
    phones: list[Phone] = []
    stress, start = 0, edges[0]
    for symbol, begin, end in zip(symbols, edges[:-1], edges[1:], strict=True):
        if symbol in "ˈˌ" and symbol:
            stress, start = (2 if symbol == "ˈ" else 1), begin
            continue
        begin = start if stress else begin
        spoken = from_ipa(symbol, begin, end, stress) if symbol else []
        if spoken:
            phones += spoken
        elif symbol in {" ", "ː", "ʲ", "ʰ"} and phones and end - begin < 0.06:
            last = phones[-1]
            phones[-1] = Phone(last.name, last.start_s, end, last.stress)
        else:
            phones.append(Phone("sil", begin, end))
        stress = 0
    return phones


def _stretched(spectrum: np.ndarray, factor: float) -> np.ndarray:
    """A (bins, T) spectrum moved up in frequency by `factor`, nearest bin: phases cannot be blended."""
    bins = np.clip(np.round(np.arange(len(spectrum)) / factor), 0, len(spectrum) - 1).astype(int)
    return np.ascontiguousarray(spectrum[bins])


_ENGINES: dict[str, Callable[[Line, float, float], tuple[np.ndarray, int, list[Phone]]]] = {
    "flite": _flite,
    "festival": _festival,
    "espeak": _espeak,
}
