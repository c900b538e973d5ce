"""One alphabet of phones over all speech engines and languages, and what each does with the mouth.

The alphabet is lower-case ARPAbet, with `yu` and `oe` for the rounded front vowels, `x` for sounds made at
the soft palate or behind it, `bh` and `ph` for both lips near each other (β ɸ), `q` for the glottal stop,
and `sil` for silence. Diphthongs are split into their two ends, because the mouth moves between them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Phone:
    """One spoken sound: [start_s, end_s) in seconds; stress 0 none, 1 secondary, 2 primary."""

    name: str
    start_s: float
    end_s: float
    stress: int = 0


@dataclass(frozen=True)
class Shape:
    """Where a phone wants the articulators, and how strongly (0: it takes what its neighbours leave).

    Heights are millimetres between the lips' inner edges: `jaw_mm` what the jaw alone would open, `gap_mm`
    what is left between the lips. The rest run from 0 to 1. Openness and rounding of vowels follow the IPA
    chart, scaled to the range a real capture shows (10th to 90th percentile of the gap: 9.3 mm).
    """

    jaw_mm: float
    jaw_pull: float
    gap_mm: float
    gap_pull: float
    round: float = 0.0
    round_pull: float = 0.3
    spread: float = 0.0
    spread_pull: float = 0.3
    flare: float = 0.0
    tongue_tip: float = 0.0
    tongue_teeth: float = 0.0
    tongue_back: float = 0.0
    tongue_front: float = 0.0
    tongue_curl: float = 0.0
    tongue_down: float = 0.0
    teeth: float = 0.0


def _vowel(
    jaw: float, gap: float, round: float = 0.0, spread: float = 0.0, pull: float = 1.0, **more: float
) -> Shape:
    return Shape(jaw, pull, gap, pull, round, pull * (0.8 if round else 0.7), spread, 0.8 * pull, **more)


SHAPES: dict[str, Shape] = {
    # vowels, open to close
    "aa": _vowel(10.5, 13.0, spread=0.1, tongue_down=1.0),
    "ae": _vowel(10.0, 12.5, spread=0.35, tongue_down=0.7),
    "ah": _vowel(7.5, 9.5, spread=0.1, tongue_down=0.6),
    "ao": _vowel(9.5, 10.0, round=0.5, tongue_down=0.8),
    "eh": _vowel(7.5, 9.5, spread=0.3, tongue_down=0.4, tongue_front=0.1),
    "er": _vowel(4.5, 5.5, round=0.4, tongue_curl=0.7),
    "ax": _vowel(4.8, 6.0, pull=0.6, tongue_down=0.3),
    "oh": _vowel(6.5, 7.0, round=0.75, tongue_down=0.5),
    "oe": _vowel(5.5, 6.0, round=0.75, tongue_front=0.3),
    "ih": _vowel(4.5, 6.0, spread=0.3, pull=0.9, tongue_front=0.4),
    "ey": _vowel(5.5, 7.0, spread=0.4, tongue_front=0.4),
    "uh": _vowel(4.2, 5.0, round=0.6, pull=0.9, tongue_back=0.2),
    "iy": _vowel(3.2, 4.8, spread=0.65, tongue_front=0.9),
    "yu": _vowel(2.8, 3.2, round=0.9, tongue_front=0.8),
    "uw": _vowel(2.8, 3.0, round=1.0, tongue_back=0.3),
    # lips (the closure of p b m and the touch of f v are constraints of the teacher, not targets)
    "p": Shape(3.0, 0.35, 0.0, 0.6, round_pull=0.05, spread_pull=0.1),
    "b": Shape(3.0, 0.35, 0.0, 0.6, round_pull=0.05, spread_pull=0.1),
    "m": Shape(3.0, 0.35, 0.0, 0.6, round_pull=0.05, spread_pull=0.1),
    "f": Shape(3.0, 0.7, 2.0, 1.2, round_pull=0.25, spread=0.1, spread_pull=0.3),
    "v": Shape(3.0, 0.7, 2.0, 1.2, round_pull=0.25, spread=0.1, spread_pull=0.3),
    "w": Shape(2.8, 0.7, 2.2, 1.1, 1.0, 1.3, tongue_back=0.3),
    # both lips near each other but open: Spanish b between vowels, Japanese f
    "bh": Shape(3.0, 0.5, 1.8, 1.0, round_pull=0.1, spread_pull=0.1),
    "ph": Shape(2.8, 0.6, 2.2, 1.0, round=0.4, round_pull=0.6),
    # tongue
    "th": Shape(3.2, 0.7, 4.6, 0.6, 0.0, 0.35, tongue_teeth=1.0),
    "dh": Shape(3.2, 0.6, 4.4, 0.5, 0.0, 0.3, tongue_teeth=0.8),
    "t": Shape(3.0, 0.65, 4.2, 0.5, 0.0, 0.2, tongue_tip=1.0, teeth=0.3),
    "d": Shape(3.0, 0.65, 4.2, 0.5, 0.0, 0.2, tongue_tip=1.0, teeth=0.3),
    "n": Shape(3.2, 0.55, 4.2, 0.45, 0.0, 0.2, tongue_tip=1.0, teeth=0.2),
    "l": Shape(4.2, 0.4, 5.4, 0.4, 0.0, 0.2, tongue_tip=1.0),
    "s": Shape(1.8, 1.2, 3.8, 0.9, 0.0, 0.45, 0.35, 0.5, teeth=1.0),
    "z": Shape(1.8, 1.1, 3.8, 0.8, 0.0, 0.45, 0.35, 0.5, teeth=1.0),
    "sh": Shape(1.9, 1.2, 4.6, 0.8, 0.4, 0.9, flare=1.0, teeth=0.9, tongue_front=0.6),
    "zh": Shape(1.9, 1.1, 4.6, 0.8, 0.4, 0.9, flare=1.0, teeth=0.9, tongue_front=0.6),
    "ch": Shape(1.9, 1.2, 4.6, 0.8, 0.4, 0.9, flare=1.0, teeth=0.9, tongue_front=0.6),
    "jh": Shape(1.9, 1.1, 4.6, 0.8, 0.4, 0.9, flare=1.0, teeth=0.9, tongue_front=0.6),
    "r": Shape(3.8, 0.55, 4.2, 0.6, 0.5, 0.8, tongue_curl=1.0),
    "y": Shape(3.0, 0.7, 4.4, 0.6, 0.0, 0.5, 0.5, 0.6, tongue_front=1.0),
    "k": Shape(4.2, 0.3, 5.2, 0.3, round_pull=0.08, spread_pull=0.08, tongue_back=1.0),
    "g": Shape(4.2, 0.3, 5.2, 0.3, round_pull=0.08, spread_pull=0.08, tongue_back=1.0),
    "ng": Shape(4.2, 0.3, 5.2, 0.3, round_pull=0.08, spread_pull=0.08, tongue_back=1.0),
    "x": Shape(4.5, 0.3, 5.4, 0.3, round_pull=0.08, spread_pull=0.08, tongue_back=0.7),
    "hh": Shape(5.0, 0.1, 6.0, 0.1, round_pull=0.04, spread_pull=0.04),
    "q": Shape(4.5, 0.05, 5.0, 0.05, round_pull=0.03, spread_pull=0.03),
    "sil": Shape(0.0, 1.0, 0.0, 1.0, 0.0, 0.6, 0.0, 0.6),
}  # fmt: skip

BILABIAL = frozenset("pbm")
LABIODENTAL = frozenset("fv")
OPEN_VOWELS = frozenset({"aa", "ae", "ah", "ao", "eh", "oh", "ey"})
VOWELS = frozenset({"aa", "ae", "ah", "ao", "eh", "er", "ax", "oh", "oe", "ih", "ey", "uh", "iy", "yu", "uw"})
ROUNDED = frozenset({"uw", "ao", "oh", "w", "yu"})
SPREAD = frozenset({"iy", "ih", "ey", "eh", "s", "z"})
NOT_LABIAL = frozenset({"t", "d", "k", "g", "n", "ng", "s", "z", "th", "dh", "l", "hh"})

DIPHTHONGS: dict[str, tuple[str, str]] = {
    "aw": ("aa", "uh"), "ay": ("aa", "ih"), "oy": ("ao", "ih"), "ow": ("oh", "uw"), "ey": ("ey", "iy"),
}  # fmt: skip
"""ARPAbet diphthongs as (first, second); a diphthong's first part takes 55 % of its time."""
FIRST_PART = 0.55

