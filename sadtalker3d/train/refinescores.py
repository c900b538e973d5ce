"""Held-out crops with and without the refinement: how near each is to the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from sadtalker3d.evaluate.pictures import psnr_db, ssim
from sadtalker3d.render.refinenet import RefineNet, admitted, features, refined
from sadtalker3d.train.portraitpairs import Pairs

MOST_CROPS = 320


@dataclass(frozen=True)
class RefineScores:
    """Each (without, with) the refinement. PSNR and edges within the mask, SSIM of the crop, means over crops.

    edges : mean absolute error of the differences of neighbouring pixels, 0..255
    better : share of crops whose squared error became smaller
    """

    psnr_db: tuple[float, float]
    ssim: tuple[float, float]
    edges: tuple[float, float]
    better: float

    def line(self) -> str:
        """What is shown."""
        pairs = (("PSNR", self.psnr_db, ".2f"), ("SSIM", self.ssim, ".4f"), ("edges", self.edges, ".2f"))
        told = [f"{name} {format(a, digits)} -> {format(b, digits)}" for name, (a, b), digits in pairs]
        return f"{', '.join(told)}; better in {100 * self.better:.0f} % of crops"


def held_out_scores(name: str, network: RefineNet, pairs: Pairs) -> RefineScores:
    """Measure on crops of people whom the network never saw."""
    chosen = np.unique(np.linspace(0, len(pairs) - 1, MOST_CROPS).round().astype(int))
    rows: list[list[float]] = []
    for k in chosen:
        made = made_of(name, network, pairs, int(k))
        real, mask = pairs.real[k].astype(np.float64), pairs.guides[k, ..., 5:] / 255.0
        row = []
        for picture in (pairs.warped[k], made):
            error = picture.astype(np.float64) - real
            edges = sum(np.abs(np.diff(error * mask, axis=axis)).sum() for axis in (0, 1))
            weight = 3 * mask.sum()
            row += [(error**2 * mask).sum() / weight, ssim(picture, pairs.real[k]), edges / (2 * weight)]
        rows.append(row)
    found = np.array(rows)
    mean = found.mean(axis=0)
    return RefineScores(
        (psnr_db(mean[0]), psnr_db(mean[3])),
        (float(mean[1]), float(mean[4])),
        (float(mean[2]), float(mean[5])),
        float((found[:, 3] < found[:, 0]).mean()),
    )


@torch.inference_mode()
def made_of(name: str, network: RefineNet, pairs: Pairs, k: int) -> np.ndarray:
    """(S, S, 3) uint8, crop k repaired."""
    device = next(network.parameters()).device
    warped, photo, guides = (
        torch.from_numpy(getattr(pairs, key)[k : k + 1]).to(device) for key in ("warped", "photo", "guides")
    )
    change = admitted(name, network(features(warped, photo, guides)), warped)
    made = refined(warped, change, guides)[0]
    return (made.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
