"""A page that plays the head: one HTML file with the 3D head, the speech and three.js in it, for any browser.

Nothing is loaded from the network; the page's own security policy forbids it. The head follows the sound's clock,
so that the two cannot drift. Any animated GLB can be shown, the embedded head is unless one is given.
There is no way back from a page to a track.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sadtalker3d import __version__
from sadtalker3d.errors import UserError
from sadtalker3d.export import gltf
from sadtalker3d.export.page.opening import opening_mm
from sadtalker3d.export.page.speech import Speech, encode
from sadtalker3d.files import replacing
from sadtalker3d.track import Track, find_audio

if TYPE_CHECKING:
    import numpy as np

    from bfm.model import FaceModel

GOAL_BYTES = 6_000_000  # fits any mail; longer takes are told to be larger
LONG_FRAMES = 10_000  # whose weights make a megabyte
COMPRESSED = {
    "KHR_draco_mesh_compression": "meshes compressed with Draco",
    "EXT_meshopt_compression": "meshes compressed with meshopt",
    "KHR_meshopt_compression": "meshes compressed with meshopt",
    "KHR_texture_basisu": "pictures in KTX2",
}
"""What takes a decoder larger than the page's whole player."""
HEAD_LEVEL = 9  # of gzip: .4 s for the embedded head, once; the browser does not feel it


def write(
    track: Track,
    path: str | Path,
    *,
    glb: bytes | None = None,
    face: FaceModel | None = None,
    identity: np.ndarray | None = None,
    title: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Write the page of a track.

    Parameters
    ----------
    track : its sound, where it names one that is there (relative to `path`), is in the page
    path : the .html to make; replaced when it exists
    glb : an animated GLB to show, whose last animation with morph targets is the track's; else `face` speaks
    face, identity : as in `gltf.write`
    title : the heading; the file's name unless given
    tell : is called with a sentence on what the user should know

    Raises
    ------
    UserError : a track of another space than the face, a GLB that is none or compressed, a sound that cannot be
        read, a file that cannot be written
    """
    path = Path(path)
    tell = tell or (lambda note: None)
    curve = opening_mm(track, face)
    if glb is None:
        glb = _head(track, face, identity)
    _require_plain(glb, path)
    head = base64.b64encode(gzip.compress(glb, HEAD_LEVEL, mtime=0)).decode()
    parts = {name: _asset(file) for name, file in ASSETS.items()}
    room = GOAL_BYTES - len(head) - sum(map(len, parts.values()))
    sound = find_audio(track, path)
    if sound is None and track.audio is not None:
        tell(f"{path}: its sound {track.audio!r} is not there, so the page is silent")
    speech = None if sound is None else encode(sound, track.duration_s, room * 3 // 4)
    take = {
        "title": title or path.stem, "fps": track.fps, "frames": len(track), "sound": speech and Speech.MIME,
        "opening": curve.round(2).tolist(), "generator": f"sadtalker3d {__version__}",
    }  # fmt: skip
    parts |= {
        "TITLE": html.escape(str(take["title"])),
        "TAKE": _script_safe(json.dumps(take, separators=(",", ":"))),
        "HEAD": head,
        "SPEECH": "" if speech is None else base64.b64encode(speech.data).decode(),
    }
    page = _filled(parts)
    if len(page) > GOAL_BYTES:
        larger = "head" if len(head) > GOAL_BYTES / 2 and len(track) < LONG_FRAMES else "take"
        tell(f"{path}: is {len(page) / 1e6:.1f} MB, because the {larger} is large")
    with replacing(path) as partial:
        partial.write_bytes(page)
    return path


def read(path: str | Path) -> Track:
    """UserError: a page holds no track."""
    raise UserError(f"{path}: a page is only to look at; read the track file that it was made from")


ASSETS = {
    "STYLE": "style.css", "THREE": "three.bundle.js", "CLOCK": "clock.js", "STAGE": "stage.js",
    "GAUGES": "gauges.js", "PLAYER": "player.js",
}  # fmt: skip


def _head(track: Track, face: FaceModel | None, identity: np.ndarray | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"face": face, "identity": identity, "quantized": True}
        return gltf.write(track, Path(folder) / "head.glb", **options).read_bytes()


def _require_plain(glb: bytes, path: Path) -> None:
    """UserError for what is no GLB, or needs a decoder that the page does not have."""
    if len(glb) < 20 or glb[:4] != b"glTF" or 20 + int.from_bytes(glb[12:16], "little") > len(glb):
        raise UserError(f"{path}: what it shall show is not a GLB, or is damaged")
    try:
        document = json.loads(glb[20 : 20 + int.from_bytes(glb[12:16], "little")])
        needed = [name for name in document.get("extensionsRequired", []) if name in COMPRESSED]
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise UserError(f"{path}: the JSON part of what it shall show is damaged") from None
    if needed:
        # Blender opens Draco, but not meshopt (5.0)
        unpack = "ktxdecompress" if needed[0] == "KHR_texture_basisu" else "copy"
        raise UserError(
            f"{path}: the character has {COMPRESSED[needed[0]]}, which a page cannot show; unpack it first, for "
            f"instance with `npx @gltf-transform/cli {unpack} CHARACTER.glb PLAIN.glb`"
        )


def _asset(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _filled(parts: dict[str, str]) -> bytes:
    """The template with each `{{NAME}}` replaced, once: what is put in is not searched again."""
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda found: parts[found[1]], _asset("template.html")).encode()


def _script_safe(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c")
