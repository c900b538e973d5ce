"""The coefficient regressor gives the numbers of the original network."""

from __future__ import annotations

import numpy as np
import torch

from tests.seeded import CONFORMANCE, seeded


def test_equals_upstream() -> None:
    data = np.load(CONFORMANCE / "face_recon.npz")
    network = seeded("face_3drecon")
    faces = torch.from_numpy(data["image"]).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        np.testing.assert_allclose(network(faces), data["coeff"], atol=1e-5)
        backbone = network.get_submodule("backbone")(faces).flatten()
    np.testing.assert_allclose(backbone, data["backbone"], atol=1e-4)
