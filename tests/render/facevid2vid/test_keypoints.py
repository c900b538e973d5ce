"""The keypoint detector gives the numbers of the original network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from tests.render.facevid2vid.conftest import conformance, tensor

pytestmark = pytest.mark.slow


def test_equals_upstream(keypoints: KeypointDetector) -> None:
    data = conformance("kp_detector")
    picture = tensor(data["image_256"])
    np.testing.assert_array_equal(keypoints.down.weight, data["down_kernel"])
    with torch.inference_mode():
        small = keypoints.down(picture)
        logits = keypoints.kp(keypoints.predictor(small))
        found = keypoints(picture)
    np.testing.assert_allclose(small[:, :, ::4, ::4], data["down_256"], atol=1e-6)
    np.testing.assert_allclose(logits.double().mean(), data["logits_stats_256"][0], atol=1e-5)
    np.testing.assert_allclose(found, data["kp_256"], atol=1e-6)


def test_a_larger_picture_of_the_same_has_its_keypoints_inside(keypoints: KeypointDetector) -> None:
    picture = tensor(conformance("kp_detector")["image_256"])
    with torch.inference_mode():
        found = keypoints(torch.nn.functional.interpolate(picture, scale_factor=2))
    assert found.shape == (1, 15, 3)
    assert found.abs().max() < 1
