"""Curves on disk: back as they were, as Bezier curves elsewhere, and nothing believed unchecked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.keys import POSE, Curve, reduce_keys
from sadtalker3d.keys_file import SCHEMA, KeyedTake, read_keys, write_keys
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track


def keyed(frames: int = 20) -> KeyedTake:
    rng = np.random.default_rng(0)
    curves = [
        Curve(
            name,
            at := np.array([0, 4, 9, frames - 1]),
            rng.random(len(at)),
            rng.normal(0, 0.05, (len(at), 2)),
        )
        for name in (*OPEN_64, *POSE)
    ]
    return KeyedTake(tuple(curves), 30000 / 1001, frames, audio="ä.wav", max_error_mm=0.1)


def test_there_and_back(tmp_path):
    take = keyed()
    again = read_keys(write_keys(take, tmp_path / "k.json"))
    assert (again.fps, again.frames, again.audio, again.space) == (take.fps, 20, "ä.wav", "open")
    for a, b in zip(take.curves, again.curves, strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.frames, b.frames)
        np.testing.assert_allclose(a.at(np.linspace(0, 19, 77)), b.at(np.linspace(0, 19, 77)), atol=1e-6)
    track = again.track()
    assert isinstance(track, Track)
    np.testing.assert_allclose(track.column("jawOpen"), take.curves[17].at(np.arange(20)), atol=1e-6)


def test_straight_lines_stay_straight(tmp_path, take):
    lines = KeyedTake(reduce_keys(take, 0.1), take.fps, len(take))
    again = read_keys(write_keys(lines, tmp_path / "k.json"))
    assert all(curve.slopes is None for curve in again.curves)
    assert json.loads((tmp_path / "k.json").read_text())["interpolation"] == "linear"


def test_it_is_the_bezier_curve_with_handles_at_a_third(tmp_path):
    write_keys(keyed(), tmp_path / "k.json")
    curve = json.loads((tmp_path / "k.json").read_text())["curves"]["jawOpen"]
    (a, b), n = curve["values"][1:3], 9 - 4
    handles = a, a + curve["slopes_out"][1] * n / 3, b - curve["slopes_in"][2] * n / 3, b
    u = np.linspace(0, 1, 11)
    bernstein = (1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u * u * (1 - u), u**3
    bezier = sum(w * h for w, h in zip(bernstein, handles, strict=True))
    np.testing.assert_allclose(keyed().curves[17].at(4 + n * u), bezier, atol=1e-6)


def changed(**changes):
    return lambda data: {**data, **changes}


def with_curve(**changes):
    return lambda data: {
        **data,
        "curves": {**data["curves"], "jawOpen": {**data["curves"]["jawOpen"], **changes}},
    }


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: [], SCHEMA),
        (changed(schema="other"), SCHEMA),
        (changed(frames=2**40), "length in frames"),
        (changed(frames="3"), "length in frames"),
        (changed(fps=0), "above 0"),
        (changed(curves={}), "64 columns"),
        (with_curve(frames=[0, 4]), "one length"),
        (with_curve(frames=[0, 4, 4, 19]), "increase"),
        (with_curve(frames=[0, 4, 9, 99]), "from 0 to 19"),
        (with_curve(frames=[0.5, 4, 9, 19]), "whole frames"),
        (with_curve(values=[0, 1, None, 2]), "finite"),
        (with_curve(values="abc"), "lists of numbers"),
        (with_curve(values=[0, 1, 2, float("nan")]), "finite"),
    ],
)
def test_damaged_files_are_one_sentence(tmp_path, damage, message):
    write_keys(keyed(), tmp_path / "k.json")
    data = damage(json.loads((tmp_path / "k.json").read_text()))
    (tmp_path / "k.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match=rf"k\.json: .*{message}"):
        read_keys(tmp_path / "k.json")


def test_files_that_are_none(tmp_path):
    with pytest.raises(UserError, match="check the name"):
        read_keys(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UserError, match="not readable as JSON"):
        read_keys(tmp_path / "bad.json")
