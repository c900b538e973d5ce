"""The one alphabet of phones: what engines write becomes sounds with shapes, and no time is lost."""

from __future__ import annotations

import pytest

from sadtalker3d.train.phones import SHAPES, from_arpabet, from_ipa


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("P", ["p"]),
        ("AY1", ["aa", "ih"]),
        ("ow", ["oh", "uw"]),
        ("pau", ["sil"]),
        ("axr", ["er"]),
        ("zh", ["zh"]),
    ],
)
def test_arpabet(symbol: str, names: list[str]) -> None:
    assert [phone.name for phone in from_arpabet(symbol, 0.0, 0.1)] == names


@pytest.mark.parametrize(
    ("symbols", "names"),
    [
        ("m", ["m"]),
        ("aɪ", ["aa", "ih"]),
        ("tʃ", ["ch"]),
        ("ɛ̃", ["eh"]),
        ("ä", ["aa"]),
        ("uː", ["uw"]),
        ("ç", ["y"]),
        ("β", ["bh"]),  # neither closed
        ("ɸ", ["ph"]),  # nor on the teeth
        ("ɱ", ["v"]),
        ("mʲ", ["m"]),
        ("ts.h", ["ch", "hh"]),
    ],
)
def test_ipa_of_several_languages(symbols: str, names: list[str]) -> None:
    assert [phone.name for phone in from_ipa(symbols, 0.0, 0.1)] == names


def test_a_diphthong_keeps_its_whole_time_and_stress() -> None:
    first, second = from_arpabet("AW1", 1.0, 1.2)
    assert (first.start_s, second.end_s) == (1.0, 1.2)
    assert first.end_s == second.start_s
    assert first.stress == second.stress == 2


def test_every_phone_that_a_symbol_gives_has_a_shape() -> None:
    letters = "aɑɒæɐʌɔɛeəɚɜɪiɨʊuoyøœpbmfvwθðtdnɲŋlszʃʒɹrɾʁxçjkɡhʔβ"
    assert {phone.name for letter in letters for phone in from_ipa(letter, 0, 1)} <= set(SHAPES)
