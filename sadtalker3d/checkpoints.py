"""Which of SadTalker's networks a file of weights holds, told by keys and shapes, not by names of files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d import weights
from sadtalker3d.checkpoint_files import CheckpointFile, NotWeightsError
from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

SAME = 0.5  # of a network's keys with their shapes: it is that network, and the rest is missing
SAME_KEYS = 0.9  # of a network's keys, whatever their shapes: it is that network of another model
NAMED_KEYS = 3  # how many keys a message names; the rest is counted


@dataclass(frozen=True)
class Recognised:
    """The networks of one file.

    Attributes
    ----------
    path : the file
    networks : by its name in `weights.OFFICIAL_NETWORKS`, each network's key -> tensor, complete
    ignored : what else is in the file: the first part of its keys -> how many tensors
    """

    path: Path
    networks: dict[str, dict[str, Tensor]]
    ignored: dict[str, int]


@dataclass(frozen=True)
class _Match:
    """A network under one prefix of a file's keys: how many of its keys are there, and fit."""

    network: str
    prefix: str
    present: int
    fitting: int
    total: int

    @property
    def complete(self) -> bool:
        return self.fitting == self.total

    @property
    def meant(self) -> bool:
        return self.fitting / self.total >= SAME or self.present / self.total >= SAME_KEYS


def recognise(file: CheckpointFile) -> Recognised:
    """The networks in a file, under whatever prefixes: "generator.", "model.", "module.", or none.

    Batch counters (`num_batches_tracked`) may be missing, as in files of old torch versions: they count
    training steps, inference does not look at them, and they are set to 0.

    Raises
    ------
    NotWeightsError : no network is in it
    UserError : a network lacks keys, or has another model's shapes; the first keys are named
    """
    import torch

    left = dict(file.tensors)
    networks: dict[str, dict[str, Tensor]] = {}
    while (match := _best(left)) is not None:
        expected = weights.expected_shapes(match.network)
        if not match.complete:
            raise UserError(f"{file.path}: {_trouble(match, left)}")
        if match.network in networks:
            raise UserError(
                f"{file.path}: holds {match.network} twice; give SadTalker's own files, one at a time"
            )
        state = {key: left.pop(match.prefix + key, None) for key in expected}
        networks[match.network] = {
            key: torch.zeros((), dtype=torch.int64) if value is None or _counter(key) else value
            for key, value in state.items()
        }
    if not networks:
        raise NotWeightsError(f"{file.path}: holds none of SadTalker's networks; {_seen(file)}")
    return Recognised(file.path, networks, dict(Counter(key.split(".")[0] for key in left)))


def _best(tensors: dict[str, Tensor]) -> _Match | None:
    """The network that is most surely among the tensors, or None when none is."""
    present: Counter[tuple[str, str]] = Counter()
    fitting: Counter[tuple[str, str]] = Counter()
    known = _known_keys()
    for key, tensor in tensors.items():
        for prefix, rest in _splits(key):
            for network, shape in known.get(rest, ()):
                present[network, prefix] += 1
                fitting[network, prefix] += shape == tuple(tensor.shape)
    matches = []
    for (network, prefix), count in present.items():
        total = sum(not _counter(key) for key in weights.expected_shapes(network))
        matches.append(_Match(network, prefix, count, fitting[network, prefix], total))
    # the larger first: ExpNet's keys are also inside PoseVAE's
    meant = [match for match in matches if match.meant]
    return max(meant, key=lambda m: (m.complete, m.fitting / m.total, m.present), default=None)


@cache
def _known_keys() -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """Key -> the networks that have it, with their shapes; batch counters aside."""
    known: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for network in weights.OFFICIAL_NETWORKS:
        for key, shape in weights.expected_shapes(network).items():
            if not _counter(key):
                known.setdefault(key, []).append((network, shape))
    return known


def _splits(key: str) -> list[tuple[str, str]]:
    """Every way to read a key as prefix and rest: "a.b" is ("", "a.b") or ("a.", "b")."""
    parts = key.split(".")
    return [("".join(f"{part}." for part in parts[:i]), ".".join(parts[i:])) for i in range(len(parts))]


def _counter(key: str) -> bool:
    return key.endswith("num_batches_tracked")


def _trouble(match: _Match, tensors: dict[str, Tensor]) -> str:
    expected = {k: s for k, s in weights.expected_shapes(match.network).items() if not _counter(k)}
    there = {
        key: tuple(tensors[match.prefix + key].shape) for key in expected if match.prefix + key in tensors
    }
    wrong = [f"{key} {shape}, not {expected[key]}" for key, shape in there.items() if shape != expected[key]]
    missing = [key for key in expected if key not in there]
    if wrong:
        return (
            f"its {match.network} is another model's, {len(wrong)} of {len(expected)} shapes differ: "
            f"{_some(wrong)}; give SadTalker's own file"
        )
    return (
        f"its {match.network} is incomplete, {len(missing)} of {len(expected)} keys are missing: "
        f"{_some(missing)}; download or copy it again"
    )


def _seen(file: CheckpointFile) -> str:
    if not file.tensors:
        return "there are no tensors in it"
    return f"its {len(file.tensors)} keys are {_some(list(file.tensors))}"


def _some(names: list[str]) -> str:
    more = len(names) - NAMED_KEYS
    return ", ".join(names[:NAMED_KEYS]) + (f" and {more} more" if more > 0 else "")
