"""Audio2Face: its JSON and CSV as its own programs write them, and back."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.export import a2f, export
from sadtalker3d.export.a2f_names import LEGACY_46
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.track import Track


def arkit_only(track: Track) -> Track:
    return track.replace(expression=track.expression * (np.arange(64) < 52))


def plain(frames: int = 3, names: tuple[str, ...] = ("jawOpen", "mouthClose"), **changes) -> dict:
    """An export as Audio2Face writes it (reference/formats.md D4)."""
    weights = [[round(0.1 * (i + k), 3) for k in range(len(names))] for i in range(frames)]
    return {
        "exportFps": 30.0, "trackPath": "C:/Users/me/line.wav", "numPoses": len(names), "numFrames": frames,
        "facsNames": list(names), "weightMat": weights, **changes,
    }  # fmt: skip


def saved(tmp_path, data) -> str:
    (tmp_path / "their take.json").write_text(json.dumps(data))
    return tmp_path / "their take.json"


@pytest.mark.parametrize("ending", ["json", "csv"])
@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 60, 120])
def test_weights_and_rate_come_back_exactly(tmp_path, full_take, ending, fps):
    given = arkit_only(full_take).replace(fps=fps)
    back = sadtalker3d.load(a2f.write(given, tmp_path / f"t.a2f.{ending}"))
    np.testing.assert_array_equal(back.expression, given.expression)  # 1.3 and -0.1 too: it does not clamp
    assert back.fps == fps and not back.rotation.any()


def test_json_has_its_fields_and_counts(tmp_path, full_take):
    data = json.loads(a2f.write(full_take, tmp_path / "t.a2f.json").read_text())
    assert list(data) == ["exportFps", "trackPath", "numPoses", "numFrames", "facsNames", "weightMat"]
    assert (data["numPoses"], data["numFrames"], data["exportFps"]) == (52, 75, 25.0)
    assert data["facsNames"] == list(ARKIT_52) and data["trackPath"] == full_take.audio
    assert np.shape(data["weightMat"]) == (75, 52)


def test_csv_is_what_the_client_of_the_service_saves(tmp_path, full_take):
    with open(a2f.write(full_take.replace(fps=30), tmp_path / "t.a2f.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["", "timeCode", "blendShapes.EyeBlinkLeft"] and len(rows[0]) == 54
    assert (rows[2][""], rows[2]["timeCode"]) == ("2", "0.066667")
    assert rows[1]["blendShapes.EyeBlinkLeft"] == str(full_take.column("eyeBlinkLeft")[1])


def test_lips_meet_on_a_face_without_the_speech_shapes(tmp_path, take):
    seal = np.zeros((12, 64), np.float32)
    seal[:, OPEN_64.index("mouthSeal")] = 1
    for ending in ("json", "csv"):
        path = export(take.replace(expression=seal), tmp_path / f"t.a2f.{ending}")
        assert (a2f.read(path).column("mouthPressLeft") > 0.3).all()
        export(take.replace(expression=seal), path, fold_speech=False, force=True)
        assert not a2f.read(path).expression.any()


def test_a_plain_json_is_recognised_by_what_is_in_it(tmp_path):
    back = sadtalker3d.load(saved(tmp_path, plain()))
    np.testing.assert_allclose(back.column("mouthClose"), [0.1, 0.2, 0.3])
    assert (back.fps, back.audio, back.meta["trackPath"]) == (30, None, "C:/Users/me/line.wav")
    late = {"joints": {"jaw": [0.0] * 50_000}, **plain()}  # the word stands far from the beginning
    assert sadtalker3d.load(saved(tmp_path, late)).fps == 30


def test_its_sound_is_taken_where_it_is(tmp_path):
    (tmp_path / "line.wav").write_bytes(b"")
    assert a2f.read(saved(tmp_path, plain(trackPath="line.wav"))).audio == "line.wav"


def test_the_older_names_become_arkits(tmp_path):
    assert len(LEGACY_46) == 46
    names = ("jawDrop", "lipSuck", "eyesLookLeft", "innerBrowRaiserL", "innerBrowRaiserR", "BrowLowerR")
    data = plain(1, names, weightMat=[[0.5, 0.25, 1.0, 0.4, 0.6, 0.75]])
    back = a2f.read(saved(tmp_path, data))
    found = {name: float(back.column(name)[0]) for name in back.names if back.column(name)[0]}
    assert found == pytest.approx(
        {
            "jawOpen": 0.5, "mouthRollLower": 0.25, "mouthRollUpper": 0.25, "eyeLookOutLeft": 1.0,
            "eyeLookInRight": 1.0, "browInnerUp": 0.5, "browDownRight": 0.75,
        }
    )  # fmt: skip


def test_unknown_columns_are_listed(tmp_path):
    data = plain(2, ("jawOpen", "Tongue_Bulge", "earWiggle"))
    assert a2f.read(saved(tmp_path, data)).meta["left_out"] == ["Tongue_Bulge", "earWiggle"]


def test_uneven_time_codes_are_brought_to_even_frames(tmp_path):
    path = tmp_path / "animation_frames.csv"
    rows = [f"{i},{t},{v}" for i, (t, v) in enumerate([(0, 0), (0.04, 1), (0.12, 3), (0.16, 4)])]
    path.write_text("\n".join([",timeCode,blendShapes.JawOpen", *rows]))
    back = sadtalker3d.load(path)
    np.testing.assert_allclose(back.column("jawOpen"), [0, 1, 2, 3, 4], atol=1e-6)
    assert back.fps == 25


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"numPoses": 3}, "field 'numPoses' says 3, but there are 2: it is damaged"),
        ({"numFrames": 2**31}, "field 'numFrames' says 2147483648, but there are 3: it is damaged"),
        ({"weightMat": []}, "field 'weightMat' has no frames"),
        ({"weightMat": "x"}, "field 'weightMat' has no frames"),
        (
            {"weightMat": [[0, 1], [0], [0, 1]]},
            "field 'weightMat' has 1 weights in frame 1, but there are 2 names",
        ),
        ({"weightMat": [[0, 1], 5, [0, 1]]}, "field 'weightMat' has no list of weights in frame 1"),
        ({"weightMat": [[0, "a"]] * 3}, "field 'weightMat' holds something that is not a number"),
        ({"weightMat": [[0, [1]]] * 3}, "field 'weightMat' holds something that is not a number"),
        ({"weightMat": [[0, None]] * 3}, ".*not a (finite )?number"),
        ({"weightMat": [[0, 10**400]] * 3}, ".*not a (finite )?number"),
        ({"weightMat": [[0, float("nan")]] * 3}, ".*not a finite number in frame 0"),
        ({"facsNames": ["jawOpen", "JawOpen"]}, "the name 'jawopen' stands there 2 times"),
        ({"facsNames": ["earLeft", "earRight"]}, "none of its names is ARKit's or Audio2Face's .*'earLeft'"),
        ({"facsNames": [1, 2]}, "field 'facsNames' must be a list of names"),
        ({"facsNames": []}, "field 'facsNames' must be a list of names"),
        ({"exportFps": "30"}, "field 'exportFps' is '30'; it must be a number"),
        ({"exportFps": 0}, "field 'fps' is 0"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, changes, message):
    with pytest.raises(UserError, match=rf"their take\.json: {message}"):
        a2f.read(saved(tmp_path, plain(**changes)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",blendShapes.JawOpen\n0,1\n", "has no column 'timeCode'"),
        (",timeCode,blendShapes.JawOpen\n0,0,1\n1,0,1\n", "the timeCode of frame 1 does not come after"),
        (",timeCode,blendShapes.JawOpen\n0,nan,1\n", "the timeCode of frame 0 does not come after"),
        (",timeCode,blendShapes.JawOpen\n0,0,1\n1,.04,1\n2,.08,1\n3,1e9,1\n", "its time codes span"),
        (
            ",timeCode,blendShapes.JawOpen\n0,0,wide\n",
            "line 2 .* not a number under 'blendShapes.JawOpen': 'wide'",
        ),
        (",timeCode,blendShapes.Ear\n0,0,1\n", "none of its names is ARKit's or Audio2Face's"),
    ],
)
def test_what_is_wrong_in_a_csv_is_said(tmp_path, text, message):
    (tmp_path / "bad.a2f.csv").write_text(text)
    with pytest.raises(UserError, match=rf"bad\.a2f\.csv: .*{message}"):
        a2f.read(tmp_path / "bad.a2f.csv")


def test_basel_is_refused(tmp_path, take):
    with pytest.raises(UserError, match="Audio2Face needs a track in the 'open' space"):
        a2f.write(take.replace(space="basel", names=()), tmp_path / "t.a2f.json")
