"""Editing keeps what it does not change, and changes the rest by what the words say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track


def track(frames: int = 50, fps: float = 25, seed: int = 0) -> Track:
    """A seeded random walk in every column."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.03, (frames, 70)), axis=0)
    return Track(walk[:, :64], walk[:, 64:67], walk[:, 67:], fps=fps, audio="a.wav", meta={"seed": seed})


def rows(t: Track) -> np.ndarray:
    return np.hstack([t.expression, t.rotation, t.translation])


def column(name: str) -> int:
    return OPEN_64.index(name)


# -- gain and offset -------------------------------------------------------------------------------


def test_gain_multiplies_a_region_and_nothing_else():
    t = track()
    out = edit.gain(t, {"brows": 2.0})
    brows = [column(name) for name in OPEN_64 if name.startswith("brow")]
    np.testing.assert_array_equal(out.expression[:, brows], 2 * t.expression[:, brows])
    np.testing.assert_array_equal(np.delete(rows(out), brows, 1), np.delete(rows(t), brows, 1))


def test_gains_of_region_name_and_head_combine():
    t = track()
    out = edit.gain(t, {"mouth": 2, "jawOpen": 0.25, "head": 0})
    np.testing.assert_array_equal(out.column("jawOpen"), 0.5 * t.column("jawOpen"))
    np.testing.assert_array_equal(out.column("mouthSeal"), 2 * t.column("mouthSeal"))
    assert not out.rotation.any()
    assert not out.translation.any()


def test_every_column_lies_in_a_mouth_eye_or_upper_face_region():
    covered = {name for region in ("mouth", "eyes", "upper_face") for name in edit.REGIONS[region]}
    assert covered == set(OPEN_64)
    assert set(edit.REGIONS["left"]).isdisjoint(edit.REGIONS["right"])
    assert len(edit.REGIONS["left"]) == len(edit.REGIONS["right"])


def test_offset_adds_to_every_frame():
    t = track()
    out = edit.offset(
        t, {"mouthSmileLeft": 0.1, "gaze": 0.2}, rotation_rad=(0, 0.3, 0), translation=(0, 0, 1)
    )
    np.testing.assert_allclose(out.column("mouthSmileLeft") - t.column("mouthSmileLeft"), 0.1, atol=1e-6)
    np.testing.assert_allclose(out.column("eyeLookUpLeft") - t.column("eyeLookUpLeft"), 0.2, atol=1e-6)
    np.testing.assert_allclose(out.rotation - t.rotation, [[0, 0.3, 0]] * 50, atol=1e-6)
    np.testing.assert_allclose(out.translation - t.translation, [[0, 0, 1]] * 50, atol=1e-6)


# -- smooth ----------------------------------------------------------------------------------------


def test_smoothing_does_not_delay():
    t = np.arange(250) / 25
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * 1.3 * t)
    out = edit.smooth(Track(np.tile(wave[:, None], 64), *[np.zeros((250, 3))] * 2), 0.2).column("jawOpen")
    lags = range(-5, 6)
    inner = slice(20, -20)
    match = [np.corrcoef(np.roll(wave, lag)[inner], out[inner])[0, 1] for lag in lags]
    assert list(lags)[int(np.argmax(match))] == 0
    assert match[5] > 0.9999


def test_width_is_that_at_half_height():
    spike = np.zeros((101, 64), np.float32)
    spike[50] = 1
    out = edit.smooth(Track(spike, *[np.zeros((101, 3))] * 2, fps=100), 0.2).column("jawOpen")
    assert out[50 + 10] / out[50] == pytest.approx(0.5, abs=1e-3)
    assert out.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(out, out[::-1], atol=1e-7)


