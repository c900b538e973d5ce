"""The `train` commands of the command line: one command per public function, and no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

train_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Train the networks again, from data anyone can make or from your own videos.",
)


@train_app.command(
    "expnet",
    epilog="Example: sadtalker3d train expnet --work training --minutes 38 --seed 0; by two processes: "
    "torchrun --nproc-per-node 2 -m sadtalker3d train expnet --work training",
)
def train_expnet(
    work: Annotated[
        Path,
        typer.Option(help="Folder for the corpus (0.8 GB), checkpoints and weights.", show_default=False),
    ],
    minutes: Annotated[float, typer.Option(help="Length of the training, after the corpus is made.")] = 45.0,
    seed: Annotated[int, typer.Option(help="Of the network and of every draw.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    start: Annotated[
        Path | None, typer.Option(help="Begin from these weights instead of from nothing.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="The network for sound that is still being spoken.")
    ] = False,
    steps: Annotated[
        int | None, typer.Option(help="Length in steps instead of minutes: the same work on any machine.")
    ] = None,
    landmarks: Annotated[
        float | None, typer.Option(help="Weight of the landmark loss; 0 leaves it out.")
    ] = None,
    reading: Annotated[
        float | None, typer.Option(help="Weight of the lip-reading loss; 0 leaves it out.")
    ] = None,
) -> None:
    """Teach ExpNet the mouth, from speech it synthesises itself (needs flite, festival and espeak-ng)."""
    from sadtalker3d.train.expnet import TrainConfig
    from sadtalker3d.train.expnet import train_expnet as run
    from sadtalker3d.train.liploss import LossConfig

    usual = LossConfig()
    loss = LossConfig(
        landmarks=usual.landmarks if landmarks is None else landmarks,
        reading=usual.reading if reading is None else reading,
    )
    trained = run(
        work, minutes=minutes, steps=steps, seed=seed, live=live, resume=resume, start=start,
        config=TrainConfig(loss=loss), report=typer.echo,
    )  # fmt: skip
    typer.echo(trained.weights)


@train_app.command("reader", epilog="Example: sadtalker3d train reader --work training --minutes 5 --seed 0")
def train_reader(
    work: Annotated[
        Path, typer.Option(help="Folder of the corpus, the checkpoint and the weights.", show_default=False)
    ],
    minutes: Annotated[float, typer.Option(help="Length of the training, after the corpus is made.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Of the network and of every draw.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
) -> None:
    """Teach a lip reader the mouths that ExpNet will be held to; ExpNet's training uses it, nobody else does."""
    from sadtalker3d.train.readertraining import train_lip_reader as run

    typer.echo(run(work, minutes=minutes, seed=seed, resume=resume, report=typer.echo).weights)


@train_app.command(
    "posevae", epilog="Example: sadtalker3d train posevae --data headmotion -o posevae.safetensors"
)
def train_posevae(
    data: Annotated[
        Path, typer.Option(help="Folder with headmotion.npz: measured heads.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The weights, .safetensors.", show_default=False)],
    seed: Annotated[int, typer.Option(help="Of the network and of every draw.")] = 0,
) -> None:
    """Teach PoseVAE how heads move, from measured head motion; goes on where it was interrupted."""
    from sadtalker3d.train.posevae import PoseVAETraining
    from sadtalker3d.train.posevae import train_posevae as run

    run(data, out, recipe=PoseVAETraining(seed=seed), log=typer.echo)
    typer.echo(out)


