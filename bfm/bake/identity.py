"""Identity: random MakeHuman heads, brought to one pose and size, and their principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .cage import Cage
from .source import Source


@dataclass(frozen=True)
class IdentityConfig:
    """How heads are drawn."""

    samples: int = 400
    seed: int = 1
    components: int = 80
    # Below 1, so that most heads are clearly a man's or a woman's; the short hair counts for a man's already.
    male_beta: tuple[float, float] = (0.35, 0.48)
    old_beta: tuple[float, float] = (0.8, 3.2)  # mean 0.2 of the way from 25 to 90 years
    ancestry_alpha: float = 0.6
    detail_sd: float = 0.17  # of MakeHuman's sliders, whose ends at 1 are caricatures
    detail_limit: float = 0.45
    neck_weight: float = 0.15  # else the first components are the neck's length and girth


_RACES = ("african", "asian", "caucasian")
_DETAILS = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "ears", "chin", "cheek", "neck")
# Sliders that carry away the whole part instead of shaping it, or make ears of elves.
_LEFT_OUT = (
    "head-trans",
    "ear-shape-pointed",
    "ear-shape-triangle",
    "head-back-scale",
    "neck-double",
    "measure-",
)
# The sliders of these parts are bounded closer: they were made for caricature, or give a face at rest a mood
# (corners of mouth and eyes, lids, brows) or years; all heads share one neck. The first match counts.
_GENTLE = {
    "neck": 0.0,
    "head-age": 0.3,
    "head-fat": 0.4,
    "head-scale-vert": 0.6,
    "head-": 0.8,
    "forehead-nubian": 0.5,
    "eyebrows-angle": 0.4,
    "eyebrows-trans": 0.5,
    "eye-bag": 0.5,
    "eye-corner": 0.6,
    "eye-eyefold": 0.6,
    "eye-height": 0.5,
    "eye-push": 0.6,
    "nose-volume": 0.5,
    "nose-flaring": 0.6,
    "nose-point": 0.6,
    "nose-trans": 0.5,
    "nose-scale": 0.7,
    "mouth-angles": 0.25,
    "mouth-laugh-lines": 0.4,
    "mouth-lowerlip-ext": 0.4,
    "mouth-upperlip-ext": 0.4,
    "mouth-lowerlip-middle": 0.5,
    "mouth-upperlip-middle": 0.5,
    "mouth-scale": 0.7,
    "mouth-trans": 0.35,
    "cheek-volume": 0.6,
    "cheek-inner": 0.6,
    "chin-jaw-drop": 0.5,
    "chin-prognathism": 0.5,
    "chin-cleft": 0.5,
}


# What every head gets: MakeHuman's average mouth hangs a little, its lower lip lies 4 mm behind the upper one
# (2 mm now), its noses are heavy, its jaws wide and its eyes small.
_AVERAGE = {
    "mouth/mouth-angles-up": 0.35,
    "mouth/mouth-lowerlip-volume-incr": 0.25,
    "mouth/mouth-upperlip-volume-decr": 0.2,
    "nose/nose-point-width-decr": 0.2,
    "nose/nose-volume-decr": 0.15,
    "nose/nose-width3-decr": 0.1,
    "head/head-oval": 0.15,
    "eyes/l-eye-scale-incr": 0.12,
    "eyes/r-eye-scale-incr": 0.12,
}


@dataclass(frozen=True)
class Identities:
    mean: np.ndarray  # (N, 3) source units
    basis: np.ndarray  # (80, N, 3) per standard deviation
    explained: np.ndarray  # (80,) cumulated share of the variance


def mirrored(values: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The mirror image of (..., n, 3) positions or displacements."""
    return values[..., mirror, :] * np.array([-1.0, 1.0, 1.0])


