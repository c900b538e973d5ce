"""Write arrays as an .npz whose bytes depend on nothing but the arrays."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from sadtalker3d.files import replacing


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """As np.savez_compressed, with fixed time stamps."""
    with (
        replacing(path) as beside,
        zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue())
