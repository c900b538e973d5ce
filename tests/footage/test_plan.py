import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.footage.plan import Shown, check_plan, in_time_until_s


def test_a_loop_leaves_the_sources_time_where_it_jumps() -> None:
    plan = [Shown(i / 25, i if i < 60 else i - 40) for i in range(100)]
    assert in_time_until_s(plan, 25) == pytest.approx(60 / 25)
    assert in_time_until_s(plan[:60], 25) == pytest.approx(60 / 25)


def test_pictures_that_begin_later_than_the_sound_are_in_time() -> None:
    plan = [Shown(1 + i / 25, i) for i in range(50)]
    assert in_time_until_s(plan, 25, first_s=1.0) == pytest.approx(3)
    assert in_time_until_s(plan, 25) == 1.0


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(UserError, match="no frames"):
        check_plan([])
