"""SadTalker's files, new and old, end as the same networks in the store."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sadtalker3d import weight_store, weights
from sadtalker3d.errors import UserError
from sadtalker3d.weight_import import import_files
from tests.official_files import PACKED, new_file, old_file, seeded_state


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(weight_store.FOLDER_VARIABLE, str(tmp_path / "store"))
    return tmp_path / "store"


def names_in(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir()) if store.exists() else []


def holds(network: str, size: int = 256) -> bool:
    """Whether the store's network has the seeded values."""
    state = weights.official(network, size).state_dict()
    return all(torch.equal(state[key], value) for key, value in seeded_state(network).items())


@pytest.mark.slow
def test_a_complete_official_file(tmp_path: Path, store: Path) -> None:
    imported = import_files([new_file(tmp_path / "SadTalker_V0.0.2_256.safetensors", *PACKED)])
    assert imported.notes == ()
    assert names_in(store) == [
        "audio2exp.safetensors", "audio2pose.safetensors", "face_3drecon.safetensors",
        "generator_256.safetensors", "kp_extractor_256.safetensors",
    ]  # fmt: skip
    assert all(holds(network) for network in PACKED)
    generator = weights.official("generator")
    assert not generator.training and {p.dtype for p in generator.parameters()} == {torch.float32}
    with pytest.raises(UserError, match="weights fetch"):
        weights.official("generator", 512)
    seeded_state.cache_clear()


def test_new_and_old_files_give_the_same_values(tmp_path: Path, store: Path) -> None:
    import_files([new_file(tmp_path / "new" / "any name.safetensors", "audio2exp")])
    new = load_file(store / "audio2exp.safetensors")
    for stream in (False, True):
        content = {
            "model": seeded_state("audio2exp"),
            "epoch": 300,
            "optimizer": {"state": {0: {"m": torch.ones(1)}}},
        }
        old = old_file(tmp_path / "auido2exp_00300-model.pth", content, stream=stream)
        imported = import_files([old], force=True)
        assert imported.written == (store / "audio2exp.safetensors",)
        assert "not needed: optimizer (1)" in imported.notes[0]
        values = load_file(store / "audio2exp.safetensors")
        assert new.keys() == values.keys() and all(torch.equal(new[k], values[k]) for k in new)


def test_the_two_mapping_networks_are_told_apart(tmp_path: Path, store: Path) -> None:
    for network, other in (("mapping", "mapping_00109"), ("mapping_full", "mapping_00229")):
        state = {f"module.{key}": value for key, value in seeded_state(network).items()}
        import_files([old_file(tmp_path / f"{other}-model.pth.tar", {"mapping": state})])
    assert names_in(store) == ["mapping.safetensors", "mapping_full.safetensors"]
    assert holds("mapping") and holds("mapping_full")


def test_half_precision_becomes_float32(tmp_path: Path, store: Path) -> None:
    state = {
        key: value.half() if value.is_floating_point() else value
        for key, value in seeded_state("audio2exp").items()
    }
    import_files([old_file(tmp_path / "half.pth", state)])
    values = load_file(store / "audio2exp.safetensors")
    assert {value.dtype for value in values.values()} == {torch.float32, torch.int64}
    assert all(torch.equal(values[key], value.to(values[key].dtype)) for key, value in state.items())


def test_the_same_file_gives_the_same_bytes(tmp_path: Path, store: Path) -> None:
    file = new_file(tmp_path / "a.safetensors", "audio2exp")
    import_files([file])
    first = (store / "audio2exp.safetensors").read_bytes()
    import_files([file], force=True)
    assert (store / "audio2exp.safetensors").read_bytes() == first


