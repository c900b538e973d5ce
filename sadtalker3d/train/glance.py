"""What the detector's points say at a glance: `python -m sadtalker3d.train.glance SPEECH -o glance.npz`.

People drawn at random are rendered before a camera as they speak or make a face, the detector looks at the pictures,
and a ridge regression learns distance, pose and jaw from its points. Every sample counts twice, the second time
in the mirror. Takes 15 minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.fit_problem import FREE
from sadtalker3d.face.glance import INNER, Reader, in_sight, upright
from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.render.shading import Lamp, Studio
    from sadtalker3d.render.stage import Camera
    from sadtalker3d.track import Track

DEGREE = np.pi / 180
JAW = ARKIT_52.index("jawOpen")
NAMES = [ARKIT_52[k] for k in FREE]
STORED = {"products": np.int16, "axes": np.float16, "weights": np.float16}  # the others are small
MOODS: tuple[tuple[tuple[str, float], ...], ...] = (
    (), (("mouthSmile", 0.35), ("cheekSquint", 0.2)), (("mouthSmile", 0.6), ("cheekSquint", 0.4), ("eyeSquint", 0.3)),
    (("mouthFrown", 0.4), ("browDown", 0.3)), (("browInnerUp", 0.4),), (("mouthPress", 0.3),), (("jawOpen", 0.2),),
    (("mouthPucker", 0.3),), (("noseSneer", 0.3),),
)  # fmt: skip


@dataclass(frozen=True)
class GlanceConfig:
    """Who is looked at, and how much of the points is believed."""

    people: int = 320
    frames: int = 7  # of each
    styles: tuple[int, ...] = (12, 25, 5, 20, 30, 2)
    first_frame: int = 110  # of the speech: the benchmark's films show what is before
    identity: tuple[float, float] = (0.5, 0.95)  # standard deviations
    gamma: tuple[float, float] = (0.9, 2.5)  # of the skin's picture; 2.5 is dark skin
    lens_deg: tuple[float, float] = (12.0, 48.0)
    room: tuple[float, float] = (0.85, 1.7)  # the picture's height by that of head and neck
    turned_deg: tuple[float, float, float] = (13.0, 26.0, 10.0)  # pitch, yaw, roll of a person
    turning_deg: tuple[float, float, float] = (
        4.0,
        8.0,
        2.5,
    )  # of their frames, beside the speech's own movement
    height_px: int = 360
    width_px: int = 640
    jpeg: tuple[int, int] = (75, 96)
    components: int = 100
    squared: int = 6  # components whose products are features as well
    made_up: float = 0.5  # weight of frames that do not speak: people mostly speak or rest
    believed: float = 0.0007  # of the first component's variance: directions with less are noise
    product: float = 0.03  # the same for products, whose variance is about 1


@dataclass(frozen=True)
class Samples:
    """What was drawn and what the detector saw of it: N frames of people `who` (N,), `spoken` (N,) or made up."""

    who: np.ndarray
    spoken: np.ndarray
    points: np.ndarray  # (N, 468, 3) pixels
    wanted: np.ndarray  # (N, 5): log distance, rotation in sight less the picture's roll, jawOpen


def learnt(samples: Samples, config: GlanceConfig | None = None) -> Reader:
    """The ridge regression."""
    config = config or GlanceConfig()
    shapes = _with_mirrored(upright(samples.points)[0])
    wanted = np.concatenate([samples.wanted, samples.wanted * [1, 1, -1, -1, 1]])
    share = np.tile(np.where(samples.spoken, 1.0, config.made_up), 2)
    share /= share.sum()
    middle = shapes.mean(axis=0)
    variance, axes = np.linalg.eigh((shapes - middle).T @ (shapes - middle) / len(shapes))
    last = slice(None, -config.components - 1, -1)
    spread, axes = np.sqrt(variance[last]), axes[:, last].T
    products = np.stack(np.triu_indices(config.squared), axis=1)
    empty = Reader(middle, axes, spread, products, *(np.zeros(0) for _ in range(3)))
    features = empty.features(shapes)
    shift, offset = share @ features, share @ wanted
    # components are scaled to 1: what is small in the picture must cost more
    penalty = np.concatenate([
        (config.believed * spread[0] / spread) ** 2, np.full(len(products), config.product),
    ])  # fmt: skip
    about = features - shift
    weighted = (about * share[:, None]).T
    weights = np.linalg.solve(weighted @ about + np.diag(penalty), weighted @ (wanted - offset))
    return replace(empty, shift=shift, weights=weights, offset=offset)


def seen_people(speech: Path, first: int, config: GlanceConfig, workers: int) -> Iterator[Samples]:
    """One person after the other."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_seen, str(speech), config), range(first, first + config.people))


