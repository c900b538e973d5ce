"""The painted texture: a procedural albedo with the shadows of narrow places baked in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import atlas, brows, eyes, hairline
from .noise import layered, noise


@dataclass(frozen=True)
class Palette:
    """sRGB colours (0..255) of one look."""

    skin: tuple[int, int, int] = (206, 160, 136)
    flush: tuple[int, int, int] = (206, 126, 110)  # blood under the skin: cheeks, nose, ears
    hollow: tuple[int, int, int] = (160, 112, 104)  # thin skin round the eyes
    lips: tuple[int, int, int] = (176, 104, 97)
    hair: tuple[int, int, int] = (58, 43, 34)
    iris: tuple[int, int, int] = (84, 60, 42)
    sclera: tuple[int, int, int] = (214, 205, 199)
    teeth: tuple[int, int, int] = (226, 215, 196)
    gums: tuple[int, int, int] = (186, 100, 98)
    tongue: tuple[int, int, int] = (190, 100, 98)
    lining: tuple[int, int, int] = (150, 66, 66)  # inside of cheeks and lips
    rim: tuple[int, int, int] = (92, 72, 64)


@dataclass(frozen=True)
class Surface:
    """What the painter knows of every texel that the mesh covers."""

    part: np.ndarray  # (n,) name index
    names: tuple[str, ...]
    mm: np.ndarray  # (n, 3) place on the mean head, mm from the pivot
    normal: np.ndarray  # (n, 3)
    uv: np.ndarray  # (n, 2) atlas coordinates
    open_shut: np.ndarray  # (n,) share of the sky seen with the mouth shut
    open_wide: np.ndarray  # (n,) and with it open
    lips: np.ndarray  # (n,) 0..1
    ears: np.ndarray  # (n,)

    def of(self, name: str) -> np.ndarray:
        return self.part == self.names.index(name)


def paint(surface: Surface, palette: Palette | None = None) -> np.ndarray:
    """(n, 4) 0..1 sRGB colour and alpha of every texel."""
    palette = palette or Palette()
    colour = np.full((len(surface.part), 4), 1.0)
    for name, painter in _PAINTERS.items():
        here = surface.of(name)
        if here.any():
            colour[here] = painter(_subset(surface, here), palette)
    return np.clip(colour, 0, 1)


def _subset(surface: Surface, here: np.ndarray) -> Surface:
    fields = ("part", "mm", "normal", "uv", "open_shut", "open_wide", "lips", "ears")
    return Surface(names=surface.names, **{name: getattr(surface, name)[here] for name in fields})


def _rgb(colour: tuple[int, int, int]) -> np.ndarray:
    return np.array(colour) / 255


def _mix(base: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)[:, None]
    return base * (1 - share) + other * share


def _step(x: np.ndarray, start: float, end: float) -> np.ndarray:
    t = np.clip((x - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def _spot(
    mm: np.ndarray, centre: tuple[float, float, float], radius: tuple[float, float, float]
) -> np.ndarray:
    """A soft spot, the same on both sides."""
    offset = (np.abs(mm * [1, 0, 0]) + mm * [0, 1, 1] - centre) / radius
    return np.exp(-(offset**2).sum(axis=1))


def _shadow(colour: np.ndarray, openness: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Darken narrow places; blood makes the shadow red, so red falls least."""
    seen = np.clip(openness / 0.85, 0.02, 1)[:, None]
    return colour * seen ** (strength * np.array([0.55, 0.8, 0.9]))


def _cavity(colour: np.ndarray, openness: np.ndarray, least: float) -> np.ndarray:
    """Shadow inside the mouth: it takes its light through the small opening, and blood scatters it on."""
    seen = np.clip(least + openness / 0.36, least, 1)[:, None]
    return colour * seen ** np.array([0.85, 1.1, 1.1])