@train_app.command(
    "facevid2vid",
    epilog="Example: sadtalker3d train facevid2vid --videos faces --work renderer --minutes 2880; by two "
    "processes: torchrun --nproc-per-node 2 -m sadtalker3d train facevid2vid --videos faces --work renderer",
)
def train_facevid2vid(
    videos: Annotated[
        Path, typer.Option(help="Folder of videos, cropped to one face each.", show_default=False)
    ],
    work: Annotated[
        Path, typer.Option(help="Folder for frames, checkpoint, curve and weights.", show_default=False)
    ],
    minutes: Annotated[float, typer.Option(help="Length of the training.")] = 60.0,
    steps: Annotated[
        int | None, typer.Option(help="Length in steps instead of minutes.", min=1, show_default=False)
    ] = None,
    size: Annotated[
        int, typer.Option(help="Width and height of the frames in pixels.", min=64, max=512)
    ] = 256,
    width: Annotated[
        float, typer.Option(help="Share of the official networks' channels; below 1 for small computers.")
    ] = 1.0,
    batch: Annotated[int, typer.Option(help="Pairs of frames a step and process.", min=2)] = 4,
    learning_rate: Annotated[float, typer.Option(help="Of Adam; narrow networks bear 1e-3.")] = 2e-4,
    gan: Annotated[float, typer.Option(help="Factor of the GAN losses; 0 leaves them out.", min=0)] = 1.0,
    coefficients: Annotated[
        Path | None,
        typer.Option(help="Folder of tracks named like the videos: the teacher of the head's pose."),
    ] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(help="torchvision's VGG-19 weights; without them a pyramid of details stands in."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; cuda where there is one.")] = None,
    evaluate_every: Annotated[int, typer.Option(help="Steps from one checkpoint to the next.", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Of the networks and of every draw.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
) -> None:
    """Teach the neural renderer faces, from videos alone; then `train mapping` teaches it coefficients."""
    from sadtalker3d.train.facevid2vid import train_facevid2vid as run
    from sadtalker3d.train.rendererlosses import LossWeights
    from sadtalker3d.train.renderertraining import TrainConfig

    config = TrainConfig(
        size_px=size, width=width, batch=batch, learning_rate=learning_rate, weights=LossWeights().judged(gan)
    )
    trained = run(
        videos, work, minutes=minutes, steps=steps, seed=seed, resume=resume, config=config,
        coefficients=coefficients, vgg=vgg, device=device, evaluate_every=evaluate_every, report=typer.echo,
    )  # fmt: skip
    typer.echo(trained.folder)


@train_app.command(
    "mapping",
    epilog="Example: sadtalker3d train mapping --videos faces --coefficients faces --renderer renderer",
)
def train_mapping(
    videos: Annotated[
        Path, typer.Option(help="The folder that the renderer was trained on.", show_default=False)
    ],
    coefficients: Annotated[
        Path,
        typer.Option(help="Folder of tracks (.mat, .npz, .json) named like the videos.", show_default=False),
    ],
    renderer: Annotated[
        Path, typer.Option(help="Folder that `train facevid2vid` wrote.", show_default=False)
    ],
    steps: Annotated[int, typer.Option(help="Length of the training.", min=1)] = 20_000,
    learning_rate: Annotated[float, typer.Option(help="Of Adam; narrow networks bear 1e-3.")] = 1e-4,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; cuda where there is one.")] = None,
    seed: Annotated[int, typer.Option(help="Of the network and of every draw.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
) -> None:
    """Teach MappingNet to drive a trained renderer with coefficients."""
    from sadtalker3d.train.mapping import MappingTraining
    from sadtalker3d.train.mapping import train_mapping as run

    trained = run(
        videos, coefficients, renderer, steps=steps, seed=seed, resume=resume,
        config=MappingTraining(learning_rate=learning_rate), device=device, report=typer.echo,
    )  # fmt: skip
    typer.echo(trained.folder)


@train_app.command(
    "portrait", epilog="Example: sadtalker3d train portrait --work refinement --people 256 --steps 6000"
)
def train_portrait(
    work: Annotated[
        Path, typer.Option(help="Folder for pairs (0.7 GB), checkpoints and weights.", show_default=False)
    ],
    people: Annotated[int, typer.Option(help="How many people are drawn, seconds each.", min=16)] = 256,
    frames: Annotated[int, typer.Option(help="Moments of each of them.", min=1)] = 24,
    steps: Annotated[int, typer.Option(help="Length of the training of each network.", min=1)] = 6000,
    seed: Annotated[int, typer.Option(help="Of the networks and of every draw.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoints in the folder.")
    ] = False,
    start: Annotated[
        Path | None, typer.Option(help="Begin from these weights instead of from nothing.")
    ] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(help="torchvision's VGG-19 weights; without them a pyramid of details stands in."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; cuda where there is one.")] = None,
) -> None:
    """Teach the refinement of speaking photos (`--refine`) mouths and lids, from people who do not exist."""
    from sadtalker3d.train.portrait import train_portrait as run

    trained = run(
        work, people=people, frames=frames, steps=steps, seed=seed, resume=resume, start=start, vgg=vgg,
        device=device, report=typer.echo,
    )  # fmt: skip
    typer.echo(trained.weights)