def test_what_is_there_stays_unless_forced(tmp_path: Path, store: Path) -> None:
    import_files([new_file(tmp_path / "a.safetensors", "audio2exp")])
    before = (store / "audio2exp.safetensors").read_bytes()
    other = old_file(tmp_path / "b.pth", {k: v + 1 for k, v in seeded_state("audio2exp").items()})
    imported = import_files([other])
    assert imported.written == () and "stays; --force" in imported.notes[0]
    assert (store / "audio2exp.safetensors").read_bytes() == before
    assert import_files([other], force=True).written and not holds("audio2exp")


def test_a_folder_prefers_new_files_and_leaves_others_out(tmp_path: Path, store: Path) -> None:
    folder = tmp_path / "checkpoints"
    new_file(folder / "z.safetensors", "audio2exp")
    old_file(
        folder / "auido2exp_00300-model.pth",
        {"model": {k: v + 1 for k, v in seeded_state("audio2exp").items()}},
    )
    old_file(folder / "mapping_00109-model.pth.tar", {"mapping": seeded_state("mapping_full")})
    old_file(folder / "wav2lip.pth", {"state_dict": {"face_encoder.0.weight": torch.ones(3)}})
    (folder / "BFM_Fitting").mkdir()
    (folder / "readme.txt").write_text("hello")
    imported = import_files([folder], force=True)
    assert names_in(store) == ["audio2exp.safetensors", "mapping_full.safetensors"]
    assert holds("audio2exp"), "the new file's values, not the old one's"
    assert any("wav2lip.pth" in note and "face_encoder" in note for note in imported.notes)
    assert any("auido2exp_00300" in note and "another" in note for note in imported.notes)


def test_nothing_is_stored_unless_all_is_sound(tmp_path: Path, store: Path) -> None:
    good = new_file(tmp_path / "good.safetensors", "audio2exp")
    bad = {key: value.clone() for key, value in seeded_state("mapping_full").items()}
    bad["fc_t.bias"][2] = float("nan")
    with pytest.raises(UserError, match=r"bad.pth, mapping_full: fc_t.bias .* not finite"):
        import_files([good, old_file(tmp_path / "bad.pth", bad)])
    del bad["fc_t.bias"]
    with pytest.raises(UserError, match=r"mapping_full is incomplete, 1 of 18 keys are missing: fc_t.bias"):
        import_files([good, old_file(tmp_path / "bad.pth", bad)])
    assert not store.exists()


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("SadTalker_V0.0.2_512.safetensors", None, 512),
        ("my_256_copy.pth", 512, 256),
        ("facevid2vid_00189-model.pth.tar", None, 256),
        ("mine.pth", 512, 512),
        ("mine.pth", None, None),
        ("256_or_512.pth", None, None),
    ],
)
def test_the_picture_size_of_a_generator(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    store: Path,
    name: str,
    given: int | None,
    expected: int | None,
) -> None:
    # the generator itself is too large for a quick test: a small network stands in for it
    monkeypatch.setattr(weights, "SIZED_NETWORKS", ("audio2exp",))
    file = old_file(tmp_path / name, {"model": seeded_state("audio2exp")})
    if expected is None:
        with pytest.raises(UserError, match="say --size 256 or --size 512"):
            import_files([file], size=given)
        assert not store.exists()
    else:
        import_files([file], size=given)
        assert names_in(store) == [f"audio2exp_{expected}.safetensors"]


def test_the_hash_of_an_official_file_outweighs_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Path
) -> None:
    from dataclasses import replace

    from sadtalker3d.weight_import import file_hash

    monkeypatch.setattr(weights, "SIZED_NETWORKS", ("audio2exp",))
    file = old_file(tmp_path / "renamed_256.pth", seeded_state("audio2exp"))
    rows = [
        replace(row, sha256=file_hash(file)) if row.size == 512 else row for row in weights.OFFICIAL_FILES
    ]
    monkeypatch.setattr(weights, "OFFICIAL_FILES", rows)
    import_files([file])
    assert names_in(store) == ["audio2exp_512.safetensors"]


def test_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="256 and 512"):
        import_files([tmp_path], size=300)
