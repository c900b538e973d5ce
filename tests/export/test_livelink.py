"""Live Link Face CSV: the layout of real recordings, and back."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.export import livelink
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.track import Track

# reference/formats.md D3: the header of recordings; jaw and mouth have Right before Left
RECORDED_HEADER = (
    "Timecode,BlendshapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,EyeLookUpLeft,"
    "EyeSquintLeft,EyeWideLeft,EyeBlinkRight,EyeLookDownRight,EyeLookInRight,EyeLookOutRight,"
    "EyeLookUpRight,EyeSquintRight,EyeWideRight,JawForward,JawRight,JawLeft,JawOpen,MouthClose,"
    "MouthFunnel,MouthPucker,MouthRight,MouthLeft,MouthSmileLeft,MouthSmileRight,MouthFrownLeft,"
    "MouthFrownRight,MouthDimpleLeft,MouthDimpleRight,MouthStretchLeft,MouthStretchRight,MouthRollLower,"
    "MouthRollUpper,MouthShrugLower,MouthShrugUpper,MouthPressLeft,MouthPressRight,MouthLowerDownLeft,"
    "MouthLowerDownRight,MouthUpperUpLeft,MouthUpperUpRight,BrowDownLeft,BrowDownRight,BrowInnerUp,"
    "BrowOuterUpLeft,BrowOuterUpRight,CheekPuff,CheekSquintLeft,CheekSquintRight,NoseSneerLeft,"
    "NoseSneerRight,TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,"
    "RightEyePitch,RightEyeRoll"
)


def rows_of(path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def arkit_only(track: Track) -> Track:
    return track.replace(expression=track.expression * (np.arange(64) < 52))


def test_header_is_that_of_recordings(tmp_path, full_take):
    path = livelink.write(full_take, tmp_path / "t.csv")
    assert path.read_text().splitlines()[0] == RECORDED_HEADER
    assert len(RECORDED_HEADER.split(",")) == 63


def test_each_value_stands_under_its_name(tmp_path):
    weights = np.zeros((52, 64), np.float32)
    weights[np.arange(52), np.arange(52)] = 0.25
    for row, name in zip(
        rows_of(livelink.write(Track(weights, np.zeros((52, 3)), np.zeros((52, 3))), tmp_path / "t.csv")),
        ARKIT_52,
        strict=True,
    ):
        assert [k for k, v in row.items() if v == "0.25"] == [name[0].upper() + name[1:]]
        assert row["BlendshapeCount"] == "61"


@pytest.mark.parametrize(("unit", "scale"), [("rad", 1.0), ("deg", 180 / math.pi)])
def test_head_angles_and_units(tmp_path, take, unit, scale):
    pose = np.array([[0.1, 0.2, 0.3]] * 12)  # pitch, yaw, roll
    row = rows_of(livelink.write(take.replace(rotation=pose), tmp_path / "t.csv", angle_unit=unit))[0]
    assert float(row["HeadPitch"]) == pytest.approx(0.1 * scale)
    assert float(row["HeadYaw"]) == pytest.approx(0.2 * scale)
    assert float(row["HeadRoll"]) == pytest.approx(0.3 * scale)
    assert row["LeftEyeYaw"] == row["RightEyeRoll"] == "0.0"


def test_lips_meet_on_a_face_without_the_speech_shapes(tmp_path, take):
    seal = np.zeros((12, 64), np.float32)
    seal[:, OPEN_64.index("mouthSeal")] = 1
    sealed = take.replace(expression=seal)
    row = rows_of(livelink.write(sealed, tmp_path / "t.csv"))[0]
    assert float(row["MouthPressLeft"]) == float(row["MouthPressRight"]) > 0.3
    row = rows_of(livelink.write(sealed, tmp_path / "t.csv", fold_speech=False))[0]
    assert not any(float(row[name]) for name in RECORDED_HEADER.split(",")[2:54])


def test_timecode_counts_frames_within_the_second(tmp_path, take):
    long = Track(np.zeros((5 * 3700, 64)), *[np.zeros((5 * 3700, 3))] * 2, fps=5.0)
    codes = [row["Timecode"] for row in rows_of(livelink.write(long, tmp_path / "t.csv"))]
    assert codes[:2] == ["00:00:00:00.000", "00:00:00:01.000"]
    assert codes[15] == "00:00:03:00.000"
    assert codes[-1] == "01:01:39:04.000"
    codes = [row["Timecode"] for row in rows_of(livelink.write(take.replace(fps=59.94), tmp_path / "t.csv"))]
    assert codes[11] == "00:00:00:11.000"


@pytest.mark.parametrize("fps", [12.5, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 100])
@pytest.mark.parametrize("unit", ["rad", "deg"])
def test_read_gives_weights_angles_and_rate_back(tmp_path, full_take, fps, unit):
    track = arkit_only(full_take).replace(fps=fps)
    track = track.replace(
        **{n: np.tile(getattr(track, n), (3, 1)) for n in ("expression", "rotation", "translation")}
    )
    back = livelink.read(livelink.write(track, tmp_path / "t.csv", angle_unit=unit), angle_unit=unit)
    np.testing.assert_array_equal(back.expression, track.expression)
    np.testing.assert_allclose(back.rotation, track.rotation, atol=1e-6)
    assert back.fps == fps


def test_one_frame(tmp_path, take):
    track = arkit_only(take)
    track = track.replace(
        expression=track.expression[:1], rotation=track.rotation[:1], translation=track.translation[:1]
    )
    back = livelink.read(livelink.write(track, tmp_path / "t.csv"))
    np.testing.assert_array_equal(back.expression, track.expression)


def recording(tmp_path, codes: list[str], header: str = "timecode,BlendShapeCount,jawOPEN,HeadYaw") -> str:
    path = tmp_path / "recording.csv"
    lines = [header] + [f"{code},61,{i / 10},{i / 100}" for i, code in enumerate(codes)]
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_reads_any_case_any_order_and_plain_timecodes(tmp_path):
    back = livelink.read(
        recording(tmp_path, ["11:02:09:58", "11:02:09:59", "11:02:10:00", "11:02:10:01"]), fill_missing=True
    )
    np.testing.assert_allclose(back.column("jawOpen"), [0, 0.1, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(back.rotation[:, 1], [0, 0.01, 0.02, 0.03], rtol=1e-6)
    assert back.fps == 60


def test_dropped_frames_are_interpolated(tmp_path):
    codes = ["00:00:00:28.100", "00:00:00:29.100", "00:00:01:00.100", "00:00:01:04.100"]
    back = livelink.read(recording(tmp_path, codes), fill_missing=True)
    assert back.fps == 30
    np.testing.assert_allclose(back.column("jawOpen"), [0, 0.1, 0.2, 0.225, 0.25, 0.275, 0.3], rtol=1e-5)


def test_midnight_does_not_turn_time_back(tmp_path):
    back = livelink.read(
        recording(tmp_path, ["23:59:59:23", "23:59:59:24", "00:00:00:00", "00:00:00:01"]), fill_missing=True
    )
    assert (len(back), back.fps) == (4, 25)


def test_neutral_first_frame(tmp_path):
    codes = [f"00:00:00:{i:02d}" for i in range(4)]
    path = recording(tmp_path, codes)
    path.write_text(path.read_text().replace(",0.0,0.0", ",0.15,0.5"))
    back = livelink.read(path, neutral_first_frame=True, fill_missing=True)
    np.testing.assert_allclose(back.column("jawOpen"), [0, 0, 0.05, 0.15], atol=1e-6)
    assert back.rotation[0, 1] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty, or its first line is"),
        ("Time,Value\n1,2\n", "its first line has none of ARKit's names"),
        ("Timecode,JawOpen\n", "has a header, but no frames"),
        ("Timecode,JawOpen\n00:00:00:00,1\n00:00:00:01\n", "line 3 has 1 values, the header has 2"),
        ("Timecode,JawOpen\n00:00:00:00,wide\n", "line 2 holds something that is not a number"),
        ("Timecode,JawOpen\n00:00:00:00,nan\n", "not a finite number in frame 0"),
        ("Timecode,JawOpen\nnoon,1\n", "frame 0 has the timecode 'noon'"),
        ("Timecode,JawOpen\n00:00:00:05,1\n00:00:00:05,1\n", "timecode of frame 1 does not come after"),
        ("Timecode,JawOpen\n00:00:00:00,1\n99999:00:00:00,1\n", "its timecodes show no frame rate"),
    ],
)
def test_bad_recordings_say_what_is_wrong(tmp_path, text, message):
    (tmp_path / "bad one.csv").write_text(text)
    with pytest.raises(UserError, match=rf"bad one\.csv: .*{message}"):
        livelink.read(tmp_path / "bad one.csv", fill_missing=True)


def test_timecodes_far_apart_are_not_filled_with_a_year_of_frames(tmp_path):
    with pytest.raises(UserError, match="more than a day"):
        livelink.read(recording(tmp_path, ["00:00:00:00", "9999:00:00:00"]), fps=25, fill_missing=True)


def test_same_track_same_bytes(tmp_path, full_take):
    first = livelink.write(full_take, tmp_path / "a.csv").read_bytes()
    assert livelink.write(full_take, tmp_path / "b.csv").read_bytes() == first


def test_missing_columns_are_named_and_can_be_zero(tmp_path, full_take):
    path = livelink.write(arkit_only(full_take), tmp_path / "t.csv")
    rows = [row.split(",") for row in path.read_text().splitlines()]
    keep = [i for i, name in enumerate(rows[0]) if name not in ("JawOpen", "TongueOut", "HeadYaw")]
    path.write_text("\n".join(",".join(row[i] for i in keep) for row in rows))
    with pytest.raises(
        UserError, match=r"t\.csv: lacks 2 of the 52 weights: JawOpen, TongueOut; .*--fill-missing"
    ):
        livelink.read(path)
    back = livelink.read(path, fill_missing=True)
    assert not back.column("jawOpen").any() and not back.rotation[:, 1].any()
    np.testing.assert_array_equal(back.column("mouthClose"), full_take.column("mouthClose"))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_of_another_country_reads_the_same(tmp_path, full_take, separator):
    path = livelink.write(arkit_only(full_take), tmp_path / "t.csv")
    given = livelink.read(path)
    path.write_text(path.read_text().replace(",", separator).replace(".", ","))
    assert "0,000" in path.read_text()
    assert livelink.read(path) == given


def test_decimal_commas_between_commas_are_said(tmp_path, full_take):
    path = livelink.write(full_take, tmp_path / "t.csv")
    head, body = path.read_text().split("\n", 1)
    path.write_text(head + "\n" + body.replace(".", ","))
    with pytest.raises(
        UserError, match=r"line 2 has \d+ values, the header has 63: are its numbers written 0,5\?"
    ):
        livelink.read(path)


def test_degrees_are_not_taken_for_radians(tmp_path, take):
    turned = take.replace(rotation=np.tile([0.0, 0.5, 0.0], (12, 1)))
    path = livelink.write(turned, tmp_path / "t.csv", angle_unit="deg")
    with pytest.raises(
        UserError, match="its head angles reach 28.6, too much for radians; .*--angle-unit deg"
    ):
        livelink.read(path)
    np.testing.assert_allclose(livelink.read(path, angle_unit="deg").rotation, turned.rotation, atol=1e-6)


@pytest.mark.parametrize("real", [59.97, 29.94, 23.98])
def test_a_camera_a_little_slower_than_its_timecode(tmp_path, full_take, real):
    """Frames lie 1/59.97 s apart, the timecode counts sixtieths: the second has 59.97 of them, none too many."""
    path = livelink.write(arkit_only(full_take).replace(fps=real), tmp_path / "t.csv")
    base, lines = round(real), path.read_text().splitlines()
    for i in range(len(lines) - 1):
        second, part = divmod((i + 0.25) / real, 1)
        lines[i + 1] = (
            f"00:00:{int(second):02d}:{part * base:06.3f}" + lines[i + 1][lines[i + 1].index(",") :]
        )
    path.write_text("\n".join(lines))
    back = livelink.read(path)
    assert len(back) == len(full_take) and abs(back.fps - real) < 0.04
    np.testing.assert_array_equal(back.column("jawOpen"), full_take.column("jawOpen"))


def test_columns_that_say_nothing_are_listed(tmp_path, full_take):
    path = livelink.write(full_take, tmp_path / "t.csv")
    rows = path.read_text().splitlines()
    path.write_text("\n".join([rows[0] + ",Mood", *(row + ",1" for row in rows[1:])]))
    assert livelink.read(path).meta["left_out"] == ["Mood"]