def _skin(s: Surface, palette: Palette) -> np.ndarray:
    mm = s.mm
    base = np.broadcast_to(_rgb(palette.skin), (len(mm), 3)).copy()
    flush, hollow = _rgb(palette.flush), _rgb(palette.hollow)
    blotch = layered(mm, 28.0, 11)
    red = 0.34 * _spot(mm, (40, -2, 112), (20, 17, 40)) + 0.40 * _spot(mm, (0, -3, 150), (13, 10, 14))
    red += (
        0.25 * _spot(mm, (0, -66, 115), (16, 10, 20))
        + 0.16 * s.ears
        + 0.12 * _spot(mm, (14, -9, 136), (6, 8, 9))
    )
    base = _mix(base, flush, red * (1 + 0.35 * blotch) + 0.05 + 0.07 * blotch)
    base = _mix(base, np.array([0.83, 0.69, 0.55]), 0.25 * _spot(mm, (0, 84, 128), (50, 22, 40)))
    # Round the eyes: darker, a little violet; the lids' edges moist and pink.
    base = _mix(
        base,
        hollow,
        0.5 * _spot(mm, (26, 22, 124), (15, 8, 16)) + 0.35 * _spot(mm, (30, 40, 124), (17, 6, 16)),
    )
    base = _mix(base, hollow, 0.45 * _spot(mm, (16, 28, 124), (6, 9, 9)))
    # Shaved beard and upper lip, only a breath of it.
    base = _mix(
        base,
        np.array([0.66, 0.50, 0.46]),
        0.04 * _step(-mm[:, 1], 20, 55) * (mm[:, 2] > 40) * (mm[:, 1] > -92),
    )
    pores = 0.5 * noise(mm, 1.1, 21) + 0.5 * noise(mm, 2.3, 22)
    base *= (1 + 0.025 * pores + 0.035 * blotch)[:, None]
    freckles = _step(noise(mm, 3.1, 31), 0.72, 0.95) * _spot(mm, (30, 4, 120), (32, 18, 40))
    base = _mix(base, base * [0.80, 0.70, 0.62], 0.5 * freckles)

    lips = _step(s.lips + 0.06 * noise(mm, 2.0, 41), 0.30, 0.80)
    folds = noise(mm * [1, 0.18, 0.18], 1.3, 42)
    red_of_lips = _rgb(palette.lips) * (1 + 0.06 * folds + 0.04 * layered(mm, 6.0, 43))[:, None]
    upper = _step(mm[:, 1], -38, -34)[:, None]  # the upper lip looks down and is darker
    base = _mix(base, red_of_lips * (1 - 0.08 * upper), 0.82 * lips)

    hair = _rgb(palette.hair) * (1 + 0.45 * hairline.strands(mm))[:, None]
    base = _mix(base, hair, 0.97 * hairline.cover(mm, s.ears))
    base = _mix(base, _rgb(palette.hair) * 1.1, 0.88 * brows.cover(mm, s.normal))
    openness = np.where(s.lips > 0.05, np.maximum(s.open_shut, s.open_wide), s.open_shut)
    base = _shadow(base, openness)
    return _opaque(base)


def _lining(s: Surface, palette: Palette) -> np.ndarray:
    base = _rgb(palette.lining) * (1 + 0.1 * layered(s.mm, 5.0, 61))[:, None]
    base = _mix(base, _rgb(palette.lips), _step(s.lips, 0.3, 0.9))
    return _opaque(_cavity(base, s.open_wide, 0.22))


def _rim(s: Surface, palette: Palette) -> np.ndarray:
    # Skin goes on round the edge and darkens below, so that no line is seen from the side.
    inward = 1 - _own(s, "rim")[:, 1]
    skin = np.broadcast_to(_rgb(palette.skin) * [0.97, 0.95, 0.94], (len(s.mm), 3))
    return _opaque(_mix(skin, _rgb(palette.rim), _step(inward, 0.40, 0.62)))


def _opaque(colour: np.ndarray) -> np.ndarray:
    return np.concatenate([colour, np.ones((len(colour), 1))], axis=1)


def _own(s: Surface, place: str) -> np.ndarray:
    """Atlas coordinates back in the part's own square."""
    left, top, right, bottom = atlas.PLACES[place]
    return (s.uv - [left, top]) / [right - left, bottom - top]


