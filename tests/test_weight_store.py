"""The store: where it is, what it holds, and that damage is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from sadtalker3d import weight_store, weights
from sadtalker3d.errors import UserError
from tests.official_files import seeded_state


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(weight_store.FOLDER_VARIABLE, str(tmp_path / "store"))
    return tmp_path / "store"


def put(network: str = "audio2exp") -> Path:
    with weight_store.storing("a.pth", "5" * 64) as write:
        return write(network, None, seeded_state(network))


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "data/sadtalker3d/weights"),
        ("linux", None, "home/.local/share/sadtalker3d/weights"),
        ("darwin", None, "home/Library/Application Support/sadtalker3d/weights"),
        ("win32", "LOCALAPPDATA", "data/sadtalker3d/weights"),
    ],
)
def test_the_folder_is_the_platforms(monkeypatch, tmp_path, platform, variable, expected) -> None:
    for name in (weight_store.FOLDER_VARIABLE, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "data"))
    assert weight_store.folder() == tmp_path / expected


def test_places_are_one_for_each_network_and_two_where_the_size_matters() -> None:
    paths = [weight_store.stored_path(network, size).name for network, size in weight_store.places()]
    assert len(set(paths)) == len(paths) == len(weights.OFFICIAL_NETWORKS) + 2
    assert {"generator_256.safetensors", "generator_512.safetensors", "mapping.safetensors"} <= set(paths)


def test_the_header_says_where_it_came_from() -> None:
    path = put()
    found = weight_store.stored("audio2exp", None)
    assert found == weight_store.check("audio2exp", None)
    assert found is not None
    assert (found.path, found.source, found.source_sha256) == (path, "a.pth", "5" * 64)


def test_several_networks_appear_together_or_not_at_all(store: Path) -> None:
    with pytest.raises(RuntimeError), weight_store.storing("a.pth", "5" * 64) as write:
        write("audio2exp", None, seeded_state("audio2exp"))
        raise RuntimeError("the second network cannot be read")
    assert not store.exists()


def test_absent_networks_say_how_to_get_them() -> None:
    with pytest.raises(UserError, match="weights fetch.*weights import FILE"):
        weights.official("mapping")
    with pytest.raises(UserError, match="the known ones are audio2exp"):
        weights.official("wav2lip")
    with pytest.raises(UserError, match="256 or 512"):
        weights.official("generator", 1024)
    assert weight_store.stored("mapping", None) is None


def test_changed_values_are_noticed() -> None:
    path = put()
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"not those that were imported.*--force"):
        weight_store.check("audio2exp", None)


def test_damage_is_one_sentence() -> None:
    path = put()
    path.write_bytes(path.read_bytes()[:-7])
    for look in (weight_store.stored, weight_store.load, weight_store.check):
        with pytest.raises(UserError, match="audio2exp.safetensors: is damaged"):
            look("audio2exp", None)


def test_keys_of_another_version_are_refused() -> None:
    path = put()
    state = load_file(path)
    del state["mapping1.bias"]
    save_file(state, path)
    with pytest.raises(UserError, match="not this version's"):
        weights.official("audio2exp")
