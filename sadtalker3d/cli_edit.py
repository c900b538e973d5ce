"""The `edit` command of the command line: its options are steps, done in the order in which they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from sadtalker3d.cli_options import Force, Seed, Take

EXAMPLES = (
    "Examples: sadtalker3d edit take.json -o new.json --gain mouth=1.2,head=0.6 --emotion joy=0.6 --gaze camera; "
    "sadtalker3d edit take.json -o part.json --trim 1.2:3.4 --sound part.wav --fps 29.97; "
    "sadtalker3d edit idle.json -o idle_loop.json --blinks 12 --loop 20s; "
    "sadtalker3d edit a.json -o both.json --join b.json --crossfade 0.3; "
    "sadtalker3d edit take.json --keys take.keys.json --max-error 0.1"
)


class InOrder(TyperCommand):
    """Puts the options as they came, (name, value) each, into the context's `obj`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args:
            values, _, order = self.make_parser(ctx).parse_args(args=list(args))
            left = {name: list(value) for name, value in values.items() if isinstance(value, list)}
            ctx.obj = [
                (parameter.name, left[parameter.name].pop(0) if parameter.name in left else "")
                for parameter in order
                if parameter.name is not None
            ]
        return super().parse_args(ctx, args)


def _step(metavar: str, help: str) -> Any:
    return typer.Option(metavar=metavar, help=help, show_default=False)


Steps = list[str] | None


def edit(
    context: typer.Context,
    take: Take,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The new track: .json or .npz.", show_default=False)
    ] = None,
    gain: Annotated[
        Steps,
        _step(
            "PART=FACTOR,...",
            "Stronger or weaker: a region, a column, or head. Regions: mouth, jaw, lips, "
            "tongue, upper_face, brows, cheeks, nose, eyes, blink, gaze, left, right, face.",
        ),
    ] = None,
    offset: Annotated[
        Steps, _step("PART=AMOUNT,...", "Add to every frame; pitch, yaw, roll in degrees, x, y, z in metres.")
    ] = None,
    smooth: Annotated[
        Steps, _step("SECONDS | PART=SECONDS", "Even out fast motion; above 0.05 lips that met part again.")
    ] = None,
    trim: Annotated[Steps, _step("START:END", "Keep that part, in seconds; either may be left out.")] = None,
    join: Annotated[Steps, _step("TRACK", "Put another track after it, see --crossfade.")] = None,
    loop: Annotated[
        Steps,
        _step(
            "ROUNDS | LENGTHs", "Make it play over and over without a jump, see --blend: 3 rounds, or 20s."
        ),
    ] = None,
    fps: Annotated[
        Steps, _step("RATE", "Another frame rate; 23.976, 29.97 and 59.94 become exact. See --between.")
    ] = None,
    length: Annotated[Steps, _step("SECONDS", "Slower or faster, to take that long.")] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Left for right.")] = False,
    emotion: Annotated[
        Steps,
        _step(
            "NAME=INTENSITY[@START:END]",
            "joy, anger, sadness, fear, surprise or disgust, 0 to 1; it follows "
            "the voice's loudness, and p b m stay closed.",
        ),
    ] = None,
    gaze: Annotated[
        Steps,
        _step(
            "camera | wander | TIME@TARGET,...",
            "Where the eyes look whatever the head does; a target is "
            "camera or YAW/PITCH in degrees (+ the subject's left, + down).",
        ),
    ] = None,
    blinks: Annotated[
        Steps, _step("RATE | TIMEs,... | none", "Other blinks: so many a minute, or at 1.2s,3.4s.")
    ] = None,
    add_blinks: Annotated[Steps, _step("RATE | TIMEs,...", "The same besides those that are there.")] = None,
    sound: Annotated[
        Path | None,
        typer.Option(
            help="Write the part of the sound that goes with the result to this .wav.", show_default=False
        ),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Write curves with few keys to this .json.", show_default=False)
    ] = None,
    max_error: Annotated[
        float, typer.Option(help="--keys: millimetres that any vertex may be off.", metavar="MM")
    ] = 0.1,
    seed: Seed = 0,
    crossfade: Annotated[float, typer.Option(help="--join: seconds in which both overlap.")] = 0.2,
    blend: Annotated[
        float, typer.Option(help="--loop: seconds in which the end fades into the beginning.")
    ] = 0.5,
    between: Annotated[
        Literal["smooth", "linear"], typer.Option(help="--fps, --length: how to go from frame to frame.")
    ] = "smooth",
    force: Force = False,
) -> None:
    """Change a track: each option is one step, and they are done in the order in which you give them."""
    from sadtalker3d.commands_edit import edit as run
    from sadtalker3d.edit.steps import STEPS

    steps = [(name, value) for name, value in context.obj or () if name in STEPS]
    made = run(
        take, out, steps, sound=sound, keys=keys, max_error_mm=max_error, seed=seed, crossfade_s=crossfade,
        blend_s=blend, between=between, force=force,
    )  # fmt: skip
    for note in made.notes:
        typer.echo(note, err=True)
    for path in made.files:
        typer.echo(path)
