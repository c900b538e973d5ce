"""Arguments and options that several commands of the command line have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.progress import Mode

Speech = Annotated[Path, typer.Argument(help="Any sound or video file.", show_default=False)]
Take = Annotated[
    Path,
    typer.Argument(
        help="A track, .json or .npz, or any other format that `export --help` lists.", show_default=False
    ),
]
Style = Annotated[
    int,
    typer.Option(
        help="Head motion: 0 the average speaker, 1 (calm) to 45 (lively); `sadtalker3d styles` names them."
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]
Still = Annotated[bool, typer.Option("--still", help="Hold the head still; eyes still blink.")]
MouthGain = Annotated[float, typer.Option("--mouth", help="Strength of lips, jaw and tongue.")]
UpperGain = Annotated[float, typer.Option("--upper-face", help="Of brows, cheeks and lids together.")]
BrowsGain = Annotated[float, typer.Option("--brows", help="Strength of the brows.")]
CheeksGain = Annotated[float, typer.Option("--cheeks", help="Strength of the cheeks.")]
AsymmetryGain = Annotated[
    float, typer.Option("--asymmetry", help="How unevenly the mouth's sides move; 0 for a mirror.")
]
LidsGain = Annotated[float, typer.Option("--lids", help="Of what lids do besides blinking.")]
HeadGain = Annotated[float, typer.Option("--head", help="Strength of head motion.")]
BlinkGain = Annotated[float, typer.Option("--blink", help="Depth of blinks; 0 for none.")]
GazeGain = Annotated[float, typer.Option("--gaze", help="Strength of eye movement; 0 looks ahead.")]
Size = Annotated[int, typer.Option(help="Width and height of the video in pixels.", min=64, max=4096)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite outputs that exist.")]
Degrees = Annotated[
    str | None,
    typer.Option(
        help="Degrees in place of the track's: one number, or several to pass through, as -20,30,10.",
        metavar="DEGREES", show_default=False,
    ),
]  # fmt: skip
Progress = Annotated[Mode, typer.Option("--progress", help="How to show progress.")]
FramesOut = Annotated[
    Path,
    typer.Option(
        "-o", "--out", help="The video, .mp4, .mkv, .webm or .mov; or PNG pictures: a folder, or name_%05d.png.",
        show_default=False,
    ),
]  # fmt: skip
FramesPerSecond = Annotated[
    float | None,
    typer.Option("--fps", help="Frames a second; the track's own unless given.", show_default=False),
]
Refine = Annotated[
    bool, typer.Option("--refine", help="Speaking photos: a small network repairs mouth and lids.")
]
RefineWeights = Annotated[
    Path | None,
    typer.Option(help="The network's weights, from `train portrait`; implies --refine.", show_default=False),
]
FacePoints = Annotated[
    Path | None,
    typer.Option(
        "--points",
        help="Where the face is, if it is not found: a JSON file with left_eye, right_eye, nose, mouth_left and "
        "mouth_right as [x, y] in pixels, left and right as one sees them.",
        show_default=False,
    ),
]
