"""What each kind of video file holds: its codecs and their settings. A new kind is one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sadtalker3d.errors import UserError


@dataclass(frozen=True)
class Pictures:
    """How pictures are compressed."""

    codec: str
    pixel_format: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Container:
    """One kind of video file.

    Attributes
    ----------
    opaque, see_through : for frames (H, W, 3) and (H, W, 4); None where there is no transparency
    rates_hz : of the sound, those that the codec and players take; any other becomes the last
    """

    format: str
    opaque: Pictures
    see_through: Pictures | None
    sound_codec: str
    rates_hz: tuple[int, ...]
    sound_bit_rate: int | None = 128_000
    options: Mapping[str, str] = field(default_factory=dict)


# Hard to tell from the original; slower presets save 10 % of the size. mbtree would save 40 %, but its AVX-512 loops
# make other bytes from time to time, most often in small pictures.
H264 = Pictures("libx264", "yuv420p", {"crf": "21", "preset": "veryfast", "x264-params": "mbtree=0"})
# "good" at speed 6 keeps up with the renderer. The alpha is a second stream of its own, and the reference
# frames that are not shown (auto-alt-ref) would put the two out of step.
VP9_OPTIONS = {
    "crf": "20", "deadline": "good", "cpu-used": "6", "row-mt": "1", "auto-alt-ref": "0",
    "lag-in-frames": "0",
}  # fmt: skip
VP9 = Pictures("libvpx-vp9", "yuv420p", VP9_OPTIONS)
VP9_ALPHA = Pictures("libvpx-vp9", "yuva420p", VP9_OPTIONS)
# what editing programs look for; 8 bits of alpha, as the renderer gives
PRORES_HQ = Pictures("prores_ks", "yuv422p10le", {"profile": "hq", "vendor": "apl0"})
PRORES_4444 = Pictures("prores_ks", "yuva444p10le", {"profile": "4444", "vendor": "apl0", "alpha_bits": "8"})

CONTAINERS: Mapping[str, Container] = {
    # the index comes first, so that a browser can play before it has all of the file
    ".mp4": Container("mp4", H264, None, "aac", (44100, 48000), options={"movflags": "+faststart"}),
    # bitexact: Matroska's identifiers are random otherwise
    ".webm": Container("webm", VP9, VP9_ALPHA, "libopus", (48000,), options={"fflags": "+bitexact"}),
    ".mov": Container("mov", PRORES_HQ, PRORES_4444, "pcm_s16le", (44100, 48000), sound_bit_rate=None),
    ".mkv": Container("matroska", H264, None, "aac", (44100, 48000), options={"fflags": "+bitexact"}),
}
SEE_THROUGH = ".webm, .mov or a folder of PNG pictures"


def container_of(path: Path) -> Container | None:
    """By the ending; None when it is no video's."""
    return CONTAINERS.get(path.suffix.lower())


def video_container(path: Path) -> Container:
    """By the ending; UserError when it is no video's."""
    container = container_of(path)
    if container is None:
        raise UserError(f"{path}: a video is written as {' or '.join(CONTAINERS)}; choose such a name")
    return container
