"""Labels of the alphabets in use, as whole phones."""

from __future__ import annotations

import pytest

from sadtalker3d.evaluate.alphabets import Label, to_phones
from sadtalker3d.evaluate.classes import openness_mm, split_phones, whole_phones
from sadtalker3d.train.phones import Phone, from_arpabet


def names(text: str) -> list[str]:
    """Phones of labels that follow each other, 0.1 s each."""
    labels = [Label(word, i / 10, (i + 1) / 10) for i, word in enumerate(text.split())]
    (phones,), _ = to_phones([labels])
    return [phone.name for phone in phones]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sil HH AH0 L OW1 sp", "sil hh ah l ow sil"),  # MFA's ARPAbet
        ("h# sh iy hv ae dcl d y axr pau", "sil sh iy hh ae d y er sil"),  # TIMIT
        ("b aj t aw d ej p ow v ɔj m ʎ", "b ay t aw d ey p ow v oy m l y"),  # MFA's IPA
        ("pʰ iː tʃ ˈɑː ɹ n̩ t͡ʃ ə", "p iy ch aa r n ch ax"),
        ("<p:> D i: @U p @ n aI { S I N <p:>", "sil dh iy ow p ax n ay ae sh ih ng sil"),  # MAUS, English
        ("S 2: n @ R E C t a: l 6", "sh oe n ax x eh y t aa l ah"),  # MAUS, German
    ],
)  # fmt: skip
def test_alphabets(written: str, meant: str) -> None:
    assert names(written) == meant.split()


def test_closure_and_release_are_one_phone() -> None:
    labels = [
        Label("bcl", 0.0, 0.1), Label("b", 0.1, 0.12), Label("aa", 0.12, 0.3), Label("pcl", 0.3, 0.4),
        Label("tcl", 0.4, 0.5), Label("ch", 0.5, 0.6),
    ]  # fmt: skip
    (phones,), unknown = to_phones([labels])
    assert phones == [
        Phone("b", 0.0, 0.12), Phone("aa", 0.12, 0.3), Phone("p", 0.3, 0.4), Phone("ch", 0.4, 0.6),
    ]  # fmt: skip
    assert not unknown


def test_a_diphthong_is_one_phone_of_its_own_name() -> None:
    (phones,), _ = to_phones([[Label("ay", 0.2, 0.5)]])
    assert phones == [Phone("ay", 0.2, pytest.approx(0.5))]
    assert whole_phones(from_arpabet("ow", 1.0, 1.3)) == [Phone("ow", 1.0, pytest.approx(1.3))]
    assert whole_phones(split_phones(phones)) == phones
    two = [Phone("aa", 0.0, 0.1), Phone("ih", 0.1, 0.3)]  # two syllables, not the halves of one
    assert whole_phones(two) == two
    assert openness_mm("ih") < openness_mm("ay") < openness_mm("aa")


def test_unknown_labels_are_counted_and_are_neither_sound_nor_silence() -> None:
    (phones,), unknown = to_phones(
        [[Label("spn", 0, 1), Label("AA1", 1, 2), Label("spn", 2, 3), Label("", 3, 4)]]
    )
    assert unknown == {"spn": 2}
    assert [phone.name for phone in phones] == ["?", "aa", "?", "sil"]


def test_words_are_not_phones() -> None:
    _, unknown = to_phones([[Label("hello", 0, 1), Label("world", 1, 2)]])
    assert set(unknown) == {"hello", "world"}
