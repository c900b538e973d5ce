"""Head angles that the user gives."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.render.facevid2vid.angle_path import angle_path
from tests.render.facevid2vid.conftest import conformance


@pytest.mark.parametrize(
    ("name", "through"), [("a", [-20, 30, 10]), ("b", [0, 45]), ("c", [10, -10, 40, 0]), ("d", [5])]
)
def test_equals_upstream(name: str, through: list[float]) -> None:
    expected = conformance("facerender_batch")[f"cam_{name}"]
    np.testing.assert_allclose(angle_path(through, len(expected)), expected, atol=1e-9)


def test_in_a_batch_equals_upstream() -> None:
    data = conformance("facerender_batch")
    for name, through in (("yaw", [-20, 30, 10]), ("pitch", [15]), ("roll", [0, 12])):
        np.testing.assert_allclose(
            angle_path(through, 11), data[f"pose_bs2_{name}_c_seq"].ravel()[:11], atol=1e-5
        )


@pytest.mark.parametrize("through", [[7, 7], [7, 7, 7], [7]])
def test_equal_neighbours_stand_still(through: list[float]) -> None:
    np.testing.assert_array_equal(angle_path(through, 5), np.full(5, 7.0))


def test_equal_neighbours_on_the_way_are_passed() -> None:
    np.testing.assert_array_equal(angle_path([0, 0, 4], 5), [0, 1, 2, 3, 3])


def test_one_frame_has_the_first() -> None:
    np.testing.assert_array_equal(angle_path([3, 9], 1), [3.0])
