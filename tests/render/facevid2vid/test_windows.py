"""Windows of coefficients are upstream's, whatever the preprocessing."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.windows import driving_coefficients, source_window, window
from tests.render.facevid2vid.conftest import conformance

DATA = conformance("facerender_batch")
SOURCE, MOTION = DATA["src_coeff"][0], DATA["gen_coeff"]


def upstream_batch(driving: np.ndarray, rows: int) -> np.ndarray:
    """Windows as upstream lays them out: row b holds consecutive frames, the last one fills up."""
    length = -(-len(driving) // rows)
    frames = np.minimum(np.arange(rows * length), len(driving) - 1)
    return window(driving, frames).reshape(rows, length, driving.shape[1], -1)


@pytest.mark.parametrize(
    ("name", "rows", "options"),
    [
        ("crop_bs2", 2, {}),
        ("crop_bs3_exp1p5", 3, {"expression_scale": 1.5}),
        ("crop_still_bs2", 2, {"still": True}),
        ("full_bs2", 2, {"full": True}),
        ("full_still_bs4", 4, {"full": True, "still": True}),
        ("pose_bs2", 2, {}),
    ],
)
def test_windows_equal_upstream(name: str, rows: int, options: dict) -> None:
    target = upstream_batch(driving_coefficients(MOTION, SOURCE, **options), rows)
    assert target.shape == tuple(DATA[f"{name}_target_shape"])
    assert hashlib.sha256(target.tobytes()).hexdigest() == DATA[f"{name}_target_sha"]
    at_rest = source_window(SOURCE, full=options.get("full", False))[0]
    np.testing.assert_array_equal(at_rest, DATA[f"{name}_source_sem"])


def test_one_frame_fills_its_window() -> None:
    only = window(MOTION[:1], [0])
    np.testing.assert_array_equal(only, np.repeat(MOTION[:1, :, None], 27, axis=2))


def test_full_needs_the_crop_numbers() -> None:
    with pytest.raises(UserError, match="70 coefficients, 73 are needed"):
        driving_coefficients(MOTION, SOURCE[:70], full=True)
