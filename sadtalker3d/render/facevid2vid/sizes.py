"""Sizes of the renderer's networks together: the official ones, or narrow ones for small computers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.generator import GeneratorConfig
from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimatorConfig
from sadtalker3d.render.facevid2vid.keypoints import KeypointConfig
from sadtalker3d.render.facevid2vid.mapping import MappingConfig
from sadtalker3d.render.facevid2vid.spade import SpadeConfig

Config = TypeVar("Config")

OFFICIAL_MULTIPLE_PX = 128  # the detector shrinks by 4, then by 2 five times
NARROW_MULTIPLE_PX = 32
LARGEST_NUMBER = 4096  # in a config that a file brings; the official ones end at 2048


@dataclass(frozen=True)
class RendererSizes:
    """Everything that says how large the networks are; the defaults are the official checkpoints'."""

    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    keypoints: KeypointConfig = field(default_factory=KeypointConfig)
    head: HeadEstimatorConfig = field(default_factory=HeadEstimatorConfig)
    mapping: MappingConfig = field(default_factory=MappingConfig)

    @classmethod
    def of(cls, width: float, size_px: int) -> RendererSizes:
        """Networks with the share `width` of the official channels, for pictures of `size_px`.

        At 1 they are the official ones. Narrower ones have as many levels as the picture can be halved, and
        fewer slices of depth. Raises UserError for a size they cannot see, or a width out of 0..1.
        """
        if not 0 < width <= 1:
            raise UserError(f"a width of {width:g} is none; give a share of the official channels, up to 1")
        multiple = OFFICIAL_MULTIPLE_PX if width == 1 else NARROW_MULTIPLE_PX
        if size_px % multiple or size_px < 2 * NARROW_MULTIPLE_PX:
            raise UserError(
                f"pictures of {size_px} pixels do not fit these networks; give a multiple of {multiple}"
                + (", or a --width below 1" if width == 1 else " from 64 on")
            )
        return cls() if width == 1 else _narrow(cls(), width, size_px)

    @classmethod
    def mapping_of(cls, width: float) -> MappingConfig:
        """MappingNet's part, which does not depend on the picture."""
        usual = MappingConfig()
        return usual if width == 1 else replace(usual, hidden=_share(usual.hidden, width))


def _narrow(full: RendererSizes, width: float, size_px: int) -> RendererSizes:
    def share(channels: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(_share(c, width) for c in channels)

    motion, spade, keypoints = full.generator.motion, full.generator.spade, full.keypoints
    levels = min(len(motion.down), _halvings(size_px // 4) - 1)  # 2 x 2 cells at least, as at 256
    down, up = share(motion.down)[:levels], share(motion.up)[-levels:]
    depth = max(4, round(motion.depth * width))
    return RendererSizes(
        generator=replace(
            full.generator, first=_share(full.generator.first, width), down=share(full.generator.down),
            motion=replace(
                motion, channels=_share(motion.channels, width), depth=depth, down=down, up=up,
                compressed=max(2, round(motion.compressed * width)),
            ),
            spade=SpadeConfig(
                features=_share(spade.features, width), width=_share(spade.width, width),
                middle_blocks=spade.middle_blocks, up=(_share(spade.up[0], width), _share(spade.up[1], width)),
                shared=_share(spade.shared, width),
            ),
        ),
        keypoints=replace(keypoints, down=down, up=up, depth=depth),
        head=replace(full.head, first=_share(full.head.first, width), stages=share(full.head.stages)),
        mapping=RendererSizes.mapping_of(width),
    )  # fmt: skip


def _share(channels: int, width: float) -> int:
    """A multiple of 4, because a bottleneck quarters its channels."""
    return max(8, 4 * round(channels * width / 4))


def _halvings(size: int) -> int:
    return (size & -size).bit_length() - 1


def config_text(config: Any) -> str:
    """A config as the text that `config_from_text` reads, for the metadata of a weight file."""
    return json.dumps(asdict(config))


def config_from_text(kind: type[Config], text: str) -> Config:
    """The config of a weight file's metadata; UserError when it is damaged or another network's."""
    try:
        return _config(kind, json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(f"its config is not that of a {kind.__name__} ({error})") from None


def _config(kind: type[Config], values: Any) -> Config:
    assert is_dataclass(kind)
    if not isinstance(values, Mapping) or set(values) != {f.name for f in fields(kind)}:
        raise ValueError("other fields")
    hints = get_type_hints(kind)
    return kind(**{name: _field(hints[name], value) for name, value in values.items()})


def _field(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _config(kind, value)  # type: ignore[arg-type]
    if isinstance(value, list):
        return tuple(_field(int, item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST_NUMBER:
        raise ValueError(f"{value!r} is no size")
    return float(value) if kind is float else int(value)
