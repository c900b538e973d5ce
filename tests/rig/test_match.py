"""Names of other programs find their columns: every dialect, in the forms exporters give them."""

from __future__ import annotations

import pytest

from sadtalker3d.rig import ARKIT_52, OPEN_64, SPEECH_12
from sadtalker3d.rig.dialects import Follow, Looks, dialects
from sadtalker3d.rig.match import Shape, match
from sadtalker3d.rig.names import plain


def shapes(*names: str, mesh: int = 0) -> list[Shape]:
    return [Shape(name, (mesh,)) for name in names]


def pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def underscored(name: str) -> str:
    for side, letter in (("Left", "_L"), ("Right", "_R")):
        if name.endswith(side) and name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            return name.removesuffix(side) + letter
    return name


def snake(name: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c for c in pascal(name)).strip("_")


FORMS = {
    "as Apple": str, "Pascal": pascal, "_L and _R": underscored, "snake": snake,
    "Maya prefix": lambda n: f"blendShape2.{underscored(n)}", "mesh prefix": lambda n: f"Head_{n}",
    "RocketBox": lambda n: f"blendShape1.AK_{ARKIT_52.index(n) + 1:02d}_{pascal(n)}",
    "FBX": lambda n: f"Mix::{pascal(n)}",
    "CC4 ARKit": lambda n: f"A{ARKIT_52.index(n) + 1:02d}_{snake(n).title()}", "Blender copy": lambda n: f"{n}.001",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_arkit_in_every_form(form):
    names = {FORMS[form](column): column for column in ARKIT_52}
    found = match(shapes("Basis", *names))
    assert {name: list(hit.entry.shares) for name, hit in found.hits.items()} == {
        name: [column] for name, column in names.items()
    }
    assert found.dialects == ("arkit",)
    assert (found.left_over, found.missing, found.doubts) == (("Basis",), (), ())


@pytest.mark.parametrize("dialect", [d.name for d in dialects()])
def test_a_character_of_a_dialect_is_known_as_one(dialect):
    (known,) = [d for d in dialects() if d.name == dialect]
    found = match(shapes(*known.targets))
    assert found.dialects[0] == dialect
    assert found.speaks
    assert not found.left_over


def test_every_dialect_names_columns_only():
    for known in dialects():
        assert known.about
        for name, entry in known.targets.items():
            assert entry is not None and set(entry.shares) <= set(OPEN_64), (known.name, name)
            assert all(0 < share <= 2 for share in entry.shares.values())
        forms = [plain(name) for name in known.targets]
        assert len(set(forms)) == len(forms), known.name


def test_oculus_visemes_look_as_the_head_s_own():
    from bfm.visemes import VISEMES

    own = {"viseme_I": "ih", "viseme_O": "oh", "viseme_U": "ou"}
    (oculus,) = [d for d in dialects() if d.name == "oculus"]
    assert len(oculus.targets) == len(VISEMES) == 15
    for name, entry in oculus.targets.items():
        wanted = {
            column: share
            for key, share in VISEMES[own.get(name, name.removeprefix("viseme_"))].items()
            for column in ([key] if key in OPEN_64 else [f"{key}Left", f"{key}Right"])
        }
        assert isinstance(entry, Looks) and dict(entry.shares) == wanted


def test_shapes_speak_before_visemes():
    """Ready Player Me has both sets."""
    visemes = [f"viseme_{v}" for v in ("sil", "PP", "FF", "aa", "E", "I", "O", "U")]
    both = match(shapes(*ARKIT_52, *visemes, "mouthOpen", "mouthSmile", "eyesClosed"))
    assert both.dialects == ("arkit",)
    assert not both.visemes
    assert set(both.unused) == {*visemes, "mouthOpen", "mouthSmile", "eyesClosed"}
    without_jaw = match(shapes(*visemes, "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp"))
    assert set(without_jaw.visemes) == set(visemes)
    assert without_jaw.columns == {"eyeBlinkLeft", "eyeBlinkRight", "browInnerUp"}


def test_default_ready_player_me():
    found = match(shapes("mouthOpen", "mouthSmile"))
    assert found.hits["mouthOpen"].entry == Follow({"jawOpen": 1.0})
    assert found.columns == {"jawOpen", "mouthSmileLeft", "mouthSmileRight"}


def test_a_shape_for_both_sides_only_where_a_side_has_none():
    assert set(match(shapes("Jaw_Open", "Eye_Blink", "Eye_Blink_L", "Eye_Blink_R")).hits) == {
        "Jaw_Open", "Eye_Blink_L", "Eye_Blink_R",
    }  # fmt: skip
    assert set(match(shapes("Jaw_Open", "Eye_Blink")).hits) == {"Jaw_Open", "Eye_Blink"}


def test_our_own_speech_columns_are_known():
    assert set(match(shapes(*OPEN_64)).columns) == set(OPEN_64)
    assert set(SPEECH_12) <= set(match(shapes(*OPEN_64)).columns)


def test_two_names_for_one_thing_in_one_mesh_are_said():
    found = match(shapes("Head_jawOpen", "jawOpen", "JawOpen"))
    assert list(found.hits) == ["jawOpen"]
    assert "'Head_jawOpen' and 'jawOpen' both look like jawOpen; 'jawOpen' is used" in " ".join(
        found.doubts
    ).replace("'jawOpen' and 'Head_jawOpen'", "'Head_jawOpen' and 'jawOpen'")
    assert len(found.doubts) == 2


def test_two_names_on_two_meshes_are_both_meant():
    found = match([*shapes("jawOpen"), *shapes("Teeth_jawOpen", mesh=1)])
    assert set(found.hits) == {"jawOpen", "Teeth_jawOpen"} and not found.doubts


@pytest.mark.parametrize("name", ["aa", "E", "O", "sil", "hat", "Frown lines", "jaw", "smile"])
def test_short_or_foreign_words_mean_nothing_alone(name):
    assert not match(shapes(name, "something", "jawOpen_driver_off")).speaks
