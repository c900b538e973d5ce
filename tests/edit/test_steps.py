"""Edits as text do what the functions do."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d import edit
from sadtalker3d.edit.steps import STEPS, Setting, apply, gaze_targets
from sadtalker3d.errors import UserError
from tests.edit.test_edit import track

T = track(100)
SETTING = Setting(seed=3, other=lambda name: track(50, seed=9))


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("gain", "mouth=1.2,head=.5", lambda: edit.gain(T, {"mouth": 1.2, "head": 0.5})),
        ("offset", "browInnerUp=.1,yaw=90,z=-.02",
         lambda: edit.offset(T, {"browInnerUp": 0.1}, rotation_rad=(0, np.pi / 2, 0), translation=(0, 0, -0.02))),
        ("smooth", "0.2", lambda: edit.smooth(T, 0.2)),
        ("smooth", "head=0.2,lips=.04", lambda: edit.smooth(edit.smooth(T, 0.2, ["head"]), 0.04, ["lips"])),
        ("trim", "1.2:3.4", lambda: edit.trim(T, 1.2, 3.4)),
        ("trim", "1:", lambda: edit.trim(T, 1)),
        ("trim", ":2", lambda: edit.trim(T, 0, 2)),
        ("join", "other.json", lambda: edit.join(T, track(50, seed=9))),
        ("loop", "2", lambda: edit.loop(T, 2)),
        ("loop", "9.4s", lambda: edit.loop(T, length_s=9.4)),
        ("fps", "29.97", lambda: edit.resample(T, 30000 / 1001)),
        ("fps", "24000/1001", lambda: edit.resample(T, 23.976)),
        ("length", "5.5", lambda: edit.retime(T, 5.5)),
        ("mirror", "", lambda: edit.mirror(T)),
        ("emotion", "joy=.6@1:2", lambda: edit.emotion(T, "joy", 0.6, start_s=1, end_s=2, seed=3)),
        ("gaze", "camera", lambda: edit.gaze_at(T)),
        ("gaze", "0@camera,1.5@20/-5",
         lambda: edit.gaze_at(T, [(0, edit.CAMERA_M), (1.5, edit.toward(20, -5))])),
        ("gaze", "wander", lambda: edit.gaze_wander(T, seed=3)),
        ("blinks", "15/min", lambda: edit.blinks(T, rate_per_min=15, seed=3)),
        ("blinks", "1.2s,3.4s", lambda: edit.blinks(T, times_s=[1.2, 3.4])),
        ("blinks", "none", lambda: edit.blinks(T, rate_per_min=0)),
        ("add_blinks", "2s", lambda: edit.blinks(T, times_s=[2], keep=True)),
    ],
)  # fmt: skip
def test_text_means_the_function(name, text, wanted):
    assert apply(T, name, text, SETTING) == wanted()


def test_every_step_is_tried_above():
    tried = {
        mark.args[1][i][0]
        for mark in test_text_means_the_function.pytestmark
        for i in range(len(mark.args[1]))
    }
    assert tried == set(STEPS)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("gain", "mouthSmile=2", "--gain mouthSmile=2: unknown part .* did you mean mouthSmileLeft or mouthSmileRight"),
        ("gain", "jawopne=2", "did you mean jawOpen"),
        ("gain", "mouth", "write PART=FACTOR"),
        ("gain", "mouth=x", "write PART=FACTOR"),
        ("gain", "mouth=inf", "not a finite number"),
        ("offset", "head=1", "pitch, yaw and roll in degrees"),
        ("smooth", "lips=-1", "0 or more"),
        ("trim", "1.2", "write START:END"),
        ("trim", "4:3", "no frame lies between"),
        ("loop", "2.5", "how many rounds"),
        ("loop", "xs", "how many rounds"),
        ("fps", "30/0", "write frames a second"),
        ("fps", "1e9", "not possible"),
        ("length", "0", "seconds above 0"),
        ("emotion", "joy", "write NAME=INTENSITY"),
        ("emotion", "glee=1", "unknown emotion 'glee'; choose one of joy"),
        ("gaze", "up", "write camera, wander"),
        ("gaze", "1@left", "write camera, wander"),
        ("gaze", "1@nan/3", "not a finite number"),
        ("blinks", "often", "how many a minute"),
        ("blinks", "9s", "no blink is possible at 9 s"),
        ("add_blinks", "-3", "--add-blinks -3"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_step(name, text, message):
    with pytest.raises(UserError, match=message):
        apply(T, name, text, SETTING)


def test_targets_of_a_gaze():
    assert gaze_targets("camera") == [(0, edit.CAMERA_M)]
    (first, _), (second, point) = gaze_targets("0@camera,1.5@90/0")
    assert (first, second) == (0, 1.5)
    assert point[0] == pytest.approx(2)
    assert point[2] == pytest.approx(0.1086)


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e30", "1e-308", "1e9", "0"])
def test_absurd_numbers_are_refused_or_harmless(number):
    for name, text in (
        ("gain", "mouth={}"), ("offset", "yaw={}"), ("offset", "x={}"), ("smooth", "{}"), ("trim", "{0}:{0}"),
        ("loop", "{}"), ("loop", "{}s"), ("fps", "{}"), ("length", "{}"), ("emotion", "joy={}"),
        ("emotion", "joy=1@{0}:{0}"), ("gaze", "0@{0}/{0}"), ("blinks", "{}"), ("blinks", "{}s"),
    ):  # fmt: skip
        try:
            out = apply(track(30), name, text.format(number), SETTING)
        except UserError:
            continue
        assert len(out) < 100
        assert np.isfinite(out.expression).all()
