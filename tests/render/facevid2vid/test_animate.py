"""A portrait is encoded once, and every frame is upstream's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sadtalker3d.render.facevid2vid.animate import AnimatedPortrait, Networks, as_picture
from tests.render.facevid2vid.conftest import conformance

pytestmark = pytest.mark.slow


def test_a_frame_on_a_cpu_equals_upstreams(networks: Networks) -> None:
    data = conformance("generator_256")
    # a film of 27 frames: the window of the middle one is the file's
    source, film = data["src_sem"][0, :, 0], data["drv_sem"][0].T
    portrait = AnimatedPortrait(networks, data["image_256"], source)
    driving = list(portrait.driving_keypoints(film))
    assert len(driving) == 27
    np.testing.assert_allclose(driving[13], data["kp_driving"][0], atol=1e-6)
    np.testing.assert_allclose(portrait.frame(driving[13][None]), data["prediction"], atol=1e-4)


def test_pictures_are_rounded() -> None:
    frame = torch.tensor([0.0, 1.0, 0.4999, 127.5 / 255]).repeat(3, 1)[None, :, None]
    np.testing.assert_array_equal(as_picture(frame)[0, :, 0], [0, 255, 127, 128])
