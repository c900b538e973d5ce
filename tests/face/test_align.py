from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.face.align import MEAN_FIVE, align, five_points, place


@pytest.fixture(scope="module")
def upstream():
    return np.load(Path(__file__).parents[1] / "data" / "conformance" / "align.npz")


def test_mean_face_is_upstreams(upstream):
    np.testing.assert_allclose(MEAN_FIVE, upstream["lm3d_5"], atol=1e-7)
    np.testing.assert_allclose(five_points(upstream["lm3d_raw"]), upstream["lm3d_5"], atol=1e-7)


@pytest.mark.parametrize("i", range(3))
def test_equals_upstream(upstream, i):
    upward = upstream[f"lm_{i}"]  # these have y up already
    middle, pixels = place(five_points(upward))
    np.testing.assert_allclose(middle, upstream[f"t_{i}"], atol=1e-5)
    assert pixels == pytest.approx(float(upstream[f"s_{i}"]), abs=1e-5)
    points = upward.copy()
    points[:, 1] = 255 - points[:, 1]
    aligned = align(upstream["image"], points)
    np.testing.assert_allclose(aligned.trans_params, upstream[f"trans_params_{i}"], atol=2e-5)
    np.testing.assert_allclose(aligned.points, upstream[f"lm_new_{i}"], atol=1e-4)
    # every second pixel is stored; Pillow's releases round bicubic sums alike
    assert np.abs(aligned.picture[::2, ::2].astype(int) - upstream[f"img_{i}"]).max() <= 1


def test_beyond_the_crop_is_black(upstream):
    points = upstream["lm_0"].copy()
    points[:, 1] = 255 - points[:, 1]
    aligned = align(np.full((256, 256, 3), 255, np.uint8), points + np.array([100, 0]))
    assert aligned.picture.shape == (224, 224, 3)
    assert (aligned.picture[:, -20:] == 0).all() and (aligned.picture[:, :100] == 255).all()


def test_landmarks_that_make_no_face():
    with pytest.raises(UserError, match="make no face"):
        align(np.zeros((256, 256, 3), np.uint8), np.full((68, 2), -1.0))