_ARPABET_SAME = {"axr": "er", "ix": "ih", "ux": "uw", "dx": "d", "nx": "n", "em": "m", "en": "n", "el": "l",
"hv": "hh",
                 "wh": "w", "pau": "sil", "h#": "sil", "ssil": "sil", "brth": "sil", "#": "sil",
                 "i": "iy"}  # fmt: skip

# IPA, longest symbol first; espeak-ng and hibari both write IPA (hibari with capital letters for diphthongs)
_IPA: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("aɪ", ("aa", "ih")), ("aʊ", ("aa", "uh")), ("eɪ", ("ey", "iy")), ("oʊ", ("oh", "uw")),
    ("əʊ", ("ax", "uw")),
    ("ɔɪ", ("ao", "ih")), ("ɔø", ("ao", "ih")), ("ɪə", ("ih", "ax")), ("eə", ("eh", "ax")),
    ("ʊə", ("uh", "ax")),
    ("oɪ", ("oh", "ih")), ("ai", ("aa", "iy")), ("au", ("aa", "uw")), ("ei", ("ey", "iy")),
    ("ou", ("oh", "uw")),
    ("tʃ", ("ch",)), ("dʒ", ("jh",)), ("tɕ", ("ch",)), ("dʑ", ("jh",)), ("ts", ("t", "s")),
    ("dz", ("d", "z")),
    ("tʂ", ("ch",)), ("pf", ("p", "f")),
    ("A", ("ey", "iy")), ("I", ("aa", "ih")), ("O", ("oh", "uw")), ("Q", ("ax", "uw")), ("W", ("aa", "uh")),
    ("Y", ("ao", "ih")), ("ʤ", ("jh",)), ("ʧ", ("ch",)), ("ʣ", ("d", "z")), ("ʦ", ("t", "s")),
    ("a", ("aa",)), ("ɑ", ("aa",)), ("ɒ", ("ao",)), ("æ", ("ae",)), ("ɐ", ("ah",)), ("ʌ", ("ah",)),
    ("ɔ", ("ao",)),
    ("ɛ", ("eh",)), ("e", ("ey",)), ("ə", ("ax",)), ("ɚ", ("er",)), ("ɜ", ("er",)), ("ɝ", ("er",)),
    ("ᵊ", ("ax",)),
    ("ɪ", ("ih",)), ("ᵻ", ("ih",)), ("i", ("iy",)), ("ɨ", ("ih",)), ("ʊ", ("uh",)), ("u", ("uw",)),
    ("o", ("oh",)),
    ("ɤ", ("ax",)), ("ɯ", ("ih",)), ("y", ("yu",)), ("ʏ", ("yu",)), ("ø", ("oe",)), ("œ", ("oe",)),
    ("ɵ", ("oe",)),
    ("ʉ", ("uw",)), ("ɘ", ("ax",)),
    ("p", ("p",)), ("b", ("b",)), ("m", ("m",)), ("ɱ", ("v",)), ("f", ("f",)), ("v", ("v",)), ("ʋ", ("v",)),
    ("ɸ", ("ph",)), ("w", ("w",)), ("ʍ", ("w",)), ("ɥ", ("w",)), ("θ", ("th",)), ("ð", ("dh",)), ("T", ("d",)),
    ("t", ("t",)), ("ʈ", ("t",)), ("d", ("d",)), ("ɖ", ("d",)), ("ɗ", ("d",)), ("n", ("n",)), ("ɳ", ("n",)),
    ("ɲ", ("n", "y")), ("ŋ", ("ng",)), ("ɴ", ("ng",)), ("l", ("l",)), ("ɫ", ("l",)), ("ɭ", ("l",)),
    ("ʎ", ("l", "y")),
    ("ɬ", ("l",)), ("s", ("s",)), ("z", ("z",)), ("ʃ", ("sh",)), ("ʒ", ("zh",)), ("ɕ", ("sh",)),
    ("ʑ", ("zh",)),
    ("ʂ", ("sh",)), ("ʐ", ("zh",)), ("ɹ", ("r",)), ("ɻ", ("r",)), ("r", ("l",)), ("ɾ", ("d",)), ("ɽ", ("d",)),
    ("ʁ", ("x",)), ("ʀ", ("x",)), ("x", ("x",)), ("χ", ("x",)), ("ɣ", ("x",)), ("ħ", ("hh",)), ("ʕ", ("hh",)),
    ("ç", ("y",)), ("ʝ", ("y",)), ("j", ("y",)), ("k", ("k",)), ("ɡ", ("g",)), ("g", ("g",)), ("q", ("k",)),
    ("c", ("k",)), ("ɟ", ("g",)), ("h", ("hh",)), ("ɦ", ("hh",)), ("ʔ", ("q",)), ("ɓ", ("b",)),
    ("ɠ", ("g",)), ("β", ("bh",)),
    ("ʲ", ("y",)), ("ε", ("eh",)),
    # espeak-ng writes some sounds in letters of its own: Chinese s. ts. i., Hindi r., Japanese lips at ɯ
    ("s.", ("sh",)), ("z.", ("zh",)), ("ts.", ("ch",)), ("i.", ("ih",)), ("r.", ("d",)), ("ɯᵝ", ("uh",)),
    ("nɡ", ("ng",)),
)  # fmt: skip
_IPA_TABLE = dict(_IPA)
_IPA_TOKEN = re.compile("|".join(re.escape(symbol) for symbol in sorted(_IPA_TABLE, key=len, reverse=True)))


