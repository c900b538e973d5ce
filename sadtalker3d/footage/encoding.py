"""How footage is compressed again: nearer to the source than a preview, at its own size, depth and colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from sadtalker3d.footage.planes import Layout
from sadtalker3d.render.containers import PRORES_4444, PRORES_HQ, VP9, Container
from sadtalker3d.render.video import THREADS

if TYPE_CHECKING:
    import av

# crf 16: 50 dB on quiet faces. Without mbtree it takes a tenth more bytes for that, but its AVX-512 loops make other
# bytes of the same small pictures now and then. Captions in the pictures would be lost with some frames, kept with
# others.
H264_OPTIONS = {"crf": "16", "preset": "fast", "x264-params": "mbtree=0", "a53cc": "0"}
LIMITED = 1  # FFmpeg's number of the range 16..235
BT709 = 1  # in all three tables of ITU-T H.273


@dataclass(frozen=True)
class Encoding:
    """How pictures are compressed.

    layout : what planes the encoder is given
    limited : whether brightness must run from 16 to 235
    notes : what of the source is not kept
    """

    codec: str
    layout: Layout
    options: Mapping[str, str] = field(default_factory=dict)
    limited: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tags:
    """What a frame declares of its colours, by the numbers of ITU-T H.273, and its pixels' width by their height."""

    primaries: int
    transfer: int
    matrix: int
    full: bool | None
    pixel_aspect: Fraction = Fraction(1)


def encoding_for(container: Container, layout: Layout, size: tuple[int, int]) -> Encoding:
    """What holds pictures of that layout and size (width, height) with the least loss."""
    choose = {"libx264": _h264, "libvpx-vp9": _vp9, "prores_ks": _prores}[container.opaque.codec]
    return choose(layout.coloured(), size)


def _h264(layout: Layout, size: tuple[int, int]) -> Encoding:
    options = dict(H264_OPTIONS)
    notes = []
    if layout.alpha:
        notes.append("its transparency is left out; a .mov keeps it")
    if layout.bits > 10:
        notes.append(f"its {layout.bits} bits become 10")
    kept = replace(layout, bits=8 if layout.bits == 8 else 10, alpha=False)
    shifts = {(2, 0): (1, 0), (2, 2): (1, 1), (0, 1): (0, 0)}.get(
        (kept.x_shift, kept.y_shift), (kept.x_shift, kept.y_shift)
    )
    if (shifts[0] and size[0] % 2) or (shifts[1] and size[1] % 2):
        shifts = (0, 0)
        notes.append(
            f"its odd size of {size[0]} x {size[1]} is kept with full colours (4:4:4), which some players do not show; "
            "a .webm shows everywhere"
        )
    return Encoding(
        "libx264", replace(kept, x_shift=shifts[0], y_shift=shifts[1]), options, notes=tuple(notes)
    )


def _vp9(layout: Layout, size: tuple[int, int]) -> Encoding:
    import av

    notes = []
    formats = {one.name for one in av.Codec(VP9.codec, "w").video_formats or ()}
    kept = replace(layout, bits=8 if layout.bits == 8 else 10, alpha=False)
    if kept.name not in formats:
        kept = replace(kept, bits=8)
    if kept.bits < layout.bits:
        notes.append(f"its {layout.bits} bits become {kept.bits}; an .mp4 or .mov keeps 10")
    if layout.alpha:
        notes.append("its transparency is left out; a .mov keeps it")
    shifts = {(2, 0): (1, 0), (2, 2): (1, 1)}.get((kept.x_shift, kept.y_shift), (kept.x_shift, kept.y_shift))
    options = {**VP9.options, "crf": "15", "cpu-used": "5"}
    return Encoding(
        VP9.codec, replace(kept, x_shift=shifts[0], y_shift=shifts[1]), options, notes=tuple(notes)
    )


def _prores(layout: Layout, size: tuple[int, int]) -> Encoding:
    # FFmpeg's encoder spoils the last columns of 4:2:2 at odd widths
    full_colour = layout.alpha or not layout.x_shift or bool(size[0] % 2)
    pictures = PRORES_4444 if full_colour else PRORES_HQ
    options = {**pictures.options, **({"alpha_bits": "16"} if layout.alpha else {})}
    notes = (f"its {layout.bits} bits become 10",) if layout.bits > 10 else ()
    kept = Layout(10, 0 if full_colour else 1, 0, alpha=layout.alpha)
    return Encoding(pictures.codec, kept, options, limited=True, notes=notes)


def add_pictures(
    file: av.container.OutputContainer, encoding: Encoding, size: tuple[int, int], rate: Fraction, time_base: Fraction,
    tags: Tags,
) -> av.VideoStream:  # fmt: skip
    """The output's track of pictures."""
    import av

    stream = file.add_stream(encoding.codec, rate=rate, options=dict(encoding.options))
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = encoding.layout.name
    stream.time_base = time_base
    context = stream.codec_context
    context.time_base = time_base
    context.thread_count = THREADS
    context.bit_rate = 0  # the quality is constant instead
    context.color_primaries, context.color_trc, context.colorspace = (
        tags.primaries, tags.transfer, tags.matrix,
    )  # fmt: skip
    context.color_range = LIMITED if encoding.limited else {None: 0, False: 1, True: 2}[tags.full]
    if tags.pixel_aspect not in (0, 1):
        context.sample_aspect_ratio = tags.pixel_aspect
    return stream
