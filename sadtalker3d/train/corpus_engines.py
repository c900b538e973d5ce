"""Speech engines that say a line of text and tell when each phone is spoken.

All of them are free programs from Debian (flite, espeak-ng, festival) or PyPI (hibari-tts, Apache-2.0). None
of their recordings is kept: a corpus is made anew by whoever trains.
"""

from __future__ import annotations

import ctypes.util
import functools
import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.train.corpus_espeak import espeak_library
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


def _espeak(line: Line, rate: float, pitch: float) -> tuple[np.ndarray, int, list[Phone]]:
    return espeak_library().speak(line.voice, line.text, line.language, rate, pitch, 35 + line.seed % 40)


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
