"""Pictures come to the networks as upstream's do."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.facevid2vid.picture import as_tensor
from tests.render.facevid2vid.conftest import conformance

DATA = conformance("facerender_batch")


def test_a_picture_of_the_size_is_as_it_is() -> None:
    tensor = as_tensor(DATA["image_uint8"], 256)
    np.testing.assert_allclose(tensor[0, :, ::16, ::16], DATA["source_image_slice"], atol=1e-7)


def test_a_larger_one_is_shrunk_as_upstream_does() -> None:
    tensor = as_tensor(DATA["resize300_in"], 256)
    assert tensor.shape == (1, 3, 256, 256)
    np.testing.assert_allclose(tensor[0, :, ::8, ::8], DATA["resize300_to256_slice"], atol=1e-6)
