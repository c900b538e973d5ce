"""Picture measures against numbers from their definitions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sadtalker3d.evaluate.pictures import cpbd, psnr_db, squared_error, ssim


@pytest.fixture
def picture(portrait) -> np.ndarray:
    return np.ascontiguousarray(
        cv2.resize(cv2.imread(str(portrait)), (256, 256), interpolation=cv2.INTER_AREA)[..., ::-1]
    )


def test_psnr_of_a_known_error() -> None:
    a, b = np.full((8, 8, 3), 100, np.uint8), np.full((8, 8, 3), 110, np.uint8)
    assert squared_error(a, b) == 100
    assert psnr_db(100) == pytest.approx(28.1308, abs=1e-4)
    assert psnr_db(squared_error(a, a)) == np.inf


def test_ssim_of_shifted_grey() -> None:
    """Flat pictures have only the luminance term: (2 x y + c1) / (x^2 + y^2 + c1)."""
    a, b = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 120, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(a, b) == pytest.approx((2 * 100 * 120 + c1) / (100**2 + 120**2 + c1), abs=1e-6)
    assert ssim(a, a) == pytest.approx(1)


def test_ssim_falls_with_noise_and_blur(picture: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(picture + rng.normal(0, 20, picture.shape), 0, 255).astype(np.uint8)
    assert (
        1
        > ssim(picture, cv2.GaussianBlur(picture, (0, 0), 1))
        > ssim(picture, cv2.GaussianBlur(picture, (0, 0), 3))
    )
    assert ssim(picture, noisy) < 0.8


def test_blur_takes_sharpness(picture: np.ndarray) -> None:
    values = [cpbd(cv2.GaussianBlur(picture, (0, 0), s) if s else picture) for s in (0, 0.7, 1.5, 3)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.3 and values[-1] < 0.02


@pytest.mark.parametrize(("width", "sharp"), [(1, 1.0), (2, 1.0), (4, 0.0), (9, 0.0)])
def test_edges_wider_than_noticeable_are_blurred(width: int, sharp: float) -> None:
    """At high contrast an edge of 3 pixels is just noticed: narrower ones are sharp."""
    row = np.full(128, 30.0)
    for start in (20, 84):
        row[start:] = 220 if start == 20 else 30
        row[start : start + width - 1] = np.linspace(30, 220, width + 1)[1:-1][:: 1 if start == 20 else -1]
    picture = np.repeat(np.repeat(row[None, :, None], 128, axis=0), 3, axis=2).astype(np.uint8)
    assert cpbd(picture) == sharp


def test_a_flat_picture_has_no_edges() -> None:
    assert np.isnan(cpbd(np.full((128, 128, 3), 77, np.uint8)))
