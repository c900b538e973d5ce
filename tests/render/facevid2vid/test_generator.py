"""The generator gives the numbers of the original network, stage by stage."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.grid import coordinate_grid
from tests.render.facevid2vid.conftest import conformance, tensor

pytestmark = pytest.mark.slow


def stats(value: torch.Tensor) -> list[float]:
    x = value.double()
    return [float(v) for v in (x.mean(), x.std(correction=0), x.min(), x.max(), x.abs().sum())]


def test_frame_equals_upstream(generator: Generator) -> None:
    data = conformance("generator_256")
    driving, source = (torch.from_numpy(data[key]) for key in ("kp_driving", "kp_source"))
    motion = generator.dense_motion_network
    with torch.inference_mode():
        volume = generator.encode(tensor(data["image_256"]))
        np.testing.assert_allclose(stats(volume), data["feature3d_stats"], rtol=1e-4, atol=1e-5)
        grid = coordinate_grid(volume.shape[2:], volume)
        heat = motion.heat_maps(grid, driving, source)
        np.testing.assert_allclose(stats(heat), data["heatmap_stats"], rtol=1e-4, atol=1e-5)
        deformation, visible = motion(motion.compressed(volume), driving, source)
        np.testing.assert_allclose(stats(deformation), data["deformation_stats"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(visible, data["occlusion"], atol=1e-5)
        features = generator.flattened(generator.warped(volume, deformation)) * visible
        np.testing.assert_allclose(
            generator.decoder(features), data["prediction"], atol=1e-4
        )  # and so does the whole: `frame` is these calls


def test_spade_equals_upstream(generator: Generator) -> None:
    data = conformance("spade")
    features, x = torch.from_numpy(data["seg"]), torch.from_numpy(data["x"])
    with torch.inference_mode():
        middle = generator.decoder.get_submodule("G_middle_0")(x, features)
        up = generator.decoder.up_0(F.interpolate(x, scale_factor=2), features)
        picture = generator.decoder(features)
    np.testing.assert_allclose(middle, data["middle0"], atol=2e-5)
    np.testing.assert_allclose(up, data["up0"], atol=2e-5)
    np.testing.assert_allclose(picture, data["decoder"], atol=1e-5)
