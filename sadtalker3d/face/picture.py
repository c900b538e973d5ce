"""Any picture file -> RGB: whatever a user calls a portrait, the same way up as a viewer shows it."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

LONGEST_SIDE_PX = 4096  # a face that fills it is eight times what the largest renderer needs
BLENDING_MODES = ("L", "LA", "RGB", "RGBA", "CMYK")  # Pillow's, whose pixels can be averaged as they are
SEE_THROUGH = 128  # mid grey behind what is transparent: the halo of a cut-out shows least on it


def read_picture(path: str | Path) -> np.ndarray:
    """Read a picture, or the first frame of a video or animation -> (H, W, 3) uint8 RGB, upright by its EXIF tag.

    Palette, grey, 16 bit (scaled), CMYK and transparency (laid on mid grey) all become RGB. A picture larger than
    4096 pixels on its long side is shrunk to that.

    Raises UserError: missing, a folder, no picture, cut off, or too large to be decoded (179 million pixels).
    """
    path = Path(path)
    if os.path.isdir(path):  # pathlib's own raises for a name that is too long
        raise UserError(f"{path}: is a folder; name a picture in it")
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise UserError(f"{path}: no such picture; check the name") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from None
    picture = _still(path)
    if picture is None:
        picture = _first_frame(path)
    if picture is None:
        raise UserError(f"{path}: not a whole picture that can be read; give a JPEG or PNG file")
    return picture


def _still(path: Path) -> np.ndarray | None:
    """The picture as Pillow reads it; None where it is none. UserError where it is one, but not whole."""
    from PIL import Image, ImageOps

    known = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on large pictures and odd tags
        try:
            with Image.open(path) as image:
                known = True
                if image.mode in BLENDING_MODES:  # before anything else, because each step makes a copy
                    _shrink(image)
                rgb = _rgb(ImageOps.exif_transpose(image))
                _shrink(rgb)
                return np.array(rgb)
        except Image.DecompressionBombError:
            raise UserError(
                f"{path}: has more pixels than can be decoded safely; shrink it to {LONGEST_SIDE_PX} on the long side"
            ) from None
        except MemoryError:
            raise UserError(
                f"{path}: does not fit into memory; shrink it to {LONGEST_SIDE_PX} on the long side"
            ) from None
        except Exception:  # the decoders of damaged files raise nearly anything
            if known:  # a video reader would show the part of a cut JPEG that is there, grey below
                raise UserError(
                    f"{path}: not a whole picture, it is cut short or damaged; download or copy it again"
                ) from None
            return None


def _shrink(image: Image.Image) -> None:
    """In place; a JPEG is then decoded at a half or a quarter."""
    from PIL import Image

    if max(image.size) > LONGEST_SIDE_PX:
        image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _rgb(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bit grey, in "I" too; Pillow's own conversion would cut it off at 255
        values = np.asarray(image).astype(np.float32)
        full = 65535.0 if values.max() > 255 else 255.0
        return Image.fromarray(np.clip(values * (255 / full) + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "F":  # by TIFF's custom 0 is black and 1 is white
        values = np.nan_to_num(np.asarray(image))
        return Image.fromarray(np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        grey = Image.new("RGBA", seen.size, (SEE_THROUGH, SEE_THROUGH, SEE_THROUGH, 255))
        return Image.alpha_composite(grey, seen).convert("RGB")
    return image.convert("RGB")


def _first_frame(path: Path) -> np.ndarray | None:
    """The first frame of a video; None where there is none."""
    import cv2

    from sadtalker3d.face.video import read_frames

    try:
        picture, _ = next(read_frames(path))
    except (UserError, StopIteration):  # the caller has a better sentence
        return None
    scale = LONGEST_SIDE_PX / max(picture.shape[:2])
    if scale < 1:
        size = [max(round(n * scale), 1) for n in (picture.shape[1], picture.shape[0])]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return picture