def _seen(speech: str, config: GlanceConfig, who: int) -> Samples:
    """One person's frames in which the detector finds a face."""
    import cv2

    from sadtalker3d.render.preview import Preview, portrait_camera
    from sadtalker3d.render.stage import Camera

    rng = np.random.default_rng(100_000 + who)
    face, finder = _head_and_finder()
    identity = (rng.normal(size=80) * rng.uniform(*config.identity)).astype(np.float32)
    base = portrait_camera(face.neutral(identity))
    lens = np.exp(rng.uniform(*np.log(config.lens_deg))) * DEGREE
    room = rng.uniform(*config.room)
    distance = base.distance * np.tan(base.field_of_view_rad / 2) / np.tan(lens / 2) * room
    camera = Camera(base.target, distance, lens)
    track, spoken = _performance(speech, config, who, room, rng)
    studio = _studio(rng)
    side = (config.width_px - config.height_px) // 2
    points, kept = [], []
    with Preview(
        _skin(face, config, rng), config.height_px, identity=identity, camera=camera, studio=studio
    ) as preview:
        for frame, picture in enumerate(preview.render(track)):
            wide = np.pad(picture, ((0, 0), (side, side), (0, 0)), mode="edge")
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*config.jpeg))]
            packed = cv2.imencode(".jpg", wide[..., ::-1], quality)[1]
            found = finder.find(np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]))
            if found and found[0].evidence >= finder.config.unclear_evidence:
                points.append(found[0].mesh)
                kept.append(frame)
    seen = np.array(points, np.float64).reshape(-1, 468, 3)
    return Samples(
        np.full(len(kept), who), spoken[kept], seen, _wanted(face, identity, camera, track, kept, seen)
    )


def _wanted(
    face: FaceModel, identity: np.ndarray, camera: Camera, track: Track, kept: list[int], seen: np.ndarray
) -> np.ndarray:
    """(N, 5) the truth of the frames that are kept."""
    expression, rotation = track.expression[kept], track.rotation[kept].astype(np.float64)
    shapes = mesh_points().of(face.vertices(identity, expression).astype(np.float64))
    placed = shapes @ to_matrices(rotation).transpose(0, 2, 1) + track.translation[kept][:, None]
    middle = (placed - camera.pose[:3, 3])[:, INNER].mean(axis=1)
    turned = in_sight(rotation, middle)
    turned[:, 2] -= upright(seen)[1]
    return np.concatenate([np.log(-middle[:, 2:]), turned, expression[:, [JAW]]], axis=1)


def _performance(
    speech: str, config: GlanceConfig, who: int, room: float, rng: np.random.Generator
) -> tuple[Track, np.ndarray]:
    """Half of it speaks, half makes faces; which frames speak."""
    from sadtalker3d.track import Track

    said, count = _said(speech, config.styles[who % len(config.styles)]), config.frames
    chosen = rng.choice(np.arange(config.first_frame, len(said)), count, replace=False)
    expression = said.expression[chosen].copy()
    made_up = rng.random(count) < 0.5
    for frame in np.flatnonzero(made_up):
        expression[frame] = _made_face(said.names, rng)
    mood = np.zeros(expression.shape[1], np.float32)
    for name, value in MOODS[rng.integers(len(MOODS))]:
        mood[_both_sides(said.names, name)] = value
    expression = np.where(made_up[:, None], expression, mood + (1 - mood) * expression)
    held = rng.uniform(-1, 1, 3) * config.turned_deg
    moved = rng.normal(size=(count, 3)) * config.turning_deg
    rotation = (held + moved) * DEGREE + 1.5 * said.rotation[chosen]
    aside = rng.normal(size=3) * [0.03, 0.02, 0.0] * max(room - 0.8, 0)
    return Track(expression, rotation, said.translation[chosen] + aside, names=said.names), ~made_up


