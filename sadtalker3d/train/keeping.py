"""A training's state on disk: what goes on, bit for bit, where it was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing


class Training(Protocol):
    """What is kept of a training, besides the networks and optimizers that `keep` is given by name."""

    step: int
    spent_s: float
    device: Any


def keep(training: Training, checkpoint: Path, names: Sequence[str], recipe: str) -> None:
    """Write all that `restore` needs. Nothing of the draws: a step's depend on its number alone."""
    state = {name: getattr(training, name).state_dict() for name in names}
    state |= {"step": training.step, "spent_s": training.spent_s, "recipe": recipe}
    with replacing(checkpoint) as path:
        torch.save(state, path)


def restore(training: Training, checkpoint: Path, names: Sequence[str], recipe: str) -> None:
    """Go on where `keep` left off; UserError for another recipe's checkpoint or a damaged one."""
    try:
        state = torch.load(checkpoint, weights_only=True, map_location=training.device)
        if state["recipe"] != recipe:
            raise UserError(
                f"{checkpoint}: is from training with other settings; give the same ones, or another --work"
            )
        for name in names:
            getattr(training, name).load_state_dict(state[name])
        training.step, training.spent_s = state["step"], state["spent_s"]
    except UserError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise UserError(
            f"{checkpoint}: is no checkpoint of this training ({str(error).splitlines()[0]}); delete it"
        ) from None
