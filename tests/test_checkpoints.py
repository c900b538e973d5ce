"""Networks are told by their keys and shapes, wherever they lie in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sadtalker3d.checkpoint_files import CheckpointFile, NotWeightsError
from sadtalker3d.checkpoints import Recognised, recognise
from sadtalker3d.errors import UserError
from tests.official_files import PACKED, seeded_state
from tests.seeded import MANIFEST

# torch.zeros on the meta device has shapes and no memory: the generator costs nothing here


def shapes_of(network: str, prefix: str = "") -> dict[str, torch.Tensor]:
    return {f"{prefix}{k}": torch.empty(s, device="meta") for k, s in MANIFEST[network].items()}


def found_in(tensors: dict[str, torch.Tensor]) -> Recognised:
    return recognise(CheckpointFile(Path("w.pth"), tensors))


def test_every_network_of_the_packed_file_is_found_and_nothing_is_left() -> None:
    tensors = {k: v for name in PACKED for k, v in shapes_of(name, f"{name}.").items()}
    found = found_in(tensors)
    assert sorted(found.networks) == sorted(PACKED)
    assert {name: len(state) for name, state in found.networks.items()} == {
        name: len(MANIFEST[name]) for name in PACKED
    }
    assert found.ignored == {}


@pytest.mark.parametrize("network", MANIFEST)
@pytest.mark.parametrize("prefix", ["", "model.", "state.module.", "odd name."])
def test_each_alone_under_any_prefix(network: str, prefix: str) -> None:
    assert list(found_in(shapes_of(network, prefix)).networks) == [network]


def test_what_training_left_is_ignored_and_counted() -> None:
    # SadTalker's head estimator has keys of the mapping network, in other shapes
    estimator = {
        f"he_estimator.{k}": torch.empty(66, 2048) for k in MANIFEST["mapping"] if k.startswith("fc_")
    }
    state = {f"optimizer_generator.state.{i}.exp_avg": torch.empty(3) for i in range(5)}
    found = found_in({**shapes_of("kp_extractor", "kp_detector."), **estimator, **state})
    assert list(found.networks) == ["kp_extractor"]
    assert found.ignored == {"he_estimator": len(estimator), "optimizer_generator": 5}


def test_batch_counters_may_be_missing() -> None:
    tensors = {k: v for k, v in shapes_of("audio2exp").items() if not k.endswith("num_batches_tracked")}
    state = found_in(tensors).networks["audio2exp"]
    assert set(state) == set(MANIFEST["audio2exp"])
    assert all(v.item() == 0 for k, v in state.items() if k.endswith("num_batches_tracked"))


def test_values_are_those_of_the_file() -> None:
    state = seeded_state("audio2exp")
    found = found_in({f"model.{key}": value for key, value in state.items()}).networks["audio2exp"]
    assert all(torch.equal(found[key], value) for key, value in state.items())


@pytest.mark.parametrize("network", ["audio2pose", "generator", "mapping", "mapping_full"])
def test_incomplete_networks_are_named_key_by_key(network: str) -> None:
    tensors = shapes_of(network, f"{network}.")
    gone = [k for k in MANIFEST[network] if not k.endswith("num_batches_tracked")][1:8]
    for key in gone:
        del tensors[f"{network}.{key}"]
    with pytest.raises(UserError, match=f"its {network} is incomplete, 7 of") as caught:
        found_in(tensors)
    assert gone[0] in str(caught.value) and "and 4 more" in str(caught.value)


def test_another_models_shapes_are_named() -> None:
    tensors = {
        key: torch.empty(*value.shape, 2, device="meta") for key, value in shapes_of("generator").items()
    }
    with pytest.raises(UserError, match="another model's"):
        found_in(tensors)
    mapping = shapes_of("mapping")
    mapping["first.0.weight"] = torch.empty(1024, 99, 7)
    with pytest.raises(UserError, match=r"first\.0\.weight \(1024, 99, 7\), not \(1024, 7[03], 7\)"):
        found_in(mapping)


def test_unknown_files_say_which_keys_they_have() -> None:
    with pytest.raises(
        NotWeightsError, match=r"none of SadTalker's networks; its 5 keys are k0, k1, k2 and 2"
    ):
        found_in({f"k{i}": torch.empty(1) for i in range(5)})
    with pytest.raises(NotWeightsError, match="no tensors"):
        found_in({})


def test_the_same_network_twice_is_refused() -> None:
    with pytest.raises(UserError, match="audio2exp twice"):
        found_in({**shapes_of("audio2exp", "a."), **shapes_of("audio2exp", "b.")})
