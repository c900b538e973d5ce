"""The `export` command of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadtalker3d.cli_options import Force, FramesPerSecond, Take

EXPORT_EXAMPLES = (
    "Example: sadtalker3d export take.json -o take.glb; a mesh a frame: sadtalker3d export take.json -o "
    "meshes/take_%05d.obj; of another program: sadtalker3d export MySlate_1.csv -o take.usda --angle-unit deg"
)


def export(
    take: Take,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="What to make; its ending names the format.", show_default=False),
    ],
    format: Annotated[
        str | None,
        typer.Option(
            help="Where the ending does not say it: the word in brackets below.", show_default=False
        ),
    ] = None,
    fps: FramesPerSecond = None,
    angle_unit: Annotated[
        str | None,
        typer.Option(
            help="Unit of the head angles in a Live Link CSV, read or written: rad (unless given) or deg.",
            show_default=False,
        ),
    ] = None,
    fill_missing: Annotated[
        bool, typer.Option("--fill-missing", help="Weights that a Live Link CSV lacks are zero.")
    ] = False,
    neutral_first_frame: Annotated[
        bool,
        typer.Option("--neutral-first-frame", help="A Live Link recording begins at rest: subtract it."),
    ] = False,
    expressions: Annotated[
        str | None,
        typer.Option(
            help="Of a .vrma: presets (unless given), or arkit for avatars that have ARKit's 52.",
            show_default=False,
        ),
    ] = None,
    basel: Annotated[
        Path | None,
        typer.Option(
            help="Folder of your Basel face model, for a basel track: formats with a head show it, others need it."
        ),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option("--as", help="open: convert a basel track for the embedded head first; needs --basel."),
    ] = None,
    portrait: Annotated[
        Path | None,
        typer.Option(help="The person whose head is shown, with the photo on it.", show_default=False),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Of a .glb: full (unless given), or visemes, eight shapes for viewers that show no more.",
            show_default=False,
        ),
    ] = None,
    quantized: Annotated[
        bool, typer.Option("--quantized", help="A .glb of half the size, with KHR_mesh_quantization.")
    ] = False,
    onto: Annotated[
        Path | None,
        typer.Option(help="Your own character (.glb, .gltf, .vrm) that shall speak.", show_default=False),
    ] = None,
    rig: Annotated[
        Path | None,
        typer.Option(help="With --onto: your own rig map, see `rig inspect --map`.", show_default=False),
    ] = None,
    force: Force = False,
) -> None:
    """Write a track, or what another program recorded, in another format.

    \b
    The head itself:
      take.glb               glTF: Blender, three.js, Unity, Godot        [gltf]
      take.html              a page that plays it, with the sound         [page]
      take.usda              USD: usdview, Houdini, Maya, Unreal          [usd]
      take_%05d.obj .ply     a mesh a frame; or a folder with --format    [obj, ply]
      take.mdd take.pc2      point cache, with a mesh beside it           [mdd, pc2]
    What moves a head:
      take.json .npz .mat    the track; .mat is SadTalker's, basel only   [track]
      take.csv               Live Link Face: Unreal, Blender add-ons      [livelink]
      take.a2f.json .a2f.csv Audio2Face                                   [a2f]
      take.vrma              any VRM avatar                               [vrma]
    All but pages, meshes and point caches can be the TAKE too, of every command. Alembic and FBX are made in Blender,
    from a .glb.
    """
    from sadtalker3d.commands_export import export as run

    made = run(
        take, out, format=format, fps=fps, angle_unit=angle_unit, fill_missing=fill_missing or None,
        neutral_first_frame=neutral_first_frame or None,
        expressions=expressions, profile=profile, quantized=quantized or None, basel=basel, space=space,
        portrait=portrait, onto=onto, rig_map=rig, force=force,
    )  # fmt: skip
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(made.file)