def _made_face(names: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """(64,) a few shapes at once, most of them on both sides."""
    made = np.zeros(len(names), np.float32)
    made[names.index("jawOpen")] = max(rng.uniform(-0.4, 0.8), 0)
    for _ in range(rng.integers(1, 6)):
        name, value = NAMES[rng.integers(len(NAMES))], rng.uniform(0, 0.8)
        stem = name.removesuffix("Left").removesuffix("Right")
        paired = stem != name and stem not in ("jaw", "mouth") and rng.random() < 0.8
        made[_both_sides(names, stem) if paired else [names.index(name)]] = value
    return made


def _both_sides(names: tuple[str, ...], stem: str) -> list[int]:
    return [names.index(stem + side) for side in ("", "Left", "Right") if stem + side in names]


def _skin(face: FaceModel, config: GlanceConfig, rng: np.random.Generator) -> FaceModel:
    """The head in another colour."""
    texture, gamma, tint = face.texture.copy(), rng.uniform(*config.gamma), 1 + 0.06 * rng.normal(size=3)
    texture[..., :3] = np.clip(255 * (texture[..., :3] / 255.0) ** gamma * tint, 0, 255)
    return replace(face, texture=texture)


def _lamps(rng: np.random.Generator) -> tuple[Lamp, ...]:
    """The studio's, half of them with the key light elsewhere."""
    from sadtalker3d.render.shading import Studio

    key, *others = Studio().lamps
    toward = (rng.uniform(-0.9, 0.9), rng.uniform(0, 0.8), rng.uniform(0.4, 1.0))
    return (replace(key, toward=toward) if rng.random() < 0.5 else key, *others)


def _studio(rng: np.random.Generator) -> Studio:
    """The preview's own before another backdrop, half of the time with the key light elsewhere."""
    from sadtalker3d.render.shading import Studio

    studio = Studio(lamps=_lamps(rng))
    middle, edge = (rng.uniform(0.3, 1.6, 3) for _ in range(2))
    return replace(
        studio,
        backdrop_middle=tuple(np.multiply(studio.backdrop_middle, middle)),
        backdrop_edge=tuple(np.multiply(studio.backdrop_edge, edge)),
    )


@lru_cache(maxsize=1)
def _head_and_finder():  # type: ignore[no-untyped-def]
    import bfm
    from sadtalker3d.face.landmarks import Landmarks

    return bfm.load("open"), Landmarks()


@lru_cache(maxsize=8)
def _said(speech: str, style: int) -> Track:
    from sadtalker3d.motion.generate import generate

    return generate(speech, style=style, seed=style)


def _with_mirrored(shapes: np.ndarray) -> np.ndarray:
    """(2N, 1404) of (N, 1404)."""
    other = shapes.reshape(len(shapes), -1, 3)[:, mesh_points().twin] * [-1, 1, 1]
    return np.concatenate([shapes, other.reshape(len(shapes), -1)])


def joined(parts: list[Samples]) -> Samples:
    """Of all people."""
    return Samples(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("who", "points", "wanted"))
    )


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="what the detector's points say at a glance")
    parser.add_argument("speech", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--samples", type=Path, help="keep what was seen, and begin with it the next time")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    config, parts = GlanceConfig(), []
    if arguments.samples and arguments.samples.exists():
        with np.load(arguments.samples, allow_pickle=False) as data:
            parts.append(Samples(*(data[name] for name in Samples.__dataclass_fields__)))
    first = int(parts[0].who.max()) + 1 if parts else 0
    left = replace(config, people=max(config.people - first, 0))
    for count, part in enumerate(seen_people(arguments.speech, first, left, arguments.workers), start=1):
        parts.append(part)
        if arguments.samples and (count % 10 == 0 or count == left.people):
            np.savez(arguments.samples, **vars(joined(parts)))
            print(f"{first + count} people", flush=True)
    made = vars(learnt(joined(parts), config))
    np.savez_compressed(
        arguments.output,
        **{
            name: value.astype(np.int16 if name == "products" else np.float16) for name, value in made.items()
        },
    )


if __name__ == "__main__":
    main()
