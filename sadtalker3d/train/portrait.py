"""Training the refinement of speaking photos from people who do not exist: `train_portrait`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.train.device import chosen_device
from sadtalker3d.train.facevid2vid import check_start

if TYPE_CHECKING:
    from sadtalker3d.train.refinescores import RefineScores
    from sadtalker3d.train.refinetraining import RefineTraining, TrainConfig

WEIGHTS = "refinement.safetensors"
SCORES = "refinement_scores.json"
REPORT_EVERY_S = 30.0
FEWEST_PEOPLE = 16  # the first that are held out are the 15th and 16th


@dataclass(frozen=True)
class Trained:
    """What training left behind."""

    weights: Path
    minutes: float
    held_out: dict[str, RefineScores]  # by network


def train_portrait(
    work: str | Path,
    *,
    people: int = 256,
    frames: int = 24,
    steps: int = 6000,
    seed: int = 0,
    resume: bool = False,
    start: str | Path | None = None,
    config: TrainConfig | None = None,
    vgg: str | Path | None = None,
    device: str | None = None,
    networks: tuple[str, ...] | None = None,
    keep_every: int = 250,
    report: Callable[[str], None] = print,
) -> Trained:
    """Make the pairs that are missing in `work`, train the networks one after the other, and write their weights.

    people, frames : how many people, and moments of each; every eighth pair of people is held out
    steps : of each network
    resume : go on from the checkpoints in `work`; a run that is interrupted and resumed ends with the numbers of one
        that is not
    start : begin from these weights instead of from nothing
    vgg : torchvision's VGG-19 for the perceptual loss; without it a pyramid of details stands in
    device : "cpu" or "cuda"; by default cuda where there is one
    networks : "mouth" and "eye", or one of them
    keep_every : steps between two checkpoints

    Raises UserError when the sizes are too small, a file is damaged, or there is nothing to resume.
    """
    from sadtalker3d.errors import UserError
    from sadtalker3d.render.refine import NETWORKS, load_refinement, save_refinement
    from sadtalker3d.train.portraitpairs import read_pairs, written_pairs
    from sadtalker3d.train.refinescores import held_out_scores
    from sadtalker3d.train.refinetraining import RefineTraining

    work, networks = Path(work), networks or NETWORKS
    if people < FEWEST_PEOPLE or frames < 1 or steps < 1:
        raise UserError(
            f"a training needs {FEWEST_PEOPLE} people, a frame and a step at least, not {people}, {frames}, {steps}"
        )
    first = work / _checkpoint(networks[0])
    check_start(first, resume)
    begin = {} if start is None else load_refinement(start).networks
    device = chosen_device(device)
    folder = work / "pairs"
    folder.mkdir(parents=True, exist_ok=True)
    written_pairs(folder, people, frames, report)
    trainings: dict[str, RefineTraining] = {}
    scores: dict[str, RefineScores] = {}
    for name in networks:
        checkpoint = work / _checkpoint(name)
        training = RefineTraining(name, steps, config, seed=seed, vgg=vgg, device=device)
        if resume and checkpoint.exists():
            training.restore(checkpoint)
        elif name in begin:
            training.network.load_state_dict(begin[name].state_dict())
        trainings[name] = training
        learnt, held_out = (read_pairs(folder, people, name, held) for held in (False, True))
        report(
            f"{name}: {len(learnt)} crops, {len(held_out)} held out; perceptual loss: {training.looks}; on {device}"
        )
        shown = time.monotonic()
        while training.step < steps:
            training.advance(learnt)
            if training.step % keep_every == 0:
                training.keep(checkpoint)
            if time.monotonic() - shown > REPORT_EVERY_S:
                shown = time.monotonic()
                left_min = training.spent_s / training.step * (steps - training.step) / 60
                report(f"{name} step {training.step}: {training.course()}; {left_min:.0f} min left")
        training.keep(checkpoint)
        scores[name] = held_out_scores(name, training.network, held_out)
        report(f"{name}, held-out people: {scores[name].line()}")
    notes = {"people": people, "frames": frames, "steps": steps, "seed": seed}
    save_refinement(
        work / WEIGHTS,
        {name: training.network for name, training in trainings.items()},
        {key: str(value) for key, value in notes.items()},
    )
    minutes = sum(training.spent_s for training in trainings.values()) / 60
    (work / SCORES).write_text(
        json.dumps({name: asdict(score) for name, score in scores.items()}, indent=1) + "\n"
    )
    report(f"{minutes:.1f} min of training")
    return Trained(work / WEIGHTS, minutes, scores)


def _checkpoint(name: str) -> str:
    return f"refinement_{name}.pt"
