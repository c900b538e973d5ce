import dataclasses

import numpy as np
import pytest

from sadtalker3d.render.morph import BLOCK, Morph
from tests.render.egg import JAW, SMILE, Egg, egg


def expected_normals(face: Egg, vertices: np.ndarray) -> np.ndarray:
    """Area-weighted normals, triangle by triangle."""
    sums = np.zeros((len(vertices), 3))
    for triangle in face.faces:
        a, b, c = vertices[triangle].astype(float)
        for corner in triangle:
            sums[face.weld[corner]] += np.cross(b - a, c - a)
    return (sums / np.linalg.norm(sums, axis=1, keepdims=True))[face.weld]


@pytest.mark.parametrize("used", [(), (JAW,), (SMILE,), (JAW, SMILE)])
def test_equals_the_plain_formula(used: tuple[int, ...]) -> None:
    face = egg(2)
    weights = np.zeros((BLOCK + 3, 64))
    weights[:, used] = np.random.default_rng(0).random((len(weights), len(used)))
    morph = Morph(face, columns=(weights != 0).any(axis=0))
    count = 0
    for row, (vertices, normals) in zip(weights, morph.frames(weights), strict=True):
        expected = face.mean + np.tensordot(row, face.expression_basis, axes=1)
        np.testing.assert_allclose(vertices, expected, atol=1e-6)
        np.testing.assert_allclose(normals, expected_normals(face, expected), atol=1e-4)
        count += 1
    assert count == BLOCK + 3


def test_a_seam_of_the_texture_does_not_show() -> None:
    # the same egg, each triangle with vertices of its own: normals are as on the whole one
    whole = egg(2)
    corners = whole.faces.ravel()
    first = np.full(len(whole.mean), -1)
    for at in range(len(corners) - 1, -1, -1):
        first[corners[at]] = at
    split = dataclasses.replace(
        whole,
        mean=whole.mean[corners], uv=whole.uv[corners], expression_basis=whole.expression_basis[:, corners],
        faces=np.arange(len(corners), dtype=np.int32).reshape(-1, 3), weld=first[corners].astype(np.int32),
    )  # fmt: skip
    weights = np.zeros((1, 64))
    weights[0, [JAW, SMILE]] = 0.7
    _, smooth = next(Morph(whole).frames(weights))
    _, across_seams = next(Morph(split).frames(weights))
    np.testing.assert_allclose(across_seams, smooth[corners], atol=1e-5)
