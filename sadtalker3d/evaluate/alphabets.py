"""Which phone a label means, in ARPAbet (TIMIT's too), IPA (MFA's too) or SAMPA (MAUS's).

One alphabet is chosen for all labels together: the one that knows most of them. The same letters mean
different sounds in different alphabets, so a label alone would not tell.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sadtalker3d.evaluate.classes import UNKNOWN, whole_phones
from sadtalker3d.train.phones import Phone, from_arpabet, from_ipa, ipa_tokens, knows_arpabet


@dataclass(frozen=True)
class Label:
    """One interval of a label file as written: [start_s, end_s) in seconds."""

    text: str
    start_s: float
    end_s: float


SILENCE = frozenset({
    "", "sil", "sp", "pau", "h#", "#h", "#", "##", "_", "-", "<p>", "<p:>", "<sil>", "<eps>", "<silence>",
    "silence", "ssil", "epi", "pause", "...", "brth", "sp1", "!sil", "!enter", "!exit", "(.)", "<s>", "</s>",
})  # fmt: skip
# TIMIT writes the closure of a stop and its release as two labels; they are one phone
_CLOSURES = {"bcl": "b", "dcl": "d", "gcl": "g", "pcl": "p", "tcl": "t", "kcl": "k"}
_RELEASES = {"bcl": {"b"}, "dcl": {"d", "jh"}, "gcl": {"g"}, "pcl": {"p"}, "tcl": {"t", "ch"}, "kcl": {"k"}}
_TIMIT_SAME = {"eng": "ng", "ax-h": "ax", **_CLOSURES}
_MFA_GLIDES = {"j": "ɪ", "w": "ʊ"}  # MFA writes diphthongs with a glide at the end
_IPA_VOWELS = frozenset("aɑɒæɐʌɔɛeəɚɜɝɪiɨʊuoɤɯyʏøœɵʉɘ")
_MOST_SOUNDS = 2  # of one label: an affricate; more is a word

_SAMPA = {
    "A": "ɑ", "{": "æ", "6": "ɐ", "Q": "ɒ", "E": "ɛ", "@": "ə", "3": "ɜ", "I": "ɪ", "O": "ɔ", "2": "ø",
    "9": "œ", "&": "œ", "U": "ʊ", "}": "ʉ", "V": "ʌ", "Y": "ʏ", "1": "ɨ", "7": "ɤ", "M": "ɯ", "8": "ɵ",
    "D": "ð", "T": "θ", "S": "ʃ", "Z": "ʒ", "N": "ŋ", "J": "ɲ", "L": "ʎ", "R": "ʁ", "C": "ç", "B": "β",
    "G": "ɣ", "X": "χ", "H": "ɥ", "P": "ʋ", "W": "ʍ", "F": "ɱ", "4": "ɾ", "5": "ɫ", "?": "ʔ", "r": "ɹ",
}  # fmt: skip
_SAMPA_PAIRS = {
    "r\\": "ɹ", "s\\": "ɕ", "z\\": "ʑ", "j\\": "ʝ", "h\\": "ɦ", "R\\": "ʀ", "@`": "ɚ", "3`": "ɝ", "t`": "ʈ",
    "d`": "ɖ", "n`": "ɳ", "s`": "ʂ", "z`": "ʐ", "l`": "ɭ", "_j": "", "_h": "", "_=": "", "_~": "",
    "_0": "", "_w": "",
}  # fmt: skip
_SAMPA_MARKS = str.maketrans("", "", ":~=\"%'.")


def to_phones(clips: Sequence[Sequence[Label]]) -> tuple[list[list[Phone]], dict[str, int]]:
    """All clips' labels as whole phones, and how often each label occurs that no alphabet knows.

    Unknown labels become phones named `classes.UNKNOWN`.
    """
    counts = Counter(label.text for clip in clips for label in clip if not _is_silence(label.text))

    def known(names: Callable[[str], object]) -> int:
        return sum(count for text, count in counts.items() if names(text))

    alphabet = max((_arpabet, _ipa, _sampa), key=known)  # the first of equals
    unknown = {text: count for text, count in counts.items() if not alphabet(text)}
    return [_phones(_merged(clip) if alphabet is _arpabet else clip, alphabet) for clip in clips], unknown


Alphabet = Callable[[str], Callable[[float, float], list[Phone]] | None]


def _phones(labels: Iterable[Label], alphabet: Alphabet) -> list[Phone]:
    phones: list[Phone] = []
    for label in labels:
        sound = alphabet(label.text)
        if _is_silence(label.text):
            phones.append(Phone("sil", label.start_s, label.end_s))
        elif sound is None:
            phones.append(Phone(UNKNOWN, label.start_s, label.end_s))
        else:
            phones += whole_phones(sound(label.start_s, label.end_s))
    return phones


def _is_silence(text: str) -> bool:
    return text.lower() in SILENCE


def _merged(labels: Sequence[Label]) -> list[Label]:
    """Closures joined with the release that follows."""
    merged: list[Label] = []
    for label in labels:
        last = merged[-1] if merged else None
        if (
            last
            and label.text.lower() in _RELEASES.get(last.text.lower(), ())
            and last.end_s == label.start_s
        ):
            merged[-1] = Label(label.text, last.start_s, label.end_s)
        else:
            merged.append(label)
    return merged


def _arpabet(text: str) -> Callable[[float, float], list[Phone]] | None:
    if text != text.lower() and text != text.upper():  # SAMPA tells capitals apart, ARPAbet does not mix
        return None
    symbol = _TIMIT_SAME.get(text.lower(), text)
    if not knows_arpabet(symbol):
        return None
    return lambda start_s, end_s: from_arpabet(symbol, start_s, end_s)


def _ipa(text: str) -> Callable[[float, float], list[Phone]] | None:
    plain = _without_marks(text)
    if len(plain) > 1 and plain[-1] in _MFA_GLIDES and plain[-2] in _IPA_VOWELS:
        plain = plain[:-1] + _MFA_GLIDES[plain[-1]]
    tokens = ipa_tokens(plain)
    if (
        tokens is None or len(tokens) > _MOST_SOUNDS or plain != plain.lower()
    ):  # hibari's capitals are not IPA
        return None
    return lambda start_s, end_s: from_ipa(plain, start_s, end_s)


def _sampa(text: str) -> Callable[[float, float], list[Phone]] | None:
    if not text.isascii():
        return None
    for written, symbol in _SAMPA_PAIRS.items():
        text = text.replace(written, symbol)
    return _ipa("".join(_SAMPA.get(c, c) for c in text.translate(_SAMPA_MARKS)))


def _without_marks(text: str) -> str:
    """Without stress, length, tie bars and secondary articulation."""
    plain = ""
    for letter in unicodedata.normalize("NFC", text):
        known = ipa_tokens(letter) is not None
        plain += letter if known else unicodedata.normalize("NFD", letter)
    return "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Lm", "Sk") and c not in ".|‿'")
