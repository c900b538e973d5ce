"""A mirrored performance is the mirror image of the head, and twice mirrored the performance itself."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.rotation import to_matrices
from tests.edit.test_edit import track


def test_twice_is_the_same():
    t = track()
    assert edit.mirror(t) != t
    assert edit.mirror(edit.mirror(t)) == t


def test_it_is_what_a_mirror_shows():
    face = bfm.load("open")
    t = track(6)
    t = t.replace(expression=np.abs(t.expression))
    flip = np.array([-1, 1, 1])

    def landmarks(take):
        places = face.landmarks(face.vertices(None, take.expression))
        return places @ to_matrices(take.rotation).transpose(0, 2, 1) + take.translation[:, None]

    # iBUG's landmarks of the left half in the order of the right
    order = [
        *range(16, -1, -1),
        *range(26, 16, -1),
        27,
        28,
        29,
        30,
        35,
        34,
        33,
        32,
        31,
        45,
        44,
        43,
        42,
        47,
        46,
    ]
    order += [
        39,
        38,
        37,
        36,
        41,
        40,
        54,
        53,
        52,
        51,
        50,
        49,
        48,
        59,
        58,
        57,
        56,
        55,
        64,
        63,
        62,
        61,
        60,
        67,
        66,
        65,
    ]
    got, wanted = landmarks(edit.mirror(t)), landmarks(t)[:, order] * flip
    assert np.abs(got - wanted).max() < 0.0005  # half a millimetre: the head itself is that even


def test_basel_has_no_sides():
    with pytest.raises(UserError, match="'open' space"):
        edit.mirror(track().replace(space="basel", names=()))
