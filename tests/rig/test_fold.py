"""Folded speech columns look on the embedded head as the columns themselves do."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.rig.fold import SPEECH_IN_ARKIT, to_arkit
from sadtalker3d.track import Track


def one(**weights: float) -> Track:
    row = np.zeros((1, 64), np.float32)
    for name, weight in weights.items():
        row[0, OPEN_64.index(name)] = weight
    return Track(row, np.zeros((1, 3)), np.zeros((1, 3)))


@pytest.mark.parametrize("name", [name for name in SPEECH_IN_ARKIT if name.startswith("mouth")])
def test_lips_look_the_same(name):
    face = bfm.load("open")
    skin = np.unique(face.faces[face.parts["skin"]])
    basis = face.expression_basis[:, skin]
    folded = np.tensordot(to_arkit(one(**{name: 1.0}))[0], basis[:52], 1)
    wanted = basis[OPEN_64.index(name)]
    assert np.linalg.norm(folded - wanted) < 0.35 * np.linalg.norm(wanted)


def test_only_what_is_inside_the_mouth_is_left_out():
    face = bfm.load("open")
    skin = np.unique(face.faces[face.parts["skin"]])
    for name in set(OPEN_64[52:]) - set(SPEECH_IN_ARKIT):
        assert np.abs(face.expression_basis[OPEN_64.index(name)][skin]).max() < 5e-4, name


def test_shapes_are_arkits_and_left_is_right():
    for shapes in SPEECH_IN_ARKIT.values():
        assert set(shapes) <= set(ARKIT_52)
        for name, weight in shapes.items():
            assert shapes[name.replace("Left", "Right")] == weight


def test_nothing_is_lifted_above_one_or_lowered():
    rng = np.random.default_rng(0)
    track = Track(rng.uniform(0, 1.4, (30, 64)), np.zeros((30, 3)), np.zeros((30, 3)))
    plain, folded = to_arkit(track, fold_speech=False), to_arkit(track)
    np.testing.assert_array_equal(plain, track.expression[:, :52])
    assert (folded >= plain).all()
    assert (folded <= np.maximum(plain, 1)).all()


def test_a_basel_track_is_refused(take):
    with pytest.raises(UserError, match="an ARKit face needs a track in the 'open' space"):
        to_arkit(take.replace(space="basel", names=()))
