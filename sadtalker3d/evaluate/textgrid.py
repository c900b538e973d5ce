"""Praat's TextGrid, long and short text form: the intervals of the tier that holds phones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate.alphabets import Label

PHONE_TIERS = (
    "phones", "phone", "mau", "phonemes", "phoneme", "segments", "segment", "seg", "phon", "phonetic",
    "phonetics", "allophones", "sounds", "ipa", "sampa",
)  # fmt: skip
# Praat reads strings, free-standing numbers and flags, and passes over every other word; so both forms are one
_TOKEN = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?P<number>(?<!\S)[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\S))|<(?P<flag>\w+)>|![^\n]*'
)


@dataclass(frozen=True)
class _Tier:
    name: str
    labels: list[Label] | None  # None for a tier of points


def parse_textgrid(text: str) -> list[Label]:
    """The phones of a TextGrid's text, in the order written; UserError (without the file's name)."""
    tiers = _tiers(text)
    intervals = [tier for tier in tiers if tier.labels is not None]
    for wanted in PHONE_TIERS:
        for tier in intervals:
            # MFA writes "speaker - phones" where there are several speakers
            if re.split(r"\s+-\s+", tier.name.strip().lower())[-1] == wanted:
                return tier.labels or []
    if len(intervals) == 1:
        return intervals[0].labels or []
    names = ", ".join(repr(tier.name) for tier in tiers) or "none"
    raise UserError(f"has no tier of phones (tiers: {names}); name the one with phones 'phones'")


def _tiers(text: str) -> list[_Tier]:
    tokens = _tokens(text)
    try:
        if next(tokens) != "ooTextFile" or next(tokens) != "TextGrid":
            raise UserError("is not a TextGrid in text form; save it in Praat as text file")
        _number(next(tokens)), _number(next(tokens))
        if next(tokens) != "<exists>":
            return []
        return [_tier(tokens) for _ in range(_count(next(tokens)))]
    except StopIteration:
        raise UserError("is a TextGrid that breaks off; save it again") from None


def _tier(tokens: Iterator[str | float]) -> _Tier:
    kind, name = next(tokens), str(next(tokens))
    _number(next(tokens)), _number(next(tokens))
    count = _count(next(tokens))
    if kind == "IntervalTier":
        labels = []
        for _ in range(count):
            start_s, end_s, text = _number(next(tokens)), _number(next(tokens)), next(tokens)
            labels.append(Label(str(text).strip(), start_s, end_s))
        return _Tier(name, labels)
    if kind == "TextTier":
        for _ in range(count):
            _number(next(tokens)), next(tokens)
        return _Tier(name, None)
    raise UserError(f"has a tier of the unknown kind {str(kind)[:20]!r}; save it again in Praat")


def _tokens(text: str) -> Iterator[str | float]:
    for found in _TOKEN.finditer(text):
        if found["text"] is not None:
            yield found["text"].replace('""', '"')
        elif found["number"] is not None:
            yield float(found["number"])
        elif found["flag"] is not None:
            yield f"<{found['flag']}>"


def _number(token: str | float) -> float:
    if isinstance(token, str):
        raise UserError(f"is a broken TextGrid: {token[:20]!r} stands where a number should; save it again")
    return token


def _count(token: str | float) -> int:
    return int(_number(token))  # a count that is too large only meets the end of the file
