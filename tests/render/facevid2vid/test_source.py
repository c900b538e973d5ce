"""A portrait's coefficients from SadTalker's .mat and from tracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.source import read_source
from sadtalker3d.track import Track


def basel(**fields: object) -> Track:
    return Track(np.zeros((2, 64)), np.zeros((2, 3)), np.zeros((2, 3)), space="basel", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [70, 73])
def test_the_first_row_of_a_mat(tmp_path: Path, width: int) -> None:
    rows = np.random.default_rng(0).normal(size=(3, width)).astype(np.float32)
    scipy.io.savemat(tmp_path / "me.mat", {"coeff_3dmm": rows, "full_3dmm": np.zeros((1, 257))})
    np.testing.assert_array_equal(read_source(tmp_path / "me.mat"), rows[0])


@pytest.mark.parametrize("width", [70, 73])
def test_what_a_track_was_made_for(tmp_path: Path, width: int) -> None:
    numbers = np.arange(width, dtype=np.float32) / 7
    path = basel(meta={"source": numbers.tolist()}).save(tmp_path / "take.json")
    np.testing.assert_array_equal(read_source(path), numbers)


@pytest.mark.parametrize("source", [None, "me.mat", [1.0] * 64, [[1.0] * 73], ["a"] * 73, {"a": 1}])
def test_the_first_frame_of_a_track_that_does_not_say(tmp_path: Path, source: object) -> None:
    track = basel(meta={"source": source}).replace(rotation=np.array([[0.1, 0.2, 0.3], [1, 1, 1]]))
    numbers = read_source(track.save(tmp_path / "take.json"))
    np.testing.assert_array_equal(numbers, np.float32([*[0] * 64, 0.1, 0.2, 0.3, 0, 0, 0]))


def test_an_open_track_is_refused(tmp_path: Path) -> None:
    path = basel().replace(space="open", names=()).save(tmp_path / "take.json")
    with pytest.raises(UserError, match=r"take\.json: .*'basel'"):
        read_source(path)


def test_a_mat_of_69_columns_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "me.mat", {"coeff_3dmm": np.zeros((3, 69))})
    with pytest.raises(UserError, match=r"me\.mat: field 'coeff_3dmm' has shape \(3, 69\)"):
        read_source(tmp_path / "me.mat")
