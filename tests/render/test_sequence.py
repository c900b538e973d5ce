from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sadtalker3d.errors import UserError
from sadtalker3d.render.sequence import check_sequence, pattern_of, write_sequence
from tests.render.test_video import flash


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pictures_come_back_exactly(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 17, 23, 4), np.uint8)
    assert write_sequence(pattern_of(tmp_path / "out"), iter(noise)) == 3
    assert names(tmp_path / "out") == [f"frame_0000{i}.png" for i in range(3)]
    for i, given in enumerate(noise):
        np.testing.assert_array_equal(np.array(Image.open(tmp_path / "out" / f"frame_0000{i}.png")), given)


def test_a_pattern_says_how_the_pictures_are_called(tmp_path: Path) -> None:
    write_sequence(pattern_of(tmp_path / "take %03d x.png"), flash(2, at=0))
    assert names(tmp_path) == ["take 000 x.png", "take 001 x.png"]


@pytest.mark.parametrize("name", ["a.png", "a_%d.png", "a_%05d_%05d.png", "a%%_%05d.png"])
def test_a_name_without_one_number_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="_%05d.png"):
        pattern_of(tmp_path / name)


def test_the_names_of_videos_and_others_are_not_sequences(tmp_path: Path) -> None:
    (tmp_path / "old.mp4").mkdir()
    for name in ("a.mp4", "old.mp4", "a.gif"):
        assert pattern_of(tmp_path / name) is None


def test_pictures_that_are_there_stay_without_force_and_go_all_with_it(tmp_path: Path) -> None:
    pattern = pattern_of(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    check_sequence(pattern, force=False)
    write_sequence(pattern, flash(5, at=0))
    with pytest.raises(UserError, match=r"frame_00000\.png: exists already.*--force"):
        check_sequence(pattern, force=False)
    check_sequence(pattern, force=True)
    write_sequence(pattern, flash(2, at=0))  # shorter: none of the longer take's are left
    assert names(tmp_path) == ["frame_00000.png", "frame_00001.png", "notes.txt"]


def test_an_input_is_never_replaced(tmp_path: Path) -> None:
    pattern = pattern_of(tmp_path)
    write_sequence(pattern, flash(3, at=0))
    with pytest.raises(UserError, match="is what is being read"):
        check_sequence(pattern, force=True, inputs=[tmp_path / "frame_00002.png"])


def test_no_frames_and_wrong_frames_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no frames"):
        write_sequence(pattern_of(tmp_path / "out"), iter(()))
    with pytest.raises(ValueError, match="uint8"):
        write_sequence(pattern_of(tmp_path / "out"), iter([np.zeros((4, 4, 3))]))
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_sequence(pattern_of(tmp_path / "file" / "out"), flash(1, at=0))
    assert names(tmp_path) == ["file"]
