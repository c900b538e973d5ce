"""Whole phones and their classes, as mouths are judged on them.

The project's alphabet (`sadtalker3d.train.phones`) splits diphthongs in two halves for the teacher; labels name
whole sounds, and a measure looks at the middle of the whole sound. So the halves are joined again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sadtalker3d.train.phones import FIRST_PART, SHAPES, Phone

UNKNOWN = "?"  # a label that no alphabet knows: neither a sound to measure nor silence

# halves -> the whole sound; ax + uw is the British ow, ih eh uh + ax are the centring diphthongs
_WHOLE: dict[tuple[str, str], str] = {
    ("aa", "uh"): "aw", ("aa", "uw"): "aw", ("aa", "ih"): "ay", ("aa", "iy"): "ay", ("ao", "ih"): "oy",
    ("oh", "ih"): "oy", ("oh", "uw"): "ow", ("ax", "uw"): "ow", ("ey", "iy"): "ey", ("ih", "ax"): "ih",
    ("eh", "ax"): "eh", ("uh", "ax"): "uh",
}  # fmt: skip
_HALVES = {"aw": ("aa", "uh"), "ay": ("aa", "ih"), "oy": ("ao", "ih"), "ow": ("oh", "uw")}

BILABIAL = frozenset("pbm")
LABIODENTAL = frozenset("fv")
OPEN_VOWELS = frozenset({"aa", "ae", "ah", "ao", "aw", "ay", "eh", "ey", "ow", "oh"})  # oh: a pure o, as ow
ROUNDED = frozenset({"uw", "ow", "ao", "oy", "w", "oh", "yu"})  # yu: the rounded front vowel
SPREAD = frozenset({"iy", "ih", "ey", "eh", "s", "z"})
NOT_LABIAL = frozenset({"t", "d", "k", "g", "n", "ng", "s", "z", "th", "dh", "l", "hh"})
VOWELS = OPEN_VOWELS | frozenset({"oy", "er", "ax", "oe", "ih", "uh", "iy", "yu", "uw"})

_TOUCH_S = 1e-3  # times in label files are rounded
_SHARE = 0.02  # how near the border must be to FIRST_PART for two phones to be halves of one


def whole_phones(phones: Sequence[Phone]) -> list[Phone]:
    """The phones with halves of diphthongs joined; whole ones stay as they are."""
    joined: list[Phone] = []
    for phone in phones:
        last = joined[-1] if joined else None
        name = _WHOLE.get((last.name, phone.name)) if last else None
        if last and name and _are_halves(last, phone):
            joined[-1] = Phone(name, last.start_s, phone.end_s, last.stress)
        else:
            joined.append(phone)
    return joined


def _are_halves(first: Phone, second: Phone) -> bool:
    length = second.end_s - first.start_s
    border = first.start_s + FIRST_PART * length
    return abs(first.end_s - second.start_s) < _TOUCH_S and abs(first.end_s - border) < _SHARE * length


def split_phones(phones: Iterable[Phone]) -> list[Phone]:
    """Whole phones as the teacher takes them: diphthongs in halves, unknown sounds without any shape."""
    halves: list[Phone] = []
    for phone in phones:
        if phone.name in _HALVES:
            middle = phone.start_s + FIRST_PART * (phone.end_s - phone.start_s)
            first, second = _HALVES[phone.name]
            halves.append(Phone(first, phone.start_s, middle, phone.stress))
            halves.append(Phone(second, middle, phone.end_s, phone.stress))
        elif phone.name == UNKNOWN:
            halves.append(Phone("q", phone.start_s, phone.end_s))
        else:
            halves.append(phone)
    return halves


def openness_mm(name: str) -> float:
    """The gap that a whole phone asks for, in millimetres; a diphthong's halves count by their time."""
    if name in _HALVES:
        first, second = (SHAPES[half].gap_mm for half in _HALVES[name])
        return FIRST_PART * first + (1 - FIRST_PART) * second
    return SHAPES[name].gap_mm
