"""The Basel Face Model 2009 from the user's own files, cut and joined with expressions as Deep3DFaceRecon does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import BASEL_NAMES

from .model import FaceModel, Material

PREPARED = "BFM_model_front.mat"
_IDENTITIES, _EXPRESSIONS, _TEXTURES = 80, 64, 80
_SCALE = 1e-5  # the raw model's micrometres to upstream's unit of 10 cm
_LARGEST = 1_000_000  # vertices or faces; the real files have 53,490 and 70,789

_FROM_BASEL = "the University of Basel gives it out under its own licence at https://faces.dmi.unibas.ch/bfm/"
_FROM_GUO = "it is in the CoarseData archive of Guo et al. (https://github.com/Juyong/3DFace)"
_FROM_DENG = "it is in the folder BFM of https://github.com/sicxu/Deep3DFaceRecon_pytorch"
RAW = {
    "01_MorphableModel.mat": _FROM_BASEL,
    "Exp_Pca.bin": _FROM_GUO,
    "std_exp.txt": _FROM_DENG,
    "BFM_front_idx.mat": _FROM_DENG,
    "BFM_exp_idx.mat": _FROM_DENG,
    "facemodel_info.mat": _FROM_DENG,
}
"""The files of the raw model, and where each is obtained."""

WHERE = (
    f"It must hold either {PREPARED}, or {', '.join(RAW)}; the Basel Face Model is licensed by the University of "
    "Basel (https://faces.dmi.unibas.ch/bfm/) and cannot come with this program."
)


def load(folder: Path) -> FaceModel:
    """Read `BFM_model_front.mat`, or make the same from the raw files.

    The mean is centred on its vertices' average, as upstream does; units are upstream's (10 cm).

    Raises:
        UserError: a file is missing (the message says where it is obtained), damaged, or of the wrong size.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder for the Basel face model. {WHERE}")
    prepared = folder / PREPARED
    return _assemble(_read_mat(prepared) if prepared.is_file() else _prepare(folder), folder)


def _prepare(folder: Path) -> dict[str, np.ndarray]:
    """The contents of BFM_model_front.mat from the raw files (Deep3DFaceRecon's transferBFM09)."""
    missing = [name for name in RAW if not (folder / name).is_file()]
    if missing:
        reasons = "; ".join(f"{name} is missing ({RAW[name]})" for name in missing)
        raise UserError(
            f"{folder}: neither {PREPARED} nor the whole raw Basel face model is there: {reasons}"
        )
    raw = folder / "01_MorphableModel.mat"
    model = _read_mat(raw)
    rows = _array(model, "shapeMU", raw).size
    count = rows // 3
    if rows % 3 or not 0 < count <= _LARGEST:
        raise UserError(f"{raw}: shapeMU has {rows} numbers, which is not three for each vertex")
    shape_mean = _sized(model, "shapeMU", raw, (count, 3))
    texture_mean = _sized(model, "texMU", raw, (count, 3))
    identity = _scaled(model, "shape", raw, rows, _IDENTITIES)
    texture = _scaled(model, "tex", raw, rows, _TEXTURES)
    expression = _expressions(folder)

    front_file, trim_file = folder / "BFM_front_idx.mat", folder / "BFM_exp_idx.mat"
    front = _indices(_read_mat(front_file), "idx", front_file, expression.shape[0])
    trim = _indices(_read_mat(trim_file), "trimIndex", trim_file, count)
    if front.max() >= len(trim):
        raise UserError(
            f"{front_file}: its indices reach {front.max() + 1}, but {trim_file.name} has {len(trim)}"
        )
    kept = trim[front]
    info_file = folder / "facemodel_info.mat"
    info = _read_mat(info_file)
    names = ("tri", "keypoints", "point_buf", "frontmask2_idx", "tri_mask2", "skinmask")
    return {
        "meanshape": shape_mean[kept].reshape(1, -1) * _SCALE,
        "meantex": texture_mean[kept].reshape(1, -1),
        "idBase": identity.reshape(count, 3, -1)[kept].reshape(len(kept) * 3, -1) * _SCALE,
        "texBase": texture.reshape(count, 3, -1)[kept].reshape(len(kept) * 3, -1),
        "exBase": expression[front].reshape(len(front) * 3, -1) * _SCALE,
        **{name: info[name] for name in names if name in info},
    }


def _scaled(model: dict[str, np.ndarray], kind: str, file: Path, rows: int, wanted: int) -> np.ndarray:
    """Components times their standard deviations -> (rows, wanted)."""
    components = _array(model, f"{kind}PC", file)
    deviations = _array(model, f"{kind}EV", file).ravel()
    if components.ndim != 2 or len(components) != rows or components.shape[1] < wanted:
        raise UserError(f"{file}: {kind}PC is {components.shape}, expected ({rows}, {wanted} or more)")
    if len(deviations) < wanted:
        raise UserError(f"{file}: {kind}EV has {len(deviations)} numbers, expected at least {wanted}")
    return components[:, :wanted].astype(np.float64) * deviations[:wanted]


