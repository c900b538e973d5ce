"""The Blender extension as a zip: the add-on's files, and one pure-Python wheel of the modules it needs."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import sys
import zipfile
from pathlib import Path

import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.files import check_outputs, replacing

FOLDER = "sadtalker3d_blender"  # not "sadtalker3d": before 4.2 the folder's name is the add-on's module
FLOOR = (
    "sadtalker3d/__init__.py",
    "sadtalker3d/errors.py",
    "sadtalker3d/files.py",
    "sadtalker3d/keys.py",
    "sadtalker3d/mel.py",
    "sadtalker3d/numbered.py",
    "sadtalker3d/rotation.py",
    "sadtalker3d/track.py",
    "sadtalker3d/track_files.py",
    "sadtalker3d/edit/*.py",
    "sadtalker3d/export/__init__.py",
    "sadtalker3d/export/a2f.py",
    "sadtalker3d/export/a2f_names.py",
    "sadtalker3d/export/csv_table.py",
    "sadtalker3d/export/livelink.py",
    "sadtalker3d/export/track_json.py",
    "sadtalker3d/motion/__init__.py",
    "sadtalker3d/motion/blink.py",
    "sadtalker3d/motion/gaze.py",
    "sadtalker3d/motion/mood.py",
    "sadtalker3d/motion/prosody.py",
    "sadtalker3d/motion/silence.py",
    "sadtalker3d/motion/styles.py",
    "sadtalker3d/motion/head_styles.json",
    "sadtalker3d/rig/*.py",
    "sadtalker3d/rig/maps/*.json",
    "bfm/__init__.py",
    "bfm/model.py",
    "bfm/open.py",
    "bfm/subdivide.py",
    "bfm/head.npz",
    "bfm/LICENSE-CC0.txt",
)
"""What Blender imports: numpy and the standard library, and the embedded head."""

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same zip from the same sources, whenever it is made
PACKED = {".npz": zipfile.ZIP_STORED}  # is compressed already


def build(out: str | Path, *, force: bool = False) -> Path:
    """Write the extension; the same sources give the same bytes, up to the path of this Python.

    out : the .zip to make

    Raises UserError for another ending, an existing file, or an installation without the add-on's files.
    """
    out = Path(out)
    if out.suffix.lower() != ".zip":
        raise UserError(f"{out}: the extension is a .zip; choose such a name")
    check_outputs([out], force=force)
    source = _source()
    wheel_name = f"sadtalker3d-{sadtalker3d.__version__}-py3-none-any.whl"
    with replacing(out) as partial, zipfile.ZipFile(partial, "w") as archive:
        for path in sorted(source.iterdir()):
            if path.suffix in (".py", ".toml", ".md") or path.name == "LICENSE":
                data = path.read_bytes()
                if path.name == "blender_manifest.toml":
                    data = data.replace(b"wheels = []", f'wheels = ["./wheels/{wheel_name}"]'.encode())
                _put(archive, f"{FOLDER}/{path.name}", data)
        _put(archive, f"{FOLDER}/built_from.txt", sys.executable.encode())
        _put(archive, f"{FOLDER}/wheels/{wheel_name}", _wheel())
    return out


def _source() -> Path:
    found = importlib.util.find_spec("blender_addon")  # found, not imported: it needs Blender
    folder = Path(found.origin).parent if found and found.origin else None
    if folder is None or not (folder / "blender_manifest.toml").is_file():
        raise UserError("the Blender extension's files are not installed: reinstall sadtalker3d")
    return folder


def _wheel() -> bytes:
    """A wheel (PEP 427) of the floor."""
    root = Path(sadtalker3d.__file__).parent.parent
    version = sadtalker3d.__version__
    info = f"sadtalker3d-{version}.dist-info"
    paths = [path for pattern in FLOOR for path in sorted(root.glob(pattern))]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: sadtalker3d\nVersion: {version}\n"
        "Summary: The modules of sadtalker3d that Blender imports\nLicense: Apache-2.0 AND CC0-1.0\n"
    ).encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: sadtalker3d\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as wheel:
        for name, data in files.items():
            _put(wheel, name, data)
    return held.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.external_attr = 0o644 << 16
    entry.compress_type = PACKED.get(Path(name).suffix, zipfile.ZIP_DEFLATED)
    archive.writestr(entry, data)
