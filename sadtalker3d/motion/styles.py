"""The manners of head motion, by number and name. Knows nothing of the network: asking needs no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sadtalker3d.errors import UserError

STYLES = 46  # speakers of upstream's training set; in the embedded weights ordered from calm to lively

# The habits found in measured people (train/headhabits.py), in the order in which each level runs through them.
HABITS = ("nodder", "bobber", "turner", "darter", "swayer")
HABIT_NOTES = {
    "nodder": "mostly nods, hardly turns",
    "bobber": "small quick nods and turns",
    "turner": "mostly turns to the side, upright",
    "darter": "quicker turns with a tilt",
    "swayer": "tilts and sways with the whole neck",
}
LEVELS = (
    "very calm", "calm", "quiet", "relaxed", "attentive", "animated", "lively", "very lively", "restless",
)  # fmt: skip
AVERAGE = "average speaker"
TABLE = Path(__file__).with_name("head_styles.json")  # written by train/headcalibration.py


@dataclass(frozen=True)
class StyleMeasures:
    """What was measured of a style with the embedded weights, and what brings it to its speed and habit.

    tempo : frames of PoseVAE's motion in one frame of the track
    gain : of pitch, yaw, roll, x, y, z
    deviation_deg : of pitch, yaw and roll within 3 s; speed_deg_s : mean angular speed in speech
    """

    tempo: float
    gain: tuple[float, ...]
    deviation_deg: tuple[float, ...]
    speed_deg_s: float


def check_style(style: int) -> int:
    """The style, or UserError when there is none of that number (upstream's slider allows 46 and crashes)."""
    if isinstance(style, bool) or not isinstance(style, int) or not 0 <= style < STYLES:
        raise UserError(f"head style {style} does not exist; choose a whole number from 0 to {STYLES - 1}")
    return style


def habit_of(style: int) -> str | None:
    """The habit of a style, one of HABITS, or None for style 0, who has everybody's; UserError as above."""
    return HABITS[(style - 1) % len(HABITS)] if check_style(style) else None


def style_name(style: int) -> str:
    """What a style is like, say "calm nodder"; UserError when there is none of that number."""
    habit = habit_of(style)
    return f"{LEVELS[(style - 1) // len(HABITS)]} {habit}" if habit else AVERAGE


def style_measures(style: int) -> StyleMeasures:
    """The measures of a style; UserError when there is none of that number."""
    return table()[check_style(style)]


def style_lines() -> list[str]:
    """A line for every style: number, name, mean speed, deviation of pitch, yaw and roll."""
    lines = ["no.  name                   degrees/s   pitch  yaw  roll (deviation in 3 s, degrees)"]
    for style in range(STYLES):
        row = style_measures(style)
        pitch, yaw, roll = row.deviation_deg
        lines.append(
            f"{style:3d}  {style_name(style):22s} {row.speed_deg_s:9.1f}   {pitch:5.1f} {yaw:5.1f} {roll:5.1f}"
        )
    return lines


@cache
def table() -> list[StyleMeasures]:
    """The measures of all styles, read once."""
    rows = json.loads(TABLE.read_text(encoding="utf-8"))["styles"]
    return [
        StyleMeasures(r["tempo"], tuple(r["gain"]), tuple(r["deviation_deg"]), r["speed_deg_s"]) for r in rows
    ]


def write_table(rows: list[StyleMeasures], path: Path = TABLE) -> None:
    """Write the measures of all styles, a line each."""
    lines = []
    for style, row in enumerate(rows):
        fields = {
            "name": style_name(style),
            "tempo": round(row.tempo, 3),
            "gain": [round(v, 3) for v in row.gain],
            "deviation_deg": [round(v, 2) for v in row.deviation_deg],
            "speed_deg_s": round(row.speed_deg_s, 1),
        }
        lines.append("  " + json.dumps(fields))
    path.write_text('{"styles": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
