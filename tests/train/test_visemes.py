"""Every phone has one viseme, and the groups keep apart what the eye keeps apart."""

from __future__ import annotations

from sadtalker3d.train.phones import BILABIAL, LABIODENTAL, SHAPES
from sadtalker3d.train.visemes import NAMES, OF_PHONE, PHONES_OF, VISEMES


def test_each_phone_is_in_one_group() -> None:
    assert sorted(phone for group in VISEMES.values() for phone in group) == sorted(SHAPES)
    assert sum(len(group) for group in PHONES_OF) == len(OF_PHONE) == len(SHAPES)


def test_closures_and_lip_to_teeth_stand_alone() -> None:
    assert set(VISEMES["lips shut"]) == BILABIAL
    assert set(VISEMES["lip at teeth"]) == LABIODENTAL
    assert NAMES[OF_PHONE[list(SHAPES).index("p")]] == "lips shut"
