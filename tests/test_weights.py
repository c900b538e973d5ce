"""The table of weights and the networks it names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sadtalker3d import weights
from sadtalker3d.errors import UserError
from tests.seeded import MANIFEST


@pytest.mark.parametrize("name", MANIFEST)
def test_networks_have_the_official_keys_and_shapes(name: str) -> None:
    state = weights.build(name).state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == MANIFEST[name]


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(UserError, match="audio2exp, audio2pose"):
        weights.build("audio2face")
    with pytest.raises(UserError, match="expnet, expnet_live, posevae"):
        weights.embedded("lipnet")


@pytest.mark.parametrize("row", weights.WEIGHT_FILES, ids=lambda row: row.name)
def test_embedded_weights_load(row: weights.WeightFile) -> None:
    network = weights.embedded(row.name)
    assert not network.training
    assert all(p.dtype.is_floating_point and p.isfinite().all() for p in network.parameters())


def test_embedded_weights_are_small_and_the_tables() -> None:
    files = [weights.EMBEDDED_FOLDER / row.file for row in weights.WEIGHT_FILES]
    assert sum(file.stat().st_size for file in files) < 25e6
    assert [hashlib.sha256(f.read_bytes()).hexdigest() for f in files] == [
        r.sha256 for r in weights.WEIGHT_FILES
    ]
    assert len(weights.verify_embedded()) == len(files)


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = weights.WEIGHT_FILES[0]
    monkeypatch.setattr(weights, "EMBEDDED_FOLDER", tmp_path)
    with pytest.raises(UserError, match="missing"):
        weights.embedded(row.name)
    (tmp_path / row.file).write_bytes(b"not weights")
    with pytest.raises(UserError, match="sha256"):
        weights.embedded(row.name)