@given(st.integers(1, 60), st.floats(0, 3), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_smoothing_never_overshoots_and_keeps_constants(frames, width_s, seed):
    t = track(frames, seed=seed)
    out, before = rows(edit.smooth(t, width_s)), rows(t)
    assert (out <= before.max(0) + 1e-5).all()
    assert (out >= before.min(0) - 1e-5).all()
    still = t.replace(expression=np.full((frames, 64), 0.3))
    np.testing.assert_allclose(edit.smooth(still, width_s).expression, 0.3, atol=1e-6)


def test_smoothing_of_one_part_leaves_the_others():
    t = track()
    head = edit.smooth(t, 0.3, ["head"])
    np.testing.assert_array_equal(head.expression, t.expression)
    assert np.abs(np.diff(head.rotation, axis=0)).sum() < 0.7 * np.abs(np.diff(t.rotation, axis=0)).sum()
    lids = edit.smooth(t, 0.3, ["blink"])
    changed = np.flatnonzero((lids.expression != t.expression).any(0))
    assert changed.tolist() == [column("eyeBlinkLeft"), column("eyeBlinkRight")]
    np.testing.assert_array_equal(lids.rotation, t.rotation)


def test_no_width_changes_nothing():
    assert edit.smooth(track(), 0) == track()


# -- trim and join ---------------------------------------------------------------------------------


def test_trim_keeps_whole_frames():
    t = track()
    out = edit.trim(t, 0.4, 1.2)
    np.testing.assert_array_equal(rows(out), rows(t)[10:30])
    assert out.audio is None
    assert out.meta["cut_from"] == {"audio": "a.wav", "start_s": 0.4}
    assert edit.trim(t, 0, 1).audio == "a.wav"
    assert edit.trim(t) == t


@given(st.integers(1, 49))
def test_cut_and_joined_without_fade_is_the_same_motion(at):
    t = track()
    out = edit.join(edit.trim(t, 0, at / 25), edit.trim(t, at / 25), crossfade_s=0)
    np.testing.assert_array_equal(rows(out), rows(t))


def test_cross_fade_has_the_ends_of_both_and_no_jump():
    a, b = (Track(np.full((50, 64), value), *[np.full((50, 3), value)] * 2) for value in (0.0, 1.0))
    out = rows(edit.join(a, b, crossfade_s=0.4))
    assert len(out) == 90
    assert not out[:40].any()
    assert (out[50:] == 1).all()
    steps = np.diff(out, axis=0)
    assert (steps >= 0).all()
    assert steps.max() < 0.15
    assert edit.join(a, b, crossfade_s=0.4).duration_s == pytest.approx(3.6)


# -- resample --------------------------------------------------------------------------------------


def test_doubled_rate_has_the_old_frames_and_their_middles():
    t = track()
    np.testing.assert_allclose(rows(edit.resample(t, 50))[::2], rows(t), atol=1e-7)
    out = edit.resample(t, 50, between="linear")
    np.testing.assert_allclose(rows(out)[::2], rows(t), atol=1e-7)
    np.testing.assert_allclose(rows(out)[1:-1:2], (rows(t)[1:] + rows(t)[:-1]) / 2, atol=1e-6)
    assert (out.fps, out.duration_s) == (50, t.duration_s)


@given(st.floats(5, 120), st.integers(1, 80))
@settings(deadline=None, max_examples=40)
def test_a_straight_line_stays_where_it_was_in_time(fps, frames):
    line = np.arange(frames)[:, None] / 25
    t = Track(np.tile(line, 64), np.tile(line, 3), np.tile(line, 3))
    out = edit.resample(t, fps)
    times = np.minimum(np.arange(len(out)) / out.fps, (frames - 1) / 25)  # 23.976 is 24000/1001
    np.testing.assert_allclose(out.column("jawOpen"), times, atol=1e-5)
    assert abs(out.duration_s - t.duration_s) <= max(0.5 / fps, 1 / fps - t.duration_s) + 1e-9


def test_same_rate_changes_nothing():
    assert edit.resample(track(), 25) == track()


# -- bad input -------------------------------------------------------------------------------------

T = track()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: edit.gain(T, {"nostrils": 1}), "unknown part 'nostrils'; use a column's name, mouth"),
        (lambda: edit.gain(T, {"mouth": float("nan")}), "amount for 'mouth' is nan"),
        (lambda: edit.gain(T.replace(space="basel", names=()), {"mouth": 2}), "region 'mouth'"),
        (lambda: edit.offset(T, {"head": 1}), "rotation_rad"),
        (lambda: edit.offset(T, {"jawOpen": float("inf")}), "amount for 'jawOpen' is inf"),
        (lambda: edit.smooth(T, -1), "width is -1 s; it must be 0 or more"),
        (lambda: edit.smooth(T, 0.1, ["chin"]), "unknown part 'chin'"),
        (lambda: edit.trim(T, 1, 1), "no frame lies between 1 and 1 s; the track is 2 s long"),
        (lambda: edit.trim(T, 5), "no frame lies between"),
        (lambda: edit.trim(T, float("nan")), "give times in seconds"),
        (lambda: edit.join(T, T.replace(space="basel", names=())), "'open' space"),
        (lambda: edit.join(T, T.replace(names=tuple(reversed(OPEN_64)))), "different columns"),
        (lambda: edit.join(T, T.replace(fps=30)), "25 and 30 frames a second; resample"),
        (lambda: edit.join(T, T, crossfade_s=3), "cross-fade of 3 s is longer than a track of 2 s"),
        (lambda: edit.join(T, T, crossfade_s=-1), "it must be 0 or more"),
        (lambda: edit.resample(T, 0), "0 frames a second is not possible"),
        (lambda: edit.resample(T, float("nan")), "nan frames a second is not possible"),
        (lambda: edit.resample(T.replace(fps=0.001), 1000), "more than a day"),
        (
            lambda: edit.gain(T.replace(names=tuple(f"x{n}" for n in OPEN_64)), {"mouth": 2}),
            "no column named",
        ),
    ],
)
def test_bad_input_says_what_to_do(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_editing_a_basel_track_by_column_and_as_a_whole():
    basel = track().replace(space="basel", names=())
    out = edit.gain(basel, {"basel_exp_03": 3, "face": 2})
    np.testing.assert_allclose(out.expression[:, 3], 6 * basel.expression[:, 3], rtol=1e-6)
    assert edit.smooth(basel, 0.1).space == "basel"
