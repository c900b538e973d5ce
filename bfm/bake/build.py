"""Everything together: from the CC0 wheel to the arrays of head.npz."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64

from ..subdivide import Subdivision
from . import (
    cage as cages,
)
from . import (
    expression,
    eyes,
    hairline,
    identity,
    landmarks,
    lashes,
    lips,
    regions,
    seams,
    speech,
    teeth,
    texture,
)
from .source import Source

_UNIT_M = 0.1  # a source unit in metres


@dataclass(frozen=True)
class Head:
    """What building found, for reports and sheets."""

    arrays: dict[str, np.ndarray]
    explained: np.ndarray  # (80,) cumulated share of variance


def build(source: Source, config: identity.IdentityConfig | None = None) -> Head:
    """Make the arrays of head.npz; the same source gives the same bytes."""
    config = config or identity.IdentityConfig()
    cage = _with_tongue_lowered(cages.build(source))
    mesh = Subdivision.of(cage.quads, cage.smooth)
    mirror = refined_mirror(mesh, cage.mirror)

    weight = _metric(cage, cage.positions(source.vertices), config)
    heads = identity.sample(source, cage, weight, config)
    heads = _with_level_rim(heads, cage, source)
    heads = _with_teeth_behind_lips(heads, cage, source)
    people = identity.components(heads, weight, cage, config)
    shapes = lashes.laid_on_skin(expression.arkit(source, cage), source, cage, mesh, people.mean)
    shapes |= speech.speech(cage, people.mean, shapes)
    shapes["tongueOut"] = speech.tongue_out(cage, people.mean, shapes)

    # To metres, with the origin at the atlas joint.
    members = np.unique(source.groups["joint-head"].faces)
    pivot = np.array([0.0, *source.vertices[members].mean(axis=0)[1:]])
    mean = people.mean.copy()
    anchored = np.ones(len(mean), bool)
    anchored[cage.smooth :] = False
    anchored[cage.smooth + 3 :: 4] = True  # of a handle only the origin is a place
    mean[anchored] -= pivot
    stored: dict[str, np.ndarray] = {
        "cage_mean": (mean * _UNIT_M).astype(np.float32),
        "cage_identity": (people.basis * _UNIT_M).astype(np.float16),
        "cage_expression": np.array([shapes[n] for n in OPEN_64]).astype(np.float64) * _UNIT_M,
        "quads": cage.quads.astype(np.uint16),
    }
    stored["cage_expression"] = stored["cage_expression"].astype(np.float16)

    row_of = {int(v): k for k, v in enumerate(cage.source_index) if v >= 0}
    rest = mesh.smooth(people.mean[: cage.smooth])
    edges = Subdivision.of(mesh.faces, len(rest)).edges
    contact = lips.contacts(mesh, row_of, people.mean, rest, mirror)
    closing = lips.seal(contact, rest, edges)
    stored |= _seal_arrays(stored, mesh, cage.smooth, closing)

    pieces = teeth.arches() + eyes.eyeballs(source)
    stored |= {
        "rigid_place": np.concatenate([p.positions for p in pieces]).astype(np.float32),
        "rigid_handle": np.concatenate([np.full(len(p.positions), p.handle) for p in pieces]).astype(
            np.uint8
        ),
    }
    order = np.argsort(stored["rigid_handle"], kind="stable")
    stored["rigid_place"] = stored["rigid_place"][order]
    stored["rigid_handle"] = stored["rigid_handle"][order]
    place_of = np.empty(len(order), int)
    place_of[order] = len(rest) + np.arange(len(order))

    masks = {
        "lips": regions.lips(cage, row_of, people.mean),
        "ears": regions.ears(source, cage),
    }
    masks = {name: mesh.smooth(mask[:, None])[:, 0] for name, mask in masks.items()}
    stored |= hairline.volume(_places(stored, mesh, cage.smooth)[: len(rest)], mesh.faces, masks["ears"])
    bald = _places(stored | {"hair_rows": stored["hair_rows"][:0]}, mesh, cage.smooth)
    split = seams.split(cage, mesh, pieces, place_of, bald, masks["ears"])
    stored |= {
        "faces": split.faces.astype(np.uint16),
        "uv": split.uv.astype(np.float32),
        "corner_place": split.place.astype(np.uint16),
    }
    neutral = _places(stored, mesh, cage.smooth)
    wide = _places(
        stored, mesh, cage.smooth, {"jawOpen": 0.45, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4}
    )
    stored["texture"] = texture.paint(split, bald, wide, masks)
    header = {"part_faces": split.part_faces, "materials": seams.MATERIALS, "schema": "sadtalker3d.head/1"}
    stored["header"] = np.frombuffer(json.dumps(header).encode("utf-8"), np.uint8)
    first = np.full(split.place.max() + 1, -1)
    first[split.place[::-1]] = np.arange(len(split.place))[::-1]
    found = landmarks.find(neutral, contact, mesh, cage, mirror, split, pieces, place_of)
    for name, places in found.items():
        key = name if name == "landmarks68" else f"points_{name}"
        stored[key] = first[places].astype(np.int32)
    return Head(stored, people.explained)


def _with_tongue_lowered(cage: cages.Cage) -> cages.Cage:
    """The tongue comes down with the lower teeth (see teeth.py) and back, behind them."""
    rows = np.unique(cage.quads[cage.quad_part == 1])
    cage.offset[rows] += [0.0, -0.03, -0.03]
    return cage


def _with_level_rim(heads: np.ndarray, cage: cages.Cage, source: Source) -> np.ndarray:
    """Let no identity move the cut up or down, so that the neck ends in one plane for all."""
    base = cage.positions(source.vertices)
    height = cages.height(base)[: cage.smooth]
    t = np.clip(height / 0.70, 0, 1)
    share = t * t * (3 - 2 * t)
    share[np.unique(cage.quads[cage.quad_part == 3])] = 0.0
    level = heads.copy()
    rows = slice(0, cage.smooth)
    level[:, rows, 1] = base[rows, 1] + share * (heads[:, rows, 1] - base[rows, 1])
    return level


def _with_teeth_behind_lips(heads: np.ndarray, cage: cages.Cage, source: Source) -> np.ndarray:
    """Move teeth and tongue up, down, back and forth with the lining of the lips.

    MakeHuman's sliders of chin and lips leave the teeth where they are, and a receding chin would bare the gums.
    """
    base = cage.positions(source.vertices)[: cage.smooth]
    front = (np.abs(base[:, 0]) < 0.14) & (base[:, 2] > 1.46) & (base[:, 2] < 1.525)
    above = np.nonzero(front & (base[:, 1] > 6.60) & (base[:, 1] < 6.76))[0]
    below = np.nonzero(front & (base[:, 1] > 6.38) & (base[:, 1] < 6.58))[0]
    both = (heads[:, [*above, *below]] - base[[*above, *below]]).mean(axis=1)  # (samples, 3)
    incisors = np.array([0.0, 6.59, 1.48, 1.0])
    moved = heads.copy()
    tongue = np.unique(cage.quads[cage.quad_part == 1])
    for arch, lining in enumerate((above, below)):
        start = cage.smooth + 4 * arch
        wanted = np.stack(
            [both[:, 0], both[:, 1], (heads[:, lining, 2] - base[lining, 2]).mean(axis=1)], axis=1
        )
        shift = wanted - (incisors @ heads[:, start : start + 4] - incisors[:3])
        shift[:, 0] = 0.0
        moved[:, start + 3] += shift
        if arch == 1:
            moved[:, tongue] += shift[:, None]
    return moved


def _metric(cage: cages.Cage, positions: np.ndarray, config: identity.IdentityConfig) -> np.ndarray:
    """(N,) weight of every cage row in the alignment and the components."""
    weight = np.zeros(len(positions))
    skin_rows = np.unique(cage.quads[cage.quad_part == 0])
    height, depth = positions[skin_rows, 1], positions[skin_rows, 2]
    weight[skin_rows] = np.where((height < 6.15) | ((height < 6.6) & (depth < 0.4)), config.neck_weight, 1.0)
    return weight


def _seal_arrays(
    stored: dict[str, np.ndarray], mesh: Subdivision, smooth: int, closing: lips.Seal
) -> dict[str, np.ndarray]:
    """The seal's motion of every column, from the rounded values that loading will see."""
    columns = [stored["cage_mean"], *stored["cage_identity"], *stored["cage_expression"]]
    refined = [mesh.smooth(c[:smooth].astype(np.float32))[closing.ring].astype(np.float64) for c in columns]
    first = 1 + len(stored["cage_identity"])
    jaw = refined[first + OPEN_64.index("jawOpen")]
    pulls = []
    for k, ring in enumerate(refined):
        name = OPEN_64[k - first] if k >= first else ""
        pull = closing.pull @ ring
        if name == "mouthClose":  # it closes the open jaw, so the two together are sealed
            pull = closing.pull @ (ring + jaw)
        elif name in ("jawForward", "jawLeft", "jawRight"):
            pull[:, [0, 2]] = 0  # the lips slide on each other
        elif name in expression.LIPS_PART:
            pull[:] = 0
        pulls.append(pull)
    return {
        "seal_rows": closing.rows.astype(np.uint16),
        "seal_weights": closing.weights.astype(np.float32),
        "seal_pull": np.stack(pulls, axis=1).reshape(len(closing.ring), -1).astype(np.float32),
    }


