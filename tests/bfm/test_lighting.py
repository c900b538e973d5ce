"""Lighting equals the reference run of the published model."""

from pathlib import Path

import numpy as np
import pytest

from bfm.lighting import harmonics, shade, vertex_normals

REFERENCE = Path(__file__).parents[1] / "data/conformance/face3d_bfm.npz"


@pytest.fixture(scope="module")
def reference():
    with np.load(REFERENCE, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def test_normals(reference):
    triangles, point_faces = reference["bfm_tri"] - 1, reference["bfm_point_buf"] - 1
    normals = vertex_normals(reference["shape"], triangles, point_faces)
    np.testing.assert_allclose(normals, reference["norm"], atol=1e-5)


def test_albedo(reference):
    kept = len(reference["bfm_texBase"]) // 3
    moved = reference["coeff"][:, 144:224] @ reference["bfm_texBase"].T
    albedo = (reference["bfm_meantex"].reshape(-1, 3)[:kept] + moved.reshape(2, kept, 3)) / 255
    np.testing.assert_allclose(albedo, reference["texture"][:, :kept], atol=1e-5)


def test_shading(reference):
    normals = reference["norm"] @ reference["rot"]
    colour = shade(reference["texture"], normals, reference["coeff"][:, 227:254])
    np.testing.assert_allclose(colour, reference["color"], atol=1e-5)


def test_harmonics_are_orthogonal_over_the_sphere():
    """Integrals over the sphere of products of different basis functions vanish."""
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(200_000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    basis = harmonics(normals)
    product = basis.T @ basis / len(normals)
    off = product - np.diag(np.diag(product))
    assert np.abs(off).max() < 0.02 * np.diag(product).min()
