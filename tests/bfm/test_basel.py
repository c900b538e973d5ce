"""Reading the user's Basel files, with small synthetic files in the same formats."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import bfm
from bfm.basel import RAW
from sadtalker3d.errors import UserError

FULL, TRIMMED, KEPT = 60, 50, 12  # vertices of the raw scan, of the expression model, of the cut-out face


def prepared(rng: np.random.Generator, count: int = KEPT) -> dict[str, np.ndarray]:
    return {
        "meanshape": rng.normal(size=(1, 3 * count)),
        "idBase": rng.normal(size=(3 * count, 80)),
        "exBase": rng.normal(size=(3 * count, 64)),
        "meantex": rng.uniform(0, 255, size=(1, 3 * count)),
        "texBase": rng.normal(size=(3 * count, 80)),
        "tri": np.arange(1, count + 1).reshape(-1, 3),
        "point_buf": np.ones((count, 8)),
        "keypoints": rng.integers(1, count + 1, size=(1, 68)),
    }


@pytest.fixture
def raw(tmp_path: Path):
    """A whole raw model, and what its cut-out vertices must be."""
    rng = np.random.default_rng(3)
    rows = 3 * FULL
    model = {
        "shapeMU": rng.normal(size=(rows, 1)) * 1e5,
        "shapePC": rng.normal(size=(rows, 99)),
        "shapeEV": rng.uniform(1, 2, size=(99, 1)) * 1e5,
        "texMU": rng.uniform(0, 255, size=(rows, 1)),
        "texPC": rng.normal(size=(rows, 99)),
        "texEV": rng.uniform(1, 2, size=(99, 1)),
    }
    savemat(tmp_path / "01_MorphableModel.mat", model)
    expression = rng.normal(size=(79, 3 * TRIMMED)).astype("<f4")
    with open(tmp_path / "Exp_Pca.bin", "wb") as file:
        file.write(np.array([79], "<i4").tobytes())
        file.write(rng.normal(size=3 * TRIMMED).astype("<f4").tobytes())
        file.write(expression.tobytes())
    deviations = rng.uniform(1, 2, size=79)
    np.savetxt(tmp_path / "std_exp.txt", deviations[None])
    trim = rng.permutation(FULL)[:TRIMMED]
    front = rng.permutation(TRIMMED)[:KEPT]
    savemat(tmp_path / "BFM_exp_idx.mat", {"trimIndex": trim[:, None] + 1})
    savemat(tmp_path / "BFM_front_idx.mat", {"idx": front[:, None] + 1})
    info = {k: v for k, v in prepared(rng).items() if k in ("tri", "point_buf", "keypoints")}
    savemat(tmp_path / "facemodel_info.mat", info)
    kept = trim[front]
    mean = model["shapeMU"].reshape(-1, 3)[kept] / 1e5
    return tmp_path, {
        "mean": mean - mean.mean(axis=0),
        "identity": (model["shapePC"] * model["shapeEV"].T / 1e5).reshape(FULL, 3, -1)[kept, :, 7],
        "expression": (expression[5] * deviations[5] / 1e5).reshape(-1, 3)[front],
    }


def test_prepared_file(tmp_path):
    data = prepared(np.random.default_rng(0))
    savemat(tmp_path / "BFM_model_front.mat", data)
    face = bfm.load("basel", tmp_path)
    assert face.space == "basel"
    np.testing.assert_allclose(face.mean.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_array_equal(face.faces, data["tri"] - 1)
    np.testing.assert_array_equal(face.landmarks68, data["keypoints"][0] - 1)
    weights = np.zeros(64)
    weights[9] = 2.0
    moved = (face.vertices(None, weights) - face.mean).ravel()
    np.testing.assert_allclose(moved, 2 * data["exBase"][:, 9], rtol=1e-5, atol=1e-5)


def test_raw_files_are_scaled_and_cut(raw):
    folder, expected = raw
    face = bfm.load("basel", folder)
    np.testing.assert_allclose(face.mean, expected["mean"], atol=1e-5)
    np.testing.assert_allclose(face.identity_basis[7], expected["identity"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(face.expression_basis[5], expected["expression"], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", sorted(RAW))
def test_each_missing_file_is_named_with_its_origin(raw, name):
    folder, _ = raw
    (folder / name).unlink()
    with pytest.raises(UserError, match="https://") as caught:
        bfm.load("basel", folder)
    assert f"{name} is missing" in str(caught.value)


def test_missing_folder_names_what_it_must_hold(tmp_path):
    with pytest.raises(UserError, match="BFM_model_front.mat"):
        bfm.load("basel", tmp_path / "nowhere")
    with pytest.raises(UserError, match="University of Basel"):
        bfm.load("basel")


def test_counts_are_checked_before_they_are_believed(raw):
    folder, _ = raw
    binary = folder / "Exp_Pca.bin"
    content = binary.read_bytes()
    for damaged in (b"", content[:-7], np.array([2_000_000_000], "<i4").tobytes() + content[4:]):
        binary.write_bytes(damaged)
        with pytest.raises(UserError, match=r"Exp_Pca\.bin"):
            bfm.load("basel", folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tri", np.array([[1, 2, KEPT + 1]])),
        ("keypoints", np.zeros((1, 68))),
        ("idBase", np.zeros((5, 80))),
        ("meanshape", np.zeros((1, 10))),
        ("exBase", None),
    ],
)
def test_damaged_fields_are_named(tmp_path, field, value):
    data = prepared(np.random.default_rng(0))
    if value is None:
        del data[field]
    else:
        data[field] = value
    savemat(tmp_path / "BFM_model_front.mat", data)
    with pytest.raises(UserError, match=r"BFM_model_front\.mat"):
        bfm.load("basel", tmp_path)


def test_not_a_matlab_file(tmp_path):
    (tmp_path / "BFM_model_front.mat").write_bytes(b"this is text")
    with pytest.raises(UserError, match="MATLAB"):
        bfm.load("basel", tmp_path)