def _expressions(folder: Path) -> np.ndarray:
    """Exp_Pca.bin: an int32 count, a float32 mean, then that many float32 components -> (vertices, 3, 64)."""
    file = folder / "Exp_Pca.bin"
    size = file.stat().st_size
    if size < 4:
        raise UserError(f"{file}: the file is empty; fetch it again")
    columns = int(np.fromfile(file, "<i4", count=1)[0])
    per_vertex = 4 * 3 * (1 + columns)
    if not _EXPRESSIONS <= columns <= 1000 or (size - 4) % per_vertex:
        raise UserError(
            f"{file}: {size} bytes do not hold the {columns} components it speaks of; fetch it again"
        )
    vertices = (size - 4) // per_vertex
    values = np.fromfile(file, "<f4", offset=4 + 4 * 3 * vertices, count=3 * vertices * _EXPRESSIONS)
    file = folder / "std_exp.txt"
    try:
        deviations = np.loadtxt(file, ndmin=1).ravel()
    except ValueError:
        raise UserError(f"{file}: expected a text of numbers") from None
    if len(deviations) < _EXPRESSIONS:
        raise UserError(f"{file}: {len(deviations)} numbers, expected at least {_EXPRESSIONS}")
    components = values.reshape(_EXPRESSIONS, vertices, 3).astype(np.float64)
    return np.moveaxis(components * deviations[:_EXPRESSIONS, None, None], 0, 2)


def _assemble(data: dict[str, np.ndarray], folder: Path) -> FaceModel:
    """FaceModel of the arrays of BFM_model_front.mat, every one of them checked."""
    file = folder / PREPARED
    numbers = _array(data, "meanshape", file).size
    count = numbers // 3
    if numbers % 3 or not 0 < count <= _LARGEST:
        raise UserError(f"{file}: meanshape has {numbers} numbers, which is not three for each vertex")
    mean = _sized(data, "meanshape", file, (count, 3)).astype(np.float64)
    identity = _sized(data, "idBase", file, (count * 3, _IDENTITIES))
    expression = _sized(data, "exBase", file, (count * 3, _EXPRESSIONS))
    albedo = _sized(data, "meantex", file, (count, 3)).astype(np.float32)
    albedo_basis = _sized(data, "texBase", file, (count * 3, _TEXTURES))
    faces = _indices(data, "tri", file, count).reshape(-1, 3)
    keypoints = _indices(data, "keypoints", file, count)
    if len(keypoints) != 68 or len(faces) > _LARGEST:
        raise UserError(
            f"{file}: {len(keypoints)} keypoints and {len(faces)} triangles; expected 68 keypoints"
        )
    colour = np.append(np.clip(albedo.mean(axis=0), 0, 255), 255).astype(np.uint8)
    return FaceModel(
        space="basel",
        mean=(mean - mean.mean(axis=0)).astype(np.float32),
        identity_basis=_columns(identity),
        expression_basis=_columns(expression),
        expression_names=BASEL_NAMES,
        faces=faces.astype(np.int32),
        uv=np.zeros((count, 2), np.float32),
        weld=np.arange(count, dtype=np.int32),
        landmarks68=keypoints.astype(np.int32),
        texture=np.broadcast_to(colour, (1, 1, 4)).copy(),
        parts={"skin": np.arange(len(faces), dtype=np.int32)},
        materials={"skin": Material(roughness=0.6, double_sided=True)},
        albedo_mean=albedo,
        albedo_basis=_columns(albedo_basis),
    )


def _columns(flat: np.ndarray) -> np.ndarray:
    """(3 V, k) -> (k, V, 3) float32."""
    return np.ascontiguousarray(flat.T, np.float32).reshape(flat.shape[1], -1, 3)


def _read_mat(file: Path) -> dict[str, np.ndarray]:
    from scipy.io import loadmat

    try:
        found: dict[str, Any] = loadmat(file)
    except Exception as error:  # scipy raises whatever the damaged bytes led it to
        raise UserError(
            f"{file}: cannot be read as a MATLAB file ({type(error).__name__}); fetch it again"
        ) from None
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def _array(data: dict[str, np.ndarray], name: str, file: Path) -> np.ndarray:
    if name not in data:
        raise UserError(f"{file}: the field {name} is missing; fetch or prepare the file again")
    if data[name].dtype.kind not in "iuf":
        raise UserError(f"{file}: the field {name} holds no numbers")
    return data[name]


def _sized(data: dict[str, np.ndarray], name: str, file: Path, shape: tuple[int, int]) -> np.ndarray:
    """A field with shape[0] * shape[1] numbers, or with more columns than wanted, as `shape`."""
    values = _array(data, name, file)
    if values.size == shape[0] * shape[1]:
        return values.reshape(shape)
    if values.ndim == 2 and values.shape[0] == shape[0] and values.shape[1] > shape[1]:
        return values[:, : shape[1]]
    raise UserError(f"{file}: {name} is {values.shape}, expected {shape}")


def _indices(data: dict[str, np.ndarray], name: str, file: Path, below: int) -> np.ndarray:
    """MATLAB's 1-based indices as a flat 0-based array, all of them under `below`."""
    values = _array(data, name, file).ravel().astype(np.int64) - 1
    if not len(values) or values.min() < 0 or values.max() >= below:
        raise UserError(f"{file}: the indices in {name} are not within 1..{below}")
    return values
