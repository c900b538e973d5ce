import pytest
import torch

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.generator import Generator, GeneratorConfig
from sadtalker3d.render.facevid2vid.keypoints import KeypointConfig, KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingConfig
from sadtalker3d.render.facevid2vid.sizes import RendererSizes, config_from_text, config_text


def test_the_official_sizes_unless_told_otherwise() -> None:
    sizes = RendererSizes.of(1, 256)
    assert (sizes.generator, sizes.keypoints) == (GeneratorConfig(), KeypointConfig())
    assert sizes.mapping == MappingConfig()


@pytest.mark.parametrize(("width", "size_px"), [(0.02, 64), (0.1, 96), (0.05, 128)])
def test_narrow_networks_see_their_pictures(width: float, size_px: int) -> None:
    sizes = RendererSizes.of(width, size_px)
    generator, keypoints = Generator(sizes.generator).eval(), KeypointDetector(sizes.keypoints).eval()
    picture = torch.rand(1, 3, size_px, size_px)
    with torch.no_grad():
        places = keypoints(picture)
        assert generator(picture, places, places).shape == picture.shape
    assert places.shape == (1, 15, 3)


@pytest.mark.parametrize(("width", "size_px"), [(1, 192), (0.5, 100), (0.5, 32), (0, 256), (1.5, 256)])
def test_what_does_not_fit_is_refused(width: float, size_px: int) -> None:
    with pytest.raises(UserError):
        RendererSizes.of(width, size_px)


@pytest.mark.parametrize("width", [1, 0.3])
def test_a_config_comes_back_from_its_text(width: float) -> None:
    sizes = RendererSizes.of(width, 256)
    for config in (sizes.generator, sizes.keypoints, sizes.head, sizes.mapping):
        assert config_from_text(type(config), config_text(config)) == config


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"coefficients": 70, "hidden": 8}', '{"coefficients": 70, "hidden": 1e12, "layers": 3}',
     '{"coefficients": 70, "hidden": -8, "layers": 3}', '{"coefficients": "x", "hidden": 8, "layers": 3}'],
)  # fmt: skip
def test_a_damaged_config_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="MappingConfig"):
        config_from_text(MappingConfig, text)
