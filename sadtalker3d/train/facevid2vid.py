"""Training the neural renderer from videos alone: `train_facevid2vid` (face-vid2vid, Wang et al. 2021)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.train.device import chosen_device
from sadtalker3d.train.processes import Processes
from sadtalker3d.train.videoframes import load_videos

if TYPE_CHECKING:
    from sadtalker3d.train.rendererscores import HeldOutScores
    from sadtalker3d.train.renderertraining import RendererTraining, TrainConfig

CHECKPOINT = "facevid2vid.pt"
CURVE = "facevid2vid_curve.jsonl"
REPORT_EVERY_S = 30.0


@dataclass(frozen=True)
class Trained:
    """What training left behind."""

    folder: Path  # of the weights
    steps: int
    minutes: float
    held_out: HeldOutScores


def train_facevid2vid(
    videos: str | Path,
    work: str | Path,
    *,
    minutes: float = 60.0,
    steps: int | None = None,
    seed: int = 0,
    resume: bool = False,
    config: TrainConfig | None = None,
    coefficients: str | Path | None = None,
    vgg: str | Path | None = None,
    device: str | None = None,
    evaluate_every: int = 500,
    report: Callable[[str], None] = print,
) -> Trained:
    """Train generator, keypoint detector and head estimator, and write their weights to `work`.

    Under torchrun every process draws its own pairs and all take their steps together.

    videos : folder of videos, each of one person, cropped to the face; scaled to the training's size
    work : folder for the decoded frames, the checkpoint, the curve and the weights
    minutes : length of the training on the clock, over all resumed runs
    steps : fix the number of steps instead
    resume : go on from the checkpoint in `work`; a run that is interrupted and resumed ends with the numbers of
        one that is not
    coefficients : folder with a track of each video's name, the teacher of the head's pose
    vgg : torchvision's VGG-19 for the perceptual loss; without it a pyramid of details stands in
    device : "cpu" or "cuda"; by default cuda where there is one. Always float32: bf16 crashes some CPUs here
    evaluate_every : steps between two measurements, each of which also keeps a checkpoint
    report : gets a progress line every half minute and the held-out measures

    Raises UserError when videos, coefficients or the VGG are not usable, or there is nothing to resume.
    """
    from sadtalker3d.render.facevid2vid.sizes import RendererSizes
    from sadtalker3d.train.framepairs import Pairs
    from sadtalker3d.train.rendererscores import SelfDriven, held_out_scores
    from sadtalker3d.train.renderertraining import RendererTraining, TrainConfig
    from sadtalker3d.train.videocoefficients import head_angles_deg, load_coefficients

    work, config = Path(work), config or TrainConfig()
    checkpoint = work / CHECKPOINT
    check_start(checkpoint, resume)
    RendererSizes.of(config.width, config.size_px)  # refuses what does not fit before videos are decoded
    device = chosen_device(device)
    processes = Processes.joined()
    tell = report if processes.leads else silent
    clips = load_videos(videos, work / "frames", config.size_px, processes, report)
    angles = None
    if coefficients is not None:
        rows, _ = load_coefficients(coefficients, clips)
        angles = [head_angles_deg(track[:, 64:67]) for track in rows]
    pairs = Pairs(clips, angles, seed=seed)
    training = RendererTraining(config, seed=seed, vgg=None if vgg is None else Path(vgg), device=device)
    if resume:
        training.restore(checkpoint)
    looks = "a pyramid of details" if vgg is None else "VGG-19"
    tell(f"{len(clips)} videos, {sum(map(len, clips))} frames; perceptual loss: {looks}; on {device}")

    def measure() -> HeldOutScores:
        return held_out_scores(clips, SelfDriven(*training.networks, clips))

    def keep() -> None:
        if processes.leads:
            scores = measure()
            training.keep(checkpoint)
            _save(training, work)
            _add_to_curve(work / CURVE, training, scores)
            report(f"step {training.step}: {scores.line()}")

    shown = time.monotonic()
    while True:
        spent_min = processes.slowest(training.spent_s) / 60
        if training.step >= steps if steps is not None else spent_min >= minutes:
            break
        training.advance(pairs, processes)
        if training.step % evaluate_every == 0:
            keep()
        if time.monotonic() - shown > REPORT_EVERY_S:
            shown = time.monotonic()
            tell(f"step {training.step} ({training.spent_s / 60:.1f} min): {training.course()}")
    if training.step % evaluate_every:
        keep()
    trained = Trained(work, training.step, training.spent_s / 60, measure())
    processes.wait()
    processes.leave()
    return trained


def check_start(checkpoint: Path, resume: bool) -> None:
    """UserError when a training can neither begin nor go on there."""
    if resume and not checkpoint.exists():
        raise UserError(f"{checkpoint}: there is nothing to resume; start without --resume")
    if not resume and checkpoint.exists():
        raise UserError(f"{checkpoint}: is there already; add --resume to go on, or delete it")


def _save(training: RendererTraining, work: Path) -> None:
    from sadtalker3d.render.facevid2vid.trained import save_trained

    networks = dict(zip(("generator", "kp_extractor", "he_estimator"), training.networks, strict=True))
    notes = {"size_px": training.config.size_px, "width": training.config.width, "steps": training.step}
    save_trained(work, networks, {name: str(value) for name, value in notes.items()})


def _add_to_curve(path: Path, training: RendererTraining, scores: HeldOutScores) -> None:
    line = {"step": training.step, "minutes": round(training.spent_s / 60, 2), **asdict(scores)}
    before = path.read_text().splitlines() if path.exists() else []
    # a run that goes on from an earlier step measures again what was measured after it
    kept = [text for text in before if json.loads(text)["step"] < training.step]
    with replacing(path) as partial:
        partial.write_text("\n".join([*kept, json.dumps(line)]) + "\n")


def silent(line: str) -> None:
    """What the processes that do not lead say."""
    del line