def _teeth(s: Surface, palette: Palette) -> np.ndarray:
    level = _own(s, "teeth")[:, 1] * 2 % 1
    base = np.broadcast_to(_rgb(palette.teeth), (len(level), 3)).copy()
    base = _mix(base, _rgb(palette.teeth) * [0.93, 0.87, 0.76], 0.8 * _step(-level, -0.75, -0.25))
    base = _mix(base, np.array([0.82, 0.83, 0.83]), 0.35 * _step(level, 0.80, 0.97))
    return _opaque(_cavity(base, s.open_wide, 0.38))


def _gums(s: Surface, palette: Palette) -> np.ndarray:
    base = _rgb(palette.gums) * (1 + 0.08 * layered(s.mm, 4.0, 71))[:, None]
    return _opaque(_cavity(base, s.open_wide, 0.45))


def _tongue(s: Surface, palette: Palette) -> np.ndarray:
    mm = s.mm
    base = _rgb(palette.tongue) * (1 + 0.07 * noise(mm, 0.9, 81) + 0.05 * layered(mm, 5.0, 82))[:, None]
    groove = np.exp(-((mm[:, 0] / 1.6) ** 2)) * (s.normal[:, 1] > 0.2)
    base = _mix(base, base * 0.82, 0.6 * groove)
    # The tip comes to the light in many shapes, so the mouth's shadow fades towards it.
    dark = _cavity(base, s.open_wide, 0.35)
    return _opaque(_mix(dark, base * 0.92, 0.85 * _step(mm[:, 2], 85, 112)))


def _eyes(s: Surface, palette: Palette) -> np.ndarray:
    own = _own(s, "eyes") - 0.5
    angle = 2 * np.linalg.norm(own, axis=1) * eyes.UV_ANGLE  # from the eye's axis
    turn = np.arctan2(own[:, 1], own[:, 0])
    ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    sclera = np.broadcast_to(_rgb(palette.sclera), (len(own), 3)).copy()
    flat = np.concatenate([own, np.zeros((len(own), 1))], axis=1)
    veins = _step(1 - np.abs(layered(flat, 0.09, 91)), 0.90, 1.0) * _step(angle, 0.62, 0.95)
    sclera = _mix(sclera, np.array([0.78, 0.52, 0.48]), 0.35 * veins + 0.35 * _step(angle, 0.75, 1.2))
    fibres = 0.6 * noise(ring * 9 + [[0, 0, 1]] * angle[:, None] * 2, 1.0, 92) + 0.4 * noise(
        ring * 22, 1.0, 93
    )
    iris = _rgb(palette.iris) * (1.12 + 0.38 * fibres)[:, None]
    share = angle / eyes.IRIS_ANGLE
    iris = _mix(iris, _rgb(palette.iris) * [1.45, 1.35, 1.15], 0.55 * np.exp(-(((share - 0.48) / 0.14) ** 2)))
    iris = _mix(iris, _rgb(palette.iris) * 0.28, _step(share, 0.80, 1.0))
    iris = _mix(iris, np.array([0.015, 0.012, 0.012]), 1 - _step(share, 0.33, 0.40))
    base = _mix(iris, sclera, _step(share, 0.96, 1.10))
    # The upper lid's shadow; soft, because it follows the gaze.
    shade = 0.34 * _step(-own[:, 1], 0.02, 0.24) + 0.25 * _step(angle, 0.55, 1.0)
    return _opaque(base * (1 - shade)[:, None])


def _lashes(s: Surface, palette: Palette) -> np.ndarray:
    own = _own(s, "lashes")
    return np.concatenate(
        [np.broadcast_to(_rgb(palette.hair) * 0.6, (len(own), 3)), brows.lash_cover(own)[:, None]], axis=1
    )


_PAINTERS = {
    "skin": _skin,
    "hair": _skin,
    "mouth": _lining,
    "rim": _rim,
    "teeth": _teeth,
    "gums": _gums,
    "tongue": _tongue,
    "eyes": _eyes,
    "lashes": _lashes,
}
