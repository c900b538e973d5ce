"""What was measured, as an aligned table for people and as JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sadtalker3d.evaluate.beats import FORMULA
from sadtalker3d.evaluate.bootstrap import COVERAGE, DRAWS, Estimate
from sadtalker3d.evaluate.speech import MOTIONS, SpeechReport
from sadtalker3d.evaluate.video import VideoReport
from sadtalker3d.files import replacing

SCHEMA = "sadtalker3d.evaluation/1"

# measure -> how the table calls it, digits after the point, what is good or what it means
LIP_ROWS: dict[str, tuple[str, int, str]] = {
    "closure_auc": ("closure: p b m below open vowels", 3, "AUC"),
    "closure_specific_auc": ("closure: p b m below other consonants", 3, "AUC"),
    "closed_share": ("p b m that close below 1 mm", 2, "share"),
    "balanced_closure": ("balanced closure", 3, "share"),
    "false_closure": ("open vowels closed by mistake", 2, "share"),
    "openness_correlation": ("openness of vowels", 2, "rank r"),
    "rounding_auc": ("rounding", 3, "AUC"),
    "labiodental_auc": ("f v below open vowels", 3, "AUC"),
    "labiodental_specific_auc": ("f v below other consonants", 3, "AUC"),
    "lag_ms": ("lag, + is face late", 0, "ms"),
    "rest_gap": ("rest in silence: gap", 2, "share"),
    "rest_motion": ("rest in silence: motion", 2, "share"),
    "rest_share": ("silent frames within 1 mm of rest", 2, "share"),
    "liveliness": ("liveliness, natural .06 to .34", 2, "share"),
    "jerk_m_s3": ("jerk of the gap", 0, "m/s3"),
    "gap_range_mm": ("range of the gap, real 9.3", 1, "mm"),
    "width_range_mm": ("range of the width, real 5.0", 1, "mm"),
    "protrusion_range_mm": ("range of protrusion, real 3.2", 1, "mm"),
}
HEAD_ROWS: dict[str, tuple[str, int, str]] = {
    **{f"spread_deg_{axis}": (f"{axis}: spread within 3 s", 1, "deg") for axis in ("pitch", "yaw", "roll")},
    **{f"range_deg_{axis}": (f"{axis}: range within 3 s", 1, "deg") for axis in ("pitch", "yaw", "roll")},
    **{f"velocity_rms_deg_s_{axis}": (f"{axis}: velocity rms", 1, "deg/s") for axis in ("pitch", "yaw", "roll")},
    "speed_median_deg_s": ("speed, median", 1, "deg/s"),
    "speed_p95_deg_s": ("speed, 95th percentile", 1, "deg/s"),
    **{
        f"acceleration_rms_deg_s2_{axis}": (f"{axis}: acceleration rms below 5 Hz", 0, "deg/s2")
        for axis in ("pitch", "yaw", "roll")
    },
    "spectrum_0.5_1_hz": ("velocity power 0.5-1 Hz", 2, "share"),
    "spectrum_1_2_hz": ("velocity power 1-2 Hz", 2, "share"),
    "spectrum_2_3_hz": ("velocity power 2-3 Hz", 2, "share"),
    "spectrum_3_5_hz": ("velocity power 3-5 Hz", 2, "share"),
    "loudness_r": ("speed with speech energy, lag 0", 2, "r"),
    "loudness_r_best": ("speed with speech energy, best lag", 2, "r"),
    "loudness_lead_s": ("by which the head leads there", 2, "s"),
    "speech_over_pause": ("speed in speech over pauses", 2, "ratio"),
    "border_jump": ("step at every 32nd frame, real .9 to 1.06", 2, "ratio"),
    "seed_spread": ("diversity over seeds, 1 as unrelated", 2, "ratio"),
    "seed_deg": ("difference between two seeds, rms", 1, "deg"),
    "beat_alignment": ("beat alignment", 3, ""),
    "beat_alignment_chance": ("beat alignment by chance", 3, ""),
    **{
        f"distance_{what}_{axis}": (f"{axis}: distance of {what} from real heads", 2, "W1/std")
        for what in ("angle", "speed", "acceleration")
        for axis in ("pitch", "yaw", "roll")
    },
}  # fmt: skip


def speech_table(report: SpeechReport) -> str:
    """The whole report as text; measures that the labels leave undefined are shown as "-"."""
    source = "generated here" if report.generated == report.clips else "from files"
    if 0 < report.generated < report.clips:
        source = f"from files, {report.generated} generated here"
    parts = [
        f"{report.clips} clips, {report.seconds:.0f} s, {report.bilabials} p b m; tracks {source}. "
        f"In brackets {COVERAGE:.0%} of {DRAWS} bootstrap draws of clips.",
        _table("lips", LIP_ROWS, [(name, report.lips[name]) for name in MOTIONS]),
    ]
    if report.head:
        columns = [("track", report.head)]
        columns += [("real heads", report.real_head)] if report.real_head else []
        parts.append(_table("head", HEAD_ROWS, columns))
        parts.append(f"beat alignment = {FORMULA}; real heads score at chance too")
    parts += report.notes
    return "\n\n".join(parts)


def _table(
    title: str,
    rows: Mapping[str, tuple[str, int, str]],
    columns: Sequence[tuple[str, Mapping[str, Estimate]]],
) -> str:
    lines = [[title, "", *(name for name, _ in columns)]]
    for key, (label, digits, unit) in rows.items():
        if any(key in values for _, values in columns):
            lines.append([label, unit, *(_shown(values.get(key), digits) for _, values in columns)])
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, two spaces apart."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _shown(estimate: Estimate | None, digits: int) -> str:
    if estimate is None or math.isnan(estimate.value):
        return "-"
    value, low, high = (_number(v, digits) for v in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]" if not math.isnan(estimate.low) else value


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def video_table(report: VideoReport) -> str:
    """The video measures, what each is, and what was left out and why."""
    lines = [["video", "value", "from"]]
    for measure in report.measures:
        lines.append([measure.name, _number(measure.value, measure.digits), measure.source])
    parts = [f"{report.frames} frames", aligned(lines)]
    parts += [f"{name}: left out, {why}" for name, why in report.left_out.items()]
    return "\n\n".join(parts)


def speech_json(report: SpeechReport) -> dict[str, Any]:
    """The report as plain JSON; undefined values are null."""
    return {
        "schema": SCHEMA,
        "clips": report.clips,
        "seconds": round(report.seconds, 3),
        "generated": report.generated,
        "bilabials": report.bilabials,
        "settings": {**report.settings, "draws": DRAWS, "coverage": COVERAGE},
        "lips": {name: _plain(values) for name, values in report.lips.items()},
        "head": _plain(report.head),
        "real_heads": _plain(report.real_head),
        "beat_alignment_formula": FORMULA,
        "unknown_labels": dict(report.unknown_labels),
        "notes": list(report.notes),
    }


def video_json(report: VideoReport) -> dict[str, Any]:
    """The report as plain JSON."""
    return {
        "schema": SCHEMA,
        "frames": report.frames,
        "video": {m.name: {"value": _finite(m.value), "source": m.source} for m in report.measures},
        "left_out": dict(report.left_out),
    }


def write_json(values: Mapping[str, Any], path: Path) -> None:
    """Write beside the final name, then rename."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def unknown_line(unknown: Mapping[str, int], most: int = 12) -> str | None:
    """One line about the labels that no alphabet knows; None where there are none."""
    if not unknown:
        return None
    ordered: Iterable[str] = sorted(unknown, key=lambda text: (-unknown[text], text))
    shown = [f"{text!r} ({unknown[text]})" for text in ordered]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return f"labels that are no known phones count as nothing: {', '.join(shown[:most])}{more}"


def _plain(values: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    return {
        name: {"value": _finite(e.value), "low": _finite(e.low), "high": _finite(e.high)}
        for name, e in values.items()
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
