"""A track never changes, names its columns, and finds its sound again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.track import Track, find_audio, relative_audio


def test_track_cannot_be_changed(take):
    with pytest.raises(dataclasses.FrozenInstanceError):
        take.fps = 30
    for name in ("expression", "rotation", "translation"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(take, name)[0, 0] = 1


def test_track_does_not_follow_the_arrays_it_was_made_from():
    expression, meta = np.zeros((2, 64), np.float32), {"seed": 1}
    made = Track(expression, np.zeros((2, 3)), np.zeros((2, 3)), meta=meta)
    expression[:] = 1
    meta["seed"] = 2
    assert not made.expression.any()
    assert made.meta == {"seed": 1}


def test_columns_are_found_by_name(take):
    np.testing.assert_array_equal(take.column("mouthSeal"), take.expression[:, 63])
    with pytest.raises(UserError, match="no column named 'mouthseal'"):
        take.column("mouthseal")


def test_length_and_duration(take):
    assert (len(take), take.duration_s) == (12, 0.48)


def test_frame_rates_nobody_can_show_are_refused(take):
    for fps in (0, -25, 1e-320, 1e-9, 1001, float("inf")):
        with pytest.raises(UserError, match="field 'fps' is .*; it must lie between 0.001 and 1000"):
            take.replace(fps=fps)


# -- the sound -------------------------------------------------------------------------------------


def test_sound_is_named_relative_to_the_track(tmp_path, take):
    sound = tmp_path / "sounds" / "mój głos.wav"
    sound.parent.mkdir()
    sound.touch()
    track_path = tmp_path / "takes" / "take.json"
    name = relative_audio(sound, track_path)
    assert name == "../sounds/mój głos.wav"
    assert find_audio(take.replace(audio=name), track_path).samefile(sound)
    sound.unlink()
    assert find_audio(take.replace(audio=name), track_path) is None
    assert find_audio(take, track_path) is None


def test_sound_is_found_through_a_linked_folder(tmp_path, take):
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "takes").symlink_to(tmp_path / "far" / "away")
    sound = tmp_path / "a.wav"
    sound.touch()
    name = relative_audio(sound, tmp_path / "takes" / "take.json")
    assert find_audio(take.replace(audio=name), tmp_path / "takes" / "take.json") == sound


def test_a_sound_that_no_file_can_be_called_is_not_there(tmp_path, take):
    for name in ("a" * 5000, "a\x00b.wav", "", ".."):
        assert find_audio(take.replace(audio=name), tmp_path / "take.json") is None
