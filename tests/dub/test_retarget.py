"""Each face its own rest and reach."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.dub import Range, range_of, retarget
from sadtalker3d.errors import UserError
from sadtalker3d.rig import OPEN_64

from .conftest import babble

JAW = OPEN_64.index("jawOpen")


def test_a_shy_mouth_drives_a_bold_one():
    bold = babble(20, 1)
    shy = bold.replace(expression=0.05 + 0.5 * bold.expression)
    moved = retarget(shy, range_of(shy), range_of(bold))
    np.testing.assert_allclose(moved.column("jawOpen"), bold.column("jawOpen"), atol=0.01)
    back = retarget(moved, range_of(bold), range_of(shy))
    np.testing.assert_allclose(back.column("jawOpen"), shy.column("jawOpen"), atol=0.02)


def test_columns_that_nobody_uses_are_left():
    track = babble(10, 1)
    moved = retarget(track, range_of(track), range_of(babble(10, 2)))
    assert np.abs(moved.column("browInnerUp")).max() == 0


def test_a_range_of_another_size_is_refused():
    track = babble(2, 1)
    wrong = Range(np.zeros(10, np.float32), np.ones(10, np.float32))
    with pytest.raises(UserError, match="the ranges do not belong"):
        retarget(track, wrong, wrong)
