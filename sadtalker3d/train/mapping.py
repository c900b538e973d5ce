"""Training MappingNet on a trained renderer: `train_mapping` (SadTalker, Zhang et al. 2023)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.train.device import chosen_device
from sadtalker3d.train.facevid2vid import check_start, silent
from sadtalker3d.train.processes import Processes
from sadtalker3d.train.videoframes import load_videos

if TYPE_CHECKING:
    from sadtalker3d.train.mappinglessons import Lesson
    from sadtalker3d.train.rendererscores import HeldOutScores

CHECKPOINT = "mapping.pt"
REPORT_EVERY_S = 30.0
KEEP_EVERY = 2000  # steps


@dataclass(frozen=True)
class MappingTraining:
    """How MappingNet is trained."""

    learning_rate: float = 1e-4
    batch: int = 64  # windows; cheap, because the frozen networks are looked through once
    keypoints: float = 20.0  # weight of the one loss, as in the paper
    sources: int = 4  # frames of a video whose canonical keypoints are moved, lest one be learnt by heart


@dataclass(frozen=True)
class MappingTrained:
    """What training left behind."""

    folder: Path
    steps: int
    keypoint_error: float  # mean |difference| over held-out frames; the picture is 2 wide
    held_out: HeldOutScores  # the renderer driven by coefficients alone


def train_mapping(
    videos: str | Path,
    coefficients: str | Path,
    renderer: str | Path,
    *,
    steps: int = 20_000,
    seed: int = 0,
    resume: bool = False,
    config: MappingTraining | None = None,
    device: str | None = None,
    report: Callable[[str], None] = print,
) -> MappingTrained:
    """Teach MappingNet to move the keypoints as the head estimator does, and write mapping.safetensors.

    Under torchrun every process draws its own windows and all take their steps together.

    videos : the folder that the renderer was trained on
    coefficients : folder with a track (.mat, .npz, .json) of each video's name and length
    renderer : folder that `train_facevid2vid` wrote; weights, checkpoint and frames are kept there
    resume : go on from the checkpoint there
    device : "cpu" or "cuda"; by default cuda where there is one

    Raises UserError when one of these is not usable, or there is nothing to resume.
    """
    import torch

    from sadtalker3d.render.facevid2vid.animate import Networks
    from sadtalker3d.render.facevid2vid.trained import load_frozen
    from sadtalker3d.train.mappinglessons import held_out, keypoint_error, lesson_of
    from sadtalker3d.train.rendererscores import CoefficientDriven, held_out_scores
    from sadtalker3d.train.videocoefficients import load_coefficients

    folder, config = Path(renderer), config or MappingTraining()
    check_start(folder / CHECKPOINT, resume)
    device = chosen_device(device)
    frozen = load_frozen(folder)
    processes = Processes.joined()
    tell = report if processes.leads else silent
    clips = load_videos(videos, folder / "frames", frozen.size_px, processes, report)
    rows, space = load_coefficients(coefficients, clips)
    seen_by = frozen.keypoints.to(device), frozen.head.to(device)
    lessons = [lesson_of(clip, row, *seen_by, config.sources) for clip, row in zip(clips, rows, strict=True)]
    tell(f"{len(clips)} videos, coefficients of the space '{space}', on {device}")

    trainer = MappingTrainer(config, frozen.width, space, seed=seed, device=device)
    if resume:
        trainer.restore(folder / CHECKPOINT)
    shown = time.monotonic()
    while trainer.step < steps:
        error = trainer.advance(lessons, processes)
        if processes.leads and trainer.step % KEEP_EVERY == 0:
            trainer.keep(folder, frozen.size_px)
        if time.monotonic() - shown > REPORT_EVERY_S:
            shown = time.monotonic()
            tell(f"step {trainer.step} of {steps}: keypoints {error:.4f}")

    net = trainer.net.cpu().eval()
    networks = Networks(frozen.generator, frozen.keypoints.cpu(), net)
    with torch.no_grad():
        error = float(keypoint_error(net, held_out(lessons)))
    scores = held_out_scores(clips, CoefficientDriven(networks, clips, rows))
    if processes.leads:
        trainer.keep(folder, frozen.size_px)
        tell(f"step {trainer.step}: by coefficients alone {scores.line()}; keypoints {error:.4f}")
    processes.wait()
    processes.leave()
    return MappingTrained(folder, trainer.step, error, scores)


class MappingTrainer:
    """MappingNet on its way, with the optimiser's state.

    width : share of the official channels, the renderer's own
    space : of the coefficients; it is written down with the weights
    """

    def __init__(
        self, config: MappingTraining, width: float, space: str, *, seed: int = 0, device: str = "cpu"
    ) -> None:
        import torch

        from sadtalker3d.render.facevid2vid.mapping import MappingNet
        from sadtalker3d.render.facevid2vid.sizes import RendererSizes
        from sadtalker3d.train.renderertraining import start_at_rest

        torch.manual_seed(seed)
        self.config, self.width, self.space, self.seed, self.step = config, width, space, seed, 0
        self.net = MappingNet(RendererSizes.mapping_of(width))
        start_at_rest(self.net)
        self.net.to(device)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=config.learning_rate)

    def advance(self, lessons: Sequence[Lesson], processes: Processes) -> float:
        """One step, and the keypoints' error before it."""
        from sadtalker3d.train.mappinglessons import draw, keypoint_error

        windows = draw(lessons, self.config.batch, (self.seed, self.step, processes.rank))
        error = keypoint_error(self.net, windows)
        self.optimizer.zero_grad()
        (self.config.keypoints * error).backward()
        processes.average_gradients(list(self.net.parameters()))
        self.optimizer.step()
        self.step += 1
        return float(error.detach())

    def keep(self, folder: Path, size_px: int) -> None:
        """Write the weights, and the checkpoint that `restore` reads."""
        import torch

        from sadtalker3d.render.facevid2vid.trained import save_trained

        state = {"recipe": self._recipe(), "step": self.step}
        state |= {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}
        with replacing(folder / CHECKPOINT) as path:
            torch.save(state, path)
        notes = {"size_px": size_px, "width": self.width, "steps": self.step, "space": self.space}
        save_trained(folder, {"mapping": self.net}, {name: str(value) for name, value in notes.items()})

    def restore(self, checkpoint: Path) -> None:
        """Go on where `keep` left off; UserError for another recipe's checkpoint or a damaged one."""
        import torch

        try:
            state = torch.load(checkpoint, weights_only=True, map_location="cpu")
            if state["recipe"] != self._recipe():
                raise UserError(
                    f"{checkpoint}: is from training with other settings; give the same ones, or delete it"
                )
            self.net.load_state_dict(state["net"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]
        except UserError:
            raise
        except Exception as error:  # a damaged file may raise anything
            reason = str(error).splitlines()[0]
            raise UserError(f"{checkpoint}: is no checkpoint of MappingNet ({reason}); delete it") from None

    def _recipe(self) -> str:
        return json.dumps(asdict(self.config) | {"width": self.width, "space": self.space, "seed": self.seed})