def symmetric(values: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The mean of (n, 3) values and their mirror image: exactly symmetric."""
    return (values + mirrored(values, mirror)) / 2


def sample(source: Source, cage: Cage, weight: np.ndarray, config: IdentityConfig) -> np.ndarray:
    """Draw heads -> (samples, N, 3) cages, each moved, turned and scaled onto the base head.

    Macro shape: a mixture of the three ancestries, gender, age from young to old, muscle and weight around
    average, as MakeHuman combines them. Details: every slider from a clipped normal, left and right alike.
    """
    rng = np.random.default_rng(config.seed)
    on_cage: dict[str, np.ndarray] = {}

    def shape(name: str) -> np.ndarray:
        if name not in on_cage:
            on_cage[name] = cage.apply(symmetric(source.target(name), source.mirror))
        return on_cage[name]

    sliders = _sliders(source)
    base = cage.positions(source.vertices)
    heads = []
    for _ in range(config.samples):
        head = base + sum(share * shape(name) for name, share in _AVERAGE.items())
        race = dict(zip(_RACES, rng.dirichlet([config.ancestry_alpha] * 3), strict=True))
        male, old = rng.beta(*config.male_beta), rng.beta(*config.old_beta)
        genders = {"female": 1 - male, "male": male}
        ages = {"young": 1 - old, "old": old}
        build = {}
        for kind in ("muscle", "weight"):
            value = np.clip(rng.normal(0, 0.35), -1, 1)
            build[kind] = {"min": max(-value, 0), "average": 1 - abs(value), "max": max(value, 0)}
        for gender, g in genders.items():
            for age, a in ages.items():
                for name, r in race.items():
                    head += r * g * a * shape(f"macrodetails/{name}-{gender}-{age}")
                for muscle, m in build["muscle"].items():
                    for mass, w in build["weight"].items():
                        if g * a * m * w > 0:
                            name = f"macrodetails/universal-{gender}-{age}-{muscle}muscle-{mass}weight"
                            head += g * a * m * w * shape(name)
        for decrease, increase, scale in sliders:
            value = (
                np.clip(rng.normal(0, config.detail_sd), -config.detail_limit, config.detail_limit) * scale
            )
            for name in increase if value > 0 else decrease:
                head += abs(value) * shape(name)
        heads.append(_aligned(head, base, weight, cage))
    return _with_calm_scalp(np.array(heads), base, cage)


def _with_calm_scalp(heads: np.ndarray, base: np.ndarray, cage: Cage) -> np.ndarray:
    """Let skull and nape change only in the large, behind the ears and above the collar.

    MakeHuman's targets end there at the edges of a muscle, which would show as a ridge through short hair.
    """
    skin = cage.quads[cage.quad_part == 0]
    sides = np.concatenate([skin[:, [k, (k + 1) % 4]] for k in range(4)])
    count = cage.smooth
    beside = sparse.coo_matrix(
        (np.ones(2 * len(sides)), np.concatenate([sides, sides[:, ::-1]]).T), (count, count)
    )
    beside = beside.tocsr()
    beside.data[:] = 1.0
    mean = sparse.diags(1 / np.maximum(np.asarray(beside.sum(axis=1)).ravel(), 1)) @ beside
    share = np.clip((0.27 - base[:count, 2]) / 0.3, 0, 1) * np.clip((base[:count, 1] - 6.1) / 0.3, 0, 1)
    share = (share * share * (3 - 2 * share))[:, None]
    moved = (heads[:, :count] - base[:count]).transpose(1, 0, 2).reshape(count, -1)
    for _ in range(16):
        moved += share * (mean @ moved - moved)
    calm = heads.copy()
    calm[:, :count] = base[:count] + moved.reshape(count, -1, 3).transpose(1, 0, 2)
    return calm


def _sliders(source: Source) -> list[tuple[list[str], list[str], float]]:
    """Pairs of opposite targets (left and right together) with their scale."""
    opposites = {"incr": "decr", "up": "down", "out": "in", "forward": "backward", "convex": "concave"}
    opposites |= {"uncompress": "compress"}
    pairs: dict[str, tuple[list[str], list[str], float]] = {}
    for folder in _DETAILS:
        for name in source.targets(folder):
            stem = name.split("/")[1]
            if any(part in stem for part in _LEFT_OUT):
                continue
            key = stem[2:] if stem.startswith(("l-", "r-")) else stem
            positive = key.rpartition("-")[2]
            negative = {v: k for k, v in opposites.items()}
            scale = next((s for part, s in _GENTLE.items() if key.startswith(part)), 1.0)
            if positive in opposites:
                entry = pairs.setdefault(key.rpartition("-")[0], ([], [], scale))
                entry[1].append(name)
            elif positive in negative:
                entry = pairs.setdefault(key.rpartition("-")[0], ([], [], scale))
                entry[0].append(name)
            else:
                pairs.setdefault(key, ([], [], 0.6 * scale))[1].append(name)
    return [pairs[key] for key in sorted(pairs)]


def _aligned(head: np.ndarray, base: np.ndarray, weight: np.ndarray, cage: Cage) -> np.ndarray:
    """Weighted similarity of `head` onto `base` (Umeyama 1991; symmetric heads turn about x only)."""
    w = weight / weight.sum()
    centre, target = w @ head, w @ base
    a, b = head - centre, base - target
    u, s, vt = np.linalg.svd((a * w[:, None]).T @ b)
    turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    scale = s.sum() / (w @ (a * a).sum(axis=1))
    moved = scale * (head - centre) @ turn + target
    # Handles: three of each four are directions, which only turn and scale, and the turn acts on both sides.
    for k in range(cage.smooth, len(head), 4):
        linear, origin = head[k : k + 3], head[k + 3]
        moved[k : k + 3] = scale * linear @ turn
        moved[k + 3] = scale * (origin - centre) @ turn + target
    return moved


def components(heads: np.ndarray, weight: np.ndarray, cage: Cage, config: IdentityConfig) -> Identities:
    """Principal components of the heads, in the metric of the vertex weights."""
    mean = symmetric_cage(heads.mean(axis=0), cage)
    residual = heads - heads.mean(axis=0)
    metric = np.sqrt(weight)[:, None]
    flat = (residual * metric).reshape(len(heads), -1)
    u, s, _vt = np.linalg.svd(flat, full_matrices=False)
    k = config.components
    # Displacements by regression on the scores, so that rows of no weight (eyes, teeth) follow too.
    scores = u[:, :k] * np.sqrt(len(heads) - 1)
    basis = np.einsum("sk,snc->knc", scores, residual) / (len(heads) - 1)
    share = np.cumsum(s**2) / (s**2).sum()
    for component in basis:  # a sign everybody gets, whatever the linear algebra library
        flat_component = component[: cage.smooth].ravel()
        if flat_component[np.argmax(np.abs(flat_component))] < 0:
            component *= -1
    return Identities(mean, np.array([symmetric_cage(b, cage) for b in basis]), share[:k])


def symmetric_cage(values: np.ndarray, cage: Cage) -> np.ndarray:
    """Exactly symmetric (N, 3) cage values."""
    return (values + mirrored_cage(values, cage)) / 2


def mirrored_cage(values: np.ndarray, cage: Cage) -> np.ndarray:
    """Mirror image of (N, 3) cage values; a handle's x direction changes sign once more."""
    image = mirrored(values, cage.mirror)
    image[cage.smooth :: 4] *= -1
    return image
