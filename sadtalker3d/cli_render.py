"""The `render` command of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_options import (
    Degrees,
    FacePoints,
    Force,
    FramesOut,
    FramesPerSecond,
    Progress,
    Refine,
    RefineWeights,
    Take,
)
from sadtalker3d.render.choices import Device, Dtype, Preprocess, Renderer

RENDER_EXAMPLES = (
    "Examples: sadtalker3d render take.json --portrait me.jpg -o me.mp4; with the official networks "
    "sadtalker3d render basel.json --portrait me.jpg -o me.mp4 --preprocess full --still"
)


def render(
    take: Take,
    portrait: Annotated[
        Path, typer.Option(help="A picture of the person, or a video's first frame.", show_default=False)
    ],
    out: FramesOut,
    renderer: Annotated[
        Renderer,
        typer.Option(
            help="photo: the photo's own pixels move, for `open` tracks. facevid2vid: SadTalker's networks "
            "(`weights import`), for `basel` tracks. auto: what the track takes."
        ),
    ] = "auto",
    size: Annotated[
        int | None,
        typer.Option(
            help="photo: the video's long side in pixels, the picture's own unless given. facevid2vid: 256 or 512.",
            show_default=False,
        ),
    ] = None,
    still: Annotated[bool, typer.Option("--still", help="The head stays as it is in the portrait.")] = False,
    expression_scale: Annotated[float, typer.Option(help="Strength of the expression, 0 to 10.")] = 1.0,
    audio: Annotated[
        Path | None, typer.Option(help="Sound for the video; the track's own unless given.")
    ] = None,
    fps: FramesPerSecond = None,
    points: FacePoints = None,
    refine: Refine = False,
    refine_weights: RefineWeights = None,
    preprocess: Annotated[
        Preprocess | None,
        typer.Option(
            help="facevid2vid: the video shows crop, the face (unless given); full, the whole picture with the face "
            "moving in it; resize, the whole picture made by the networks; extcrop and extfull, with more room.",
            show_default=False,
        ),
    ] = None,
    yaw: Degrees = None,
    pitch: Degrees = None,
    roll: Degrees = None,
    source: Annotated[
        Path | None,
        typer.Option(
            help="facevid2vid: the portrait's coefficients, SadTalker's .mat or a track made for it.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="facevid2vid: folder of a renderer you trained (`train facevid2vid`, then `train mapping`).",
            show_default=False,
        ),
    ] = None,
    dtype: Annotated[
        Dtype | None,
        typer.Option(help="facevid2vid: of the arithmetic; bfloat16 is quicker.", show_default=False),
    ] = None,
    device: Annotated[
        Device | None, typer.Option(help="facevid2vid: where the networks run.", show_default=False)
    ] = None,
    force: Force = False,
    progress: Progress = "auto",
) -> None:
    """Make a portrait speak, as a video with the sound or as pictures."""
    from sadtalker3d.commands_render import render as run

    video = run(
        take, portrait, out, renderer=renderer, size=size, still=still, expression_scale=expression_scale,
        audio=audio, fps=fps, points=points, refine=refine, refine_weights=refine_weights,
        preprocess=preprocess, yaw=yaw, pitch=pitch, roll=roll, source=source,
        weights=weights, dtype=dtype, device=device, force=force, show=progress,
        tell=lambda note: typer.echo(note, err=True),
    )  # fmt: skip
    typer.echo(video)
