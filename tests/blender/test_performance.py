"""Names, values and axes, without Blender."""

from __future__ import annotations

import numpy as np
import pytest

from blender_addon.matching import map_document, match, rows_of_map
from blender_addon.performance import (
    FACINGS,
    Row,
    angles_of,
    columns_of,
    frames_of,
    gaze_angles,
    key_values,
    shifts,
    translation_of,
    turns,
)
from blender_addon.sources import entry_of, text_of
from sadtalker3d.errors import UserError
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.rig.dialects import SCHEMA, parse_map
from sadtalker3d.track import Track

VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")


@pytest.fixture
def take() -> Track:
    draw = np.random.default_rng(3)
    return Track(draw.random((9, 64), np.float32), draw.normal(0, 0.2, (9, 3)), draw.normal(0, 0.01, (9, 3)))


@pytest.mark.parametrize(
    "spell",
    [
        lambda name: name,
        lambda name: name[0].upper() + name[1:],
        lambda name: "blendShape2." + name.replace("Left", "_L").replace("Right", "_R"),
    ],
)
def test_the_dialects_of_arkit_match_completely(spell):
    found = match([spell(name) for name in ARKIT_52] + ["wrinkle"])
    assert {row.key: row.source for row in found.rows} == {spell(name): name for name in ARKIT_52}
    assert found.missing == () and found.extra == ("wrinkle",)


def test_a_head_with_the_speech_shapes_folds_nothing():
    assert len(match(OPEN_64).rows) == 64


def test_values_and_back(take):
    rows = [
        Row("jaw", "0.5 jawOpen", 1.0, 0.1),
        Row("shut", "mouthClose"),
        Row("smile", "mean mouthSmileLeft + mouthSmileRight", 2),
    ]
    quiet = take.replace(expression=np.where(np.arange(64) < 52, take.expression, 0))  # nothing to fold
    values = key_values(quiet, rows)
    np.testing.assert_allclose(values["jaw"], 0.5 * take.column("jawOpen") + 0.1, atol=1e-6)
    smiles = take.column("mouthSmileLeft") + take.column("mouthSmileRight")
    np.testing.assert_allclose(values["smile"], smiles, atol=1e-6)
    back = columns_of(values, rows, take.names, len(take))
    np.testing.assert_allclose(back[:, take.index("jawOpen")], take.column("jawOpen"), atol=1e-6)
    with pytest.raises(UserError, match="'wing' in the map is no column"):
        key_values(take, [Row("a", "wing")])


def test_a_character_that_only_has_visemes_opens_its_mouth(take):
    names = ["viseme_" + name for name in VISEMES]
    found = match(names)
    assert {row.key for row in found.rows} == set(names)
    expression = np.zeros((2, 64))
    expression[1, OPEN_64.index("jawOpen")] = 0.5
    open_wide = Track(expression, np.zeros((2, 3)), np.zeros((2, 3)))
    values = key_values(open_wide, found.rows)
    assert values["viseme_aa"][1] > 0.3 and values["viseme_aa"][0] < 0.01
    back = columns_of(values, found.rows, OPEN_64, 2)
    assert back[1, OPEN_64.index("jawOpen")] > 0.3


def test_sources_are_read_as_they_are_written():
    for text in (
        "jawOpen",
        "mean eyeBlinkLeft + eyeBlinkRight",
        "looks 0.5 jawOpen + 0.4 tongueDown",
        "looks",
    ):
        rig = parse_map({"schema": SCHEMA, "targets": {"key": entry_of(text)}})
        assert text_of(rig.targets["key"]) == text


def test_a_map_is_one_the_command_line_reads():
    rows = (Row("Mund", "jawOpen", 1.2, 0.1), Row("A", "looks 0.5 jawOpen", 0.9))
    rig = parse_map(map_document("mine.json", rows, {"head": "Kopf"}))
    assert rows_of_map(rig) == rows
    assert rig.bones == {"head": "Kopf"}


@pytest.mark.parametrize("facing", FACINGS)
def test_turns_and_back(take, facing):
    np.testing.assert_allclose(angles_of(turns(take, 0.7, facing), 0.7, facing), take.rotation, atol=1e-6)
    np.testing.assert_allclose(
        translation_of(shifts(take, 0.7, facing), 0.7, facing), take.translation, atol=1e-7
    )


def test_axes():
    nod = Track(np.zeros((1, 64)), np.array([[0.3, 0, 0]]), np.array([[0, 0, 0.01]]))
    nose = {"-Y": (0, -1, 0), "+X": (1, 0, 0), "+Y": (0, 1, 0), "-X": (-1, 0, 0)}
    for facing, forward in nose.items():
        np.testing.assert_allclose(shifts(nod, 1, facing)[0], 0.01 * np.array(forward), atol=1e-12)
        moved = turns(nod, 1, facing)[0] @ forward
        assert moved[2] == pytest.approx(-np.sin(0.3)), "pitch + is chin down, wherever the face looks"


def test_gaze_to_the_subjects_left(take):
    look = np.zeros((1, 64))
    look[0, OPEN_64.index("eyeLookOutLeft")] = look[0, OPEN_64.index("eyeLookInRight")] = 1
    track = Track(look, np.zeros((1, 3)), np.zeros((1, 3)))
    for side in ("Left", "Right"):
        np.testing.assert_allclose(gaze_angles(track, side, 0.5), [[0, 0.5]])


def test_frames_of_another_rate():
    np.testing.assert_allclose(frames_of(3, 25, 30 / 1.001, 10), [10, 10 + 1.1988012, 10 + 2.3976024])
