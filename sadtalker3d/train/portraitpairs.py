"""Pairs for the refinement: what the speaking photo shows of a moment, and what it should have shown.

A person's first frame is the photo. It is laid on the head exactly or as the detector finds it, moved, and cut out
beside the true frame. Where the detector's head lies a little off, each picture is cut out by its own head, else the
network would learn to blur. Crops only: a person's take 3 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.files import replacing
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.render.refine import NETWORKS
from sadtalker3d.render.warp.expression import speaking, together
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.refine_crops import GUIDES, REGIONS, Crop, Places, cut_out, guides
from sadtalker3d.rotation import from_matrices, to_matrices
from sadtalker3d.track import Track
from sadtalker3d.train.portraitmoments import moments
from sadtalker3d.train.portraitpeople import Person, exact_fit, person, pictures

LEAST_MASK = 0.2  # crops that may hardly be repaired teach nothing
HELD_OUT = 8  # every eighth person is never learnt from


@dataclass(frozen=True)
class Pairs:
    """Crops of one network, n of them, all uint8.

    warped, photo, real : (n, S, S, 3)
    guides : (n, S, S, 6), see `guides`
    """

    warped: np.ndarray
    photo: np.ndarray
    real: np.ndarray
    guides: np.ndarray

    def __len__(self) -> int:
        return len(self.warped)


def made_pairs(seed: int, frames: int) -> dict[str, Pairs]:
    """The pairs of one person, by network.

    frames : moments besides the portrait

    Raises UserError when the detector does not find the drawn face.
    """
    who = person(seed)
    track = moments(seed, frames + 1)
    real = list(pictures(who, _of_person(who, track)))
    exact = exact_fit(who, real[0])
    fit = exact if seed % 2 else _found(real[0], f"person {seed}")
    record = Recorder()
    moving = PhotoPortrait(real[0], fit, model=bfm.load("open"))
    places = Places(HeadMotion(exact, bfm.load("open")), bfm.load("open"))
    kept: dict[str, list[tuple[np.ndarray, ...]]] = {name: [] for name in NETWORKS}
    for t, _ in enumerate(moving.frames(track, refiner=record)):
        for crop in record.taken():
            if crop.mask.max() < LEAST_MASK:
                continue
            matrix = places.matrix(crop.region, track.rotation[t], track.translation[t])
            truth = cut_out(real[t], matrix, crop.region.side_px)
            kept[crop.region.network].append((crop.picture, crop.photo, truth, guides(crop)))
    return {name: _stacked(name, rows) for name, rows in kept.items()}


class Recorder:
    """A refiner that changes nothing and remembers the crops."""

    def __init__(self) -> None:
        self._crops: list[Crop] = []

    def __call__(self, crop: Crop) -> None:
        self._crops.append(crop)

    def taken(self) -> list[Crop]:
        """The crops since the last call."""
        crops, self._crops = self._crops, []
        return crops


def written_pairs(
    folder: Path, people: int, frames: int, report: Callable[[str], None] = print, first: int = 0
) -> None:
    """Make what is missing of `people` people's pairs in the folder, one file a person."""
    import time

    began, made = time.monotonic(), 0
    for seed in range(first, people):
        path = _file(folder, seed)
        if path.exists():
            continue
        arrays: dict[str, np.ndarray] = {}
        for name, pairs in made_pairs(seed, frames).items():
            arrays |= {f"{name}.{key}": value for key, value in vars(pairs).items()}
        with replacing(path) as partial, open(partial, "wb") as out:
            np.savez_compressed(out, **arrays)
        made += 1
        if made % 10 == 0:
            each = (time.monotonic() - began) / made
            report(
                f"pairs of {seed + 1} of {people} people, {each:.1f} s each, "
                f"{each * (people - seed - 1) / 60:.0f} min left"
            )


def read_pairs(folder: Path, people: int, network: str, held_out: bool) -> Pairs:
    """All pairs of the learnt or the held-out people.

    Raises UserError when there are none or a file is damaged.
    """
    found = []
    for seed in range(people):
        path = _file(folder, seed)
        if is_held_out(seed) != held_out or not path.exists():
            continue
        try:
            with np.load(path, allow_pickle=False) as data:
                found.append(Pairs(*(data[f"{network}.{key}"] for key in Pairs.__dataclass_fields__)))
        except Exception as error:  # a damaged file may raise anything
            raise UserError(f"{path}: cannot be read ({error}); delete it, and it is made again") from None
    found = [pairs for pairs in found if len(pairs)]
    if not found:
        who = "held out" if held_out else "learnt from"
        raise UserError(f"{folder}: has no person who is {who}; raise --people")
    return Pairs(*(np.concatenate([getattr(p, key) for p in found]) for key in Pairs.__dataclass_fields__))


def is_held_out(seed: int) -> bool:
    """Whether a person's pairs are for measuring. Among them are exact and detected fits in turn."""
    return seed // 2 % HELD_OUT == HELD_OUT - 1


def _file(folder: Path, seed: int) -> Path:
    return folder / f"person_{seed:05d}.npz"


def _found(portrait: np.ndarray, name: str) -> HeadFit:
    from sadtalker3d.face.fit import fit_portrait3d
    from sadtalker3d.face.landmarks import largest_face

    return fit_portrait3d(portrait, largest_face(portrait, name)[0], bfm.load("open"))


def _of_person(who: Person, track: Track) -> Track:
    """The track in the world, as the renderer of people takes it."""
    speaks = speaking(track.expression, track.names, track.fps)
    expression = together(who.expression, track.expression, speaks, track.names)
    first = to_matrices(who.rotation_rad[None])[0]
    rotation = from_matrices(first @ to_matrices(track.rotation))
    return replace(track, expression=expression, rotation=rotation, translation=track.translation @ first.T)


def _stacked(network: str, rows: list[tuple[np.ndarray, ...]]) -> Pairs:
    side = next(region.side_px for region in REGIONS if region.network == network)
    shapes = [(0, side, side, channels) for channels in (3, 3, 3, GUIDES)]
    if not rows:
        return Pairs(*(np.zeros(shape, np.uint8) for shape in shapes))
    return Pairs(*(np.stack(values) for values in zip(*rows, strict=True)))
