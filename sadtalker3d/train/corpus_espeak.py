"""espeak-ng through its library: about 100 languages, and the time and IPA symbol of every phone."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.train.phones import Phone, from_ipa


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


class Espeak:
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

    def speak(
        self, voice: str, text: str, language: str, rate: float, pitch: float, pitch_range: int
    ) -> tuple[np.ndarray, int, list[Phone]]:
        """Wave, its sample rate, phones; rate and pitch are factors, the range is 50 for the voice's own.

        Raises UserError when espeak-ng has no such voice.
        """
        self.blocks, self.events = [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:  # it would keep the voice before
            raise UserError(f"espeak-ng has no voice {voice}: install espeak-ng-data 1.51 or newer")
        self.library.espeak_SetParameter(
            _ESPEAK_RATE, int(np.clip(_ESPEAK_WORDS_PER_MINUTE * rate, 80, 400)), 0
        )
        self.library.espeak_SetParameter(_ESPEAK_PITCH, int(np.clip(50 + 60 * np.log2(pitch), 0, 99)), 0)
        self.library.espeak_SetParameter(_ESPEAK_RANGE, pitch_range, 0)
        said = text.encode() + b"\0"
        self.library.espeak_Synth(said, len(said), 0, 1, 0, _ESPEAK_UTF8, None, None)
        wave = (
            np.concatenate(self.blocks).astype(np.float32) / 32768 if self.blocks else np.zeros(0, np.float32)
        )
        ends = [sample for sample, _ in self.events[1:]] + [len(wave)]
        phones: list[Phone] = []
        for (start, symbol), end in zip(self.events, ends, strict=True):
            stress = 2 if "ˈ" in symbol else 1 if "ˌ" in symbol else 0
            start_s, end_s = start / self.sample_rate, end / self.sample_rate
            if language in _PALATAL_IS_CH:
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
def espeak_library() -> Espeak:
    """The one of this process."""
    return Espeak()
