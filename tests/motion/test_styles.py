"""Styles: a name for each number, measures that keep what the names promise, and no style 46."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.motion import styles
from sadtalker3d.motion.styles import HABITS, STYLES, StyleMeasures, habit_of, style_lines, style_name


def test_every_style_has_a_name_of_its_own() -> None:
    names = [style_name(k) for k in range(STYLES)]
    assert len(set(names)) == STYLES and names[0] == "average speaker"
    assert names[1] == "very calm nodder" and names[45] == "restless swayer"
    assert set(HABITS) == set(styles.HABIT_NOTES)


@pytest.mark.parametrize("style", [-1, 46, True, 1.5, "3"])
def test_no_other_styles(style: object) -> None:
    for ask in (style_name, habit_of, styles.style_measures):
        with pytest.raises(UserError, match="0 to 45"):
            ask(style)  # type: ignore[operator]


def test_levels_rise_in_speed_within_each_habit() -> None:
    for habit in range(1, len(HABITS) + 1):
        speeds = [styles.style_measures(k).speed_deg_s for k in range(habit, STYLES, len(HABITS))]
        assert (np.diff(speeds) > 0).all()


def test_a_nodder_nods_and_a_turner_turns() -> None:
    def pitch_over_yaw(habit: str) -> float:
        own = [styles.style_measures(k) for k in range(1, STYLES) if habit_of(k) == habit]
        return float(np.mean([row.deviation_deg[0] / row.deviation_deg[1] for row in own]))

    assert pitch_over_yaw("nodder") > 1.3 * pitch_over_yaw("turner")


def test_the_listing_has_a_line_for_each() -> None:
    lines = style_lines()
    assert len(lines) == STYLES + 1 and "animated swayer" in "\n".join(lines)


def test_a_written_table_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [StyleMeasures(1.25, (0.5,) * 6, (1.0, 2.0, 3.0), float(k)) for k in range(STYLES)]
    styles.write_table(rows, tmp_path / "table.json")
    monkeypatch.setattr(styles, "TABLE", tmp_path / "table.json")
    styles.table.cache_clear()
    assert styles.table() == rows
    styles.table.cache_clear()