def from_arpabet(symbol: str, start_s: float, end_s: float, stress: int = 0) -> list[Phone]:
    """One ARPAbet symbol of an engine, digits of stress allowed, as phones of our alphabet; unknown ones as
    `q`.
    """
    symbol = symbol.lower()
    if symbol[-1:].isdigit():
        symbol, stress = symbol[:-1], {"0": 0, "1": 2, "2": 1}.get(symbol[-1], 0)
    symbol = _ARPABET_SAME.get(symbol, symbol)
    names = DIPHTHONGS.get(symbol, (symbol if symbol in SHAPES else "q",))
    return _spread(names, start_s, end_s, stress)


def from_ipa(symbols: str, start_s: float, end_s: float, stress: int = 0) -> list[Phone]:
    """What one IPA string says (one sound, a diphthong or an affricate) as phones; marks are passed over."""
    symbols = (
        symbols.rstrip("ʲ") or symbols
    )  # softness is heard in the vowel after; the lips stay as they are
    plain = "".join(c if c in _IPA_TABLE else unicodedata.normalize("NFD", c) for c in symbols)
    names = tuple(name for token in _IPA_TOKEN.findall(plain) for name in _IPA_TABLE[token])
    return _spread(names, start_s, end_s, stress)


def _spread(names: tuple[str, ...], start_s: float, end_s: float, stress: int) -> list[Phone]:
    """Names one after the other over the time; a pair is divided at FIRST_PART."""
    if len(names) == 2:
        edges = np.array([start_s, start_s + FIRST_PART * (end_s - start_s), end_s])
    else:
        edges = np.linspace(start_s, end_s, len(names) + 1)
    return [Phone(name, float(edges[i]), float(edges[i + 1]), stress) for i, name in enumerate(names)]


def knows_arpabet(symbol: str) -> bool:
    """Whether `from_arpabet` has a sound of its own for this symbol, digits of stress allowed."""
    plain = symbol.lower().rstrip("012")
    return plain in SHAPES or plain in DIPHTHONGS or plain in _ARPABET_SAME


def ipa_tokens(symbols: str) -> list[str] | None:
    """The sounds that an IPA string without marks consists of; None where a symbol is not known."""
    tokens: list[str] = _IPA_TOKEN.findall(symbols)
    return tokens if symbols and "".join(tokens) == symbols else None
