"""Save then load is exact, and every field that is wrong is named."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sadtalker3d import track as track_module
from sadtalker3d import track_files
from sadtalker3d.errors import UserError
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import BASEL_NAMES, SCHEMA, Track, load, save
from sadtalker3d.track_files import JSON_FIELDS, from_dict

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    """Any valid track."""
    frames = draw(st.integers(1, 4))
    space = draw(st.sampled_from(["open", "basel"]))
    names = draw(st.just(()) | st.lists(text, min_size=64, max_size=64, unique=True).map(tuple))
    return Track(
        *[draw(arrays(np.float32, (frames, width), elements=finite)) for width in (64, 3, 3)],
        fps=draw(st.floats(0.001, 1000)),
        space=space,
        names=names,
        audio=draw(st.none() | text),
        meta=draw(st.dictionaries(text, plain_json, max_size=4)),
    )


def plain(frames: int = 2) -> dict[str, Any]:
    """The parsed JSON of a valid track file."""
    return {
        "schema": SCHEMA, "fps": 25.0, "space": "open", "names": list(OPEN_64),
        "expression": [[0.5] * 64] * frames, "rotation": [[0.1] * 3] * frames,
        "translation": [[0.0] * 3] * frames, "audio": "a.wav", "meta": {"seed": 1},
    }  # fmt: skip


# -- exactness -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["json", "npz"])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(track=tracks())
def test_save_then_load_is_exact(tmp_path_factory, ending, track):
    path = tmp_path_factory.mktemp("exact") / f"take.{ending}"
    save(track, path)
    back = load(path)
    assert back == track
    for name in ("expression", "rotation", "translation"):
        ours, theirs = getattr(track, name), getattr(back, name)
        assert ours.dtype == theirs.dtype == np.float32
        np.testing.assert_array_equal(ours.view(np.uint32), theirs.view(np.uint32))  # -0.0 too


def test_basel_track_through_upstreams_mat(tmp_path, take):
    basel = take.replace(space="basel", names=())
    basel.save(tmp_path / "take.mat")
    back = load(tmp_path / "take.mat")
    assert back.replace(meta=basel.meta) == basel
    assert scipy.io.loadmat(tmp_path / "take.mat")["coeff_3dmm"].shape == (12, 70)


def test_upstreams_source_mat_of_73_columns_loads(tmp_path):
    rows = np.random.default_rng(0).normal(size=(5, 73))
    scipy.io.savemat(tmp_path / "source.mat", {"coeff_3dmm": rows, "full_3dmm": np.zeros((5, 257))})
    back = load(tmp_path / "source.mat")
    np.testing.assert_array_equal(back.expression, rows[:, :64].astype(np.float32))
    np.testing.assert_array_equal(back.translation, rows[:, 67:70].astype(np.float32))
    assert (back.space, back.names) == ("basel", BASEL_NAMES)


@pytest.mark.parametrize("moving", [False, True])
def test_73_columns_come_back_as_73(tmp_path, moving):
    rows = np.random.default_rng(0).normal(size=(5, 73)).astype(np.float32)
    if not moving:
        rows[:, 70:] = rows[0, 70:]
    scipy.io.savemat(tmp_path / "source.mat", {"coeff_3dmm": rows})
    track = load(save(load(tmp_path / "source.mat"), tmp_path / "in between.json"))
    save(track, tmp_path / "again.mat")
    np.testing.assert_array_equal(scipy.io.loadmat(tmp_path / "again.mat")["coeff_3dmm"], rows)
    shorter = track.replace(**{n: getattr(track, n)[:2] for n in ("expression", "rotation", "translation")})
    save(shorter, tmp_path / "shorter.mat")  # whose crop a moving one would be is not known
    assert scipy.io.loadmat(tmp_path / "shorter.mat")["coeff_3dmm"].shape == (2, 70 if moving else 73)


def test_file_has_exactly_the_documented_fields(tmp_path, take):
    data = json.loads(take.save(tmp_path / "take.json").read_text())
    assert set(data) == {"schema", *JSON_FIELDS}
    assert data["schema"] == "sadtalker3d.track/1"
    assert set(JSON_FIELDS) == {field.name for field in dataclasses.fields(Track)}


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_same_track_same_bytes(tmp_path, take, ending):
    first = take.save(tmp_path / f"a.{ending}").read_bytes()
    assert take.save(tmp_path / f"b.{ending}").read_bytes() == first


def test_a_file_with_a_byte_order_mark_loads(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(plain()), encoding="utf-8-sig")
    assert len(load(tmp_path / "t.json")) == 2


# -- bad fields ------------------------------------------------------------------------------------


def without(field: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.pop(field) and None


def having(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.update(fields)


def rows(count: int, width: int, value: Any = 0.0) -> list[list[Any]]:
    return [[value] * width for _ in range(count)]


BAD_FIELDS = [
    *[(without(field), f"field '{field}' is missing") for field in (*JSON_FIELDS, "schema")],
    (having(schema="sadtalker3d.track/2"), "its schema is 'sadtalker3d.track/2', this version reads"),
    (having(schema=1), "its schema is 1"),
    (having(colour="red"), "field 'colour' is not part of sadtalker3d.track/1"),
    (having(fps="25"), "field 'fps' must be a number, not str"),
    (having(fps=True), "field 'fps' must be a number, not bool"),
    (having(fps=None), "field 'fps' must be a number"),
    (having(fps=0), "field 'fps' is 0; it must lie between 0.001 and 1000"),
    (having(fps=-25), "field 'fps' is -25"),
    (having(fps=float("nan")), "field 'fps' is nan"),
    (having(fps=1e9), "field 'fps' is 1000000000.0"),
    (having(fps=10**400), "field 'fps' is 1"),
    (having(space="flame"), "field 'space' is 'flame'; it must be one of open, basel"),
    (having(space=["open"]), "field 'space' is \\['open'\\]"),
    (having(names="jawOpen"), "field 'names' must be a list of 64 names"),
    (having(names=[1] * 64), "field 'names' must hold text only"),
    (having(names=list(OPEN_64[:63])), "field 'names' must hold 64 different names"),
    (having(names=["jawOpen"] * 64), "field 'names' must hold 64 different names, it holds 1"),
    (having(names=[]), "field 'names' must be a list of 64 names"),
    (having(expression=rows(2, 63)), r"field 'expression' has shape \(2, 63\); it must be \(frames, 64\)"),
    (having(expression=[0.0] * 64), r"field 'expression' has shape \(64,\)"),
    (having(expression=[[0.0] * 64, [0.0] * 63]), "field 'expression' must be a list of rows of 64 numbers"),
    (having(expression=rows(2, 64, "x")), "field 'expression' must be a list of rows of 64 numbers"),
    (having(expression=rows(2, 64, "1")), "field 'expression' must be a list of rows of 64 numbers"),
    (having(expression=rows(2, 64, None)), "field 'expression'"),
    (having(expression=rows(2, 64, True)), "field 'expression' must be a list of rows of 64 numbers"),
    (having(expression={}), "field 'expression'"),
    (having(expression=None), "field 'expression'"),
    (having(expression=[]), "field 'expression' has no frames"),
    (having(expression=[[], []]), "field 'expression'"),
    (having(expression=[[0.0] * 64, [float("nan")] * 64]), "'expression' is not a finite number in frame 1"),
    (having(rotation=rows(2, 3, float("inf"))), "field 'rotation' is not a finite number in frame 0"),
    (having(rotation=rows(2, 3, 1e300)), "field 'rotation' is not a finite number in frame 0"),
    (having(rotation=rows(2, 3, 10**400)), "field 'rotation'"),
    (having(rotation=rows(3, 3)), "field 'rotation' has 3 frames, but 'expression' has 2"),
    (having(translation=rows(2, 4)), r"field 'translation' has shape \(2, 4\)"),
    (having(audio=5), "field 'audio' must be a file name or null"),
    (having(meta=None), "field 'meta' must be a JSON object"),
    (having(meta=[1]), "field 'meta' must be a JSON object"),
]


@pytest.mark.parametrize(("change", "message"), BAD_FIELDS)
def test_a_bad_field_is_named(tmp_path, change, message):
    data = plain()
    change(data)
    path = tmp_path / "my take.json"
    path.write_text(json.dumps(data))
    with pytest.raises(UserError, match=rf"my take\.json: .*{message}") as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(plain_json)
@settings(deadline=None)
def test_no_json_at_all_gives_anything_but_a_user_error(data):
    with pytest.raises(UserError):
        from_dict(data)


@given(st.sampled_from(JSON_FIELDS), plain_json)
@settings(deadline=None, max_examples=300)
def test_any_one_field_replaced_is_accepted_or_a_user_error(field, value):
    try:
        made = from_dict({**plain(), field: value})
    except UserError as error:
        assert field in str(error) or field in ("expression", "rotation")
    else:
        assert isinstance(made, Track)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; make it again"),
        (b"{", "not readable as JSON"),
        (b"\xff\xfe\x00", "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b"[]", "field 'schema' is missing"),
        (b"null", "field 'schema' is missing"),
        (json.dumps(plain()).encode()[:-9], "not readable as JSON"),
        (json.dumps(plain()).replace("25.0", "9" * 5000).encode(), "not readable as JSON|field 'fps'"),
    ],
)
def test_what_is_no_track_at_all(tmp_path, content, message):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(UserError, match=rf"t\.json: .*({message})"):
        load(tmp_path / "t.json")


def test_a_folder_or_a_missing_file_is_named(tmp_path):
    (tmp_path / "t.json").mkdir()
    cases = {
        "t.json": "is a folder",
        "none.npz": "no such file; check the name",
        "t.json/in it.json": "no such file",
        "x" * 300 + ".json": "cannot be opened",
    }
    for name, message in cases.items():
        with pytest.raises(UserError, match=f"{name}: {message}"):
            load(tmp_path / name)


def test_other_endings_are_refused(tmp_path, take):
    with pytest.raises(UserError, match=r"t\.pkl: a track is saved as \.json, \.npz or \.mat"):
        take.save(tmp_path / "t.pkl")
    with pytest.raises(UserError, match=r"t\.pkl: unknown ending '\.pkl'; choose one of \.glb"):
        load(tmp_path / "t.pkl")


def npz(path: Path, **changes: Any) -> Path:
    header = json.dumps({key: plain()[key] for key in ("schema", "fps", "space", "names", "audio", "meta")})
    arrays = {key: np.array(plain()[key], np.float32) for key in ("expression", "rotation", "translation")}
    fields = {"header": np.array(header), **arrays, **changes}
    np.savez(path, **{key: value for key, value in fields.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expression": None}, "field 'expression' is missing"),
        ({"header": None}, "field 'header' is missing"),
        ({"header": np.array("{")}, "not readable"),
        ({"header": np.array("[]")}, "field 'schema' is missing"),
        ({"header": np.array('{"schema": "sadtalker3d.track/9"}')}, "its schema is 'sadtalker3d.track/9'"),
        ({"expression": np.zeros((2, 65))}, r"field 'expression' has shape \(2, 65\)"),
        ({"expression": np.zeros((2, 64), complex)}, "field 'expression' must be a list of rows"),
        ({"expression": np.full((2, 64), "0.5")}, "field 'expression' must be a list of rows"),
        ({"rotation": np.full((2, 3), np.nan)}, "field 'rotation' is not a finite number in frame 0"),
        ({"rotation": np.array([[object()] * 3] * 2)}, "not readable as a track"),
    ],
)
def test_a_bad_npz_is_named(tmp_path, changes, message):
    with pytest.raises(UserError, match=rf"t\.npz: .*{message}"):
        load(npz(tmp_path / "t.npz", **changes))


def test_an_npz_that_claims_a_huge_count_is_refused_without_reading_it(tmp_path):
    path = npz(tmp_path / "t.npz", expression=np.zeros((2, 64), np.float32))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"'shape': (2, 64), }      ", b"'shape': (9999999999, 64), }"[:25]))
    with pytest.raises(UserError, match=r"t\.npz: "):
        load(path)


def test_more_than_a_day_of_frames_is_refused(monkeypatch):
    monkeypatch.setattr(track_module, "MAX_FRAMES", 3)
    with pytest.raises(UserError, match="field 'expression' has 4 frames, more than a day"):
        from_dict(plain(4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"coeff_3dmm": np.zeros((5, 64))}, r"field 'coeff_3dmm' has shape \(5, 64\)"),
        ({"coeff_3dmm": np.zeros((0, 70))}, "no frames"),
        ({"coeff_3dmm": np.full((2, 70), np.nan)}, "field 'expression' is not a finite number in frame 0"),
        ({"coeff_3dmm": "text"}, "field 'coeff_3dmm'"),
        ({"full_3dmm": np.zeros((5, 257))}, "field 'coeff_3dmm' is missing"),
    ],
)
def test_a_bad_mat_is_named(tmp_path, content, message):
    scipy.io.savemat(tmp_path / "t.mat", content)
    with pytest.raises(UserError, match=rf"t\.mat: .*{message}"):
        load(tmp_path / "t.mat")


def test_a_mat_that_claims_a_huge_count_is_refused_without_reading_it(tmp_path, monkeypatch):
    scipy.io.savemat(tmp_path / "t.mat", {"coeff_3dmm": np.zeros((4, 70))})
    monkeypatch.setattr(track_files, "MAX_FRAMES", 3)
    with pytest.raises(UserError, match=r"t\.mat: field 'coeff_3dmm' has 4 frames, more than a day"):
        load(tmp_path / "t.mat")


def test_a_frame_rate_that_mat_cannot_hold_is_refused(tmp_path, take):
    with pytest.raises(UserError, match="25 frames a second, this track has 30"):
        take.replace(space="basel", names=(), fps=30).save(tmp_path / "take.mat")
    assert list(tmp_path.iterdir()) == []


def test_spaces_are_not_mixed(tmp_path, take):
    with pytest.raises(UserError, match=r"needs a track in the 'basel' space, this one is 'open'"):
        take.save(tmp_path / "take.mat")
    assert list(tmp_path.iterdir()) == []


def test_meta_that_json_cannot_hold_is_refused_and_leaves_nothing(tmp_path, take):
    for meta in ({"when": object()}, {"gain": float("nan")}):
        for ending in ("json", "npz"):
            with pytest.raises(UserError, match="field 'meta'"):
                take.replace(meta=meta).save(tmp_path / f"take.{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_a_sound_whose_name_is_not_utf8(tmp_path, take, ending):
    odd = take.replace(audio=b"stra\xdfe.wav".decode(errors="surrogateescape"))
    assert load(odd.save(tmp_path / f"t.{ending}")) == odd


def test_meta_holds_what_the_file_will_give_back(tmp_path, take):
    odd = take.replace(meta={"size": (1, 2), 3: "three"})
    assert odd.meta == {"size": [1, 2], "3": "three"}
    assert load(odd.save(tmp_path / "t.json")) == odd
