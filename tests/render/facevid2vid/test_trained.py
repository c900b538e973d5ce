from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimator
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingNet
from sadtalker3d.render.facevid2vid.sizes import RendererSizes
from sadtalker3d.render.facevid2vid.trained import load_frozen, load_trained, save_trained


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sizes = RendererSizes.of(0.02, 64)
    torch.manual_seed(0)
    networks = {
        "generator": Generator(sizes.generator), "kp_extractor": KeypointDetector(sizes.keypoints),
        "he_estimator": HeadEstimator(sizes.head), "mapping": MappingNet(sizes.mapping),
    }  # fmt: skip
    save_trained(tmp_path, networks, {"size_px": "64", "width": "0.02"})
    return tmp_path


def test_networks_come_back_as_they_were(folder: Path) -> None:
    loaded, again = load_trained(folder), load_trained(folder)
    torch.manual_seed(0)
    sizes = RendererSizes.of(0.02, 64)
    generator = Generator(sizes.generator)
    for name, value in generator.state_dict().items():
        torch.testing.assert_close(loaded.generator.state_dict()[name], value, rtol=0, atol=0)
    assert loaded.mapping.config == sizes.mapping == again.mapping.config
    assert not loaded.generator.training
    assert load_frozen(folder).width == 0.02


def test_a_missing_mapping_network_names_the_command(folder: Path) -> None:
    (folder / "mapping.safetensors").unlink()
    with pytest.raises(UserError, match="train mapping"):
        load_trained(folder)


def test_damaged_and_other_files_are_named(folder: Path) -> None:
    path = folder / "kp_extractor.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="kp_extractor.safetensors"):
        load_trained(folder)
    path.write_bytes((folder / "generator.safetensors").read_bytes())
    with pytest.raises(UserError, match="kp_extractor.safetensors"):
        load_trained(folder)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="kp_extractor.safetensors"):
        load_trained(folder)