def _places(
    stored: dict[str, np.ndarray], mesh: Subdivision, smooth: int, weights: dict[str, float] | None = None
) -> np.ndarray:
    """(P, 3) the mean's places with an expression, refined and rigid, metres."""
    cage, pull = stored["cage_mean"].copy(), stored["seal_pull"][:, :3].copy()
    for name, weight in (weights or {}).items():
        column = OPEN_64.index(name)
        cage += weight * stored["cage_expression"][column]
        start = 3 * (1 + len(stored["cage_identity"]) + column)
        pull += weight * stored["seal_pull"][:, start : start + 3]
    refined = mesh.smooth(cage[:smooth])
    refined[stored["seal_rows"]] += stored["seal_weights"] @ pull
    if "hair_rows" in stored:
        refined[stored["hair_rows"]] += stored["hair_offset"][: len(stored["hair_rows"])]
    handles = cage[smooth:].reshape(-1, 4, 3)
    place = np.concatenate(
        [stored["rigid_place"], np.ones((len(stored["rigid_place"]), 1), np.float32)], axis=1
    )
    rigid = np.einsum("nk,nkc->nc", place, handles[stored["rigid_handle"]])
    return np.concatenate([refined, rigid])


def refined_mirror(mesh: Subdivision, mirror: np.ndarray) -> np.ndarray:
    """(P,) the mirror image of every refined vertex, from that of the cage's rows."""
    count = mesh.count
    edge_key = mesh.edges[:, 0].astype(np.int64) * count + mesh.edges[:, 1]
    image = np.sort(mirror[mesh.edges], axis=1)
    edge_image = np.searchsorted(edge_key, image[:, 0].astype(np.int64) * count + image[:, 1])

    def key(quads: np.ndarray) -> np.ndarray:
        q = np.sort(quads, axis=1).astype(np.int64)
        return (q[:, 0] * count + q[:, 1]) * count + q[:, 2]

    order = np.argsort(key(mesh.quads))
    face_image = order[np.searchsorted(key(mesh.quads), key(mirror[mesh.quads]), sorter=order)]
    return np.concatenate([mirror[:count], count + edge_image, count + len(mesh.edges) + face_image])
