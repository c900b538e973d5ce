"""OBJ, PLY, MDD and PC2 hold the points of the head, frame by frame; read by trimesh and by the formats' own words."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

import bfm
from sadtalker3d import files
from sadtalker3d.errors import UserError
from sadtalker3d.export import beside, export, read
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track
from tests.export.tiny_face import TinyFace


def points_of(face: TinyFace, take: Track, identity: np.ndarray | None = None) -> np.ndarray:
    """(T, V, 3), the plain formula: R (neutral + sum w B) + t."""
    still = face.neutral(identity) + np.tensordot(take.expression, face.expression_basis, 1)
    turned = np.einsum("tij,tvj->tvi", to_matrices(take.rotation), still)
    return turned + take.translation[:, None]


def one_frame(take: Track) -> Track:
    return take.replace(**{n: getattr(take, n)[:1] for n in ("expression", "rotation", "translation")})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_mdd(path: Path) -> tuple[np.ndarray, np.ndarray]:
    data = path.read_bytes()
    frames, points = struct.unpack_from(">ii", data)
    seconds = np.frombuffer(data, ">f4", frames, 8)
    return seconds, np.frombuffer(data, ">f4", offset=8 + 4 * frames).reshape(frames, points, 3)


def read_pc2(path: Path) -> np.ndarray:
    data = path.read_bytes()
    assert data[:12] == b"POINTCACHE2\0"
    version, points, start, step, samples = struct.unpack_from("<iiffi", data, 12)
    assert (version, start, step) == (1, 0, 1)
    return np.frombuffer(data, "<f4", offset=32).reshape(samples, points, 3)


def test_mdd_has_the_points_and_the_seconds(tmp_path, full_take, face):
    seconds, points = read_mdd(export(full_take, tmp_path / "głowa 1.mdd", face=face))
    np.testing.assert_array_equal(seconds, (np.arange(75) / 25).astype(np.float32))
    np.testing.assert_allclose(points, points_of(face, full_take), atol=1e-6)
    assert names(tmp_path) == ["głowa 1.mdd", "głowa 1_rest.mtl", "głowa 1_rest.obj", "głowa 1_texture.png"]


def test_pc2_has_the_points(tmp_path, full_take, face):
    identity = np.random.default_rng(2).normal(0, 1, 80)
    path = export(full_take, tmp_path / "take.pc2", face=face, identity=identity)
    np.testing.assert_allclose(read_pc2(path), points_of(face, full_take, identity), atol=1e-6)


@pytest.mark.parametrize("ending", ["mdd", "pc2"])
def test_the_mesh_beside_a_cache_is_the_head_at_rest(tmp_path, take, face, ending):
    path = export(take, tmp_path / f"take.{ending}", face=face)
    lines = beside(path)[0].read_text().splitlines()
    assert sum(line.startswith("f ") for line in lines) == len(face.faces)
    places = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    np.testing.assert_allclose(places, face.mean, atol=6e-7)  # in the order of the cache
    assert "map_Kd take_texture.png" in beside(path)[1].read_text()


def test_obj_frames_through_trimesh(tmp_path, take, face):
    export(take, tmp_path / "take_%03d.obj", face=face)
    assert names(tmp_path) == ["take.mtl", *(f"take_{i:03d}.obj" for i in range(12)), "take_texture.png"]
    for i in (0, 11):
        scene = trimesh.load(tmp_path / f"take_{i:03d}.obj", process=False)
        parts = list(scene.geometry.values())
        assert sum(len(part.faces) for part in parts) == len(face.faces)
        found = np.concatenate([part.vertices[part.faces.ravel()] for part in parts])
        wanted = points_of(face, take)[i][face.faces[np.concatenate([face.parts[p] for p in face.materials])]]
        order = np.lexsort(np.round(found, 5).T), np.lexsort(np.round(wanted.reshape(-1, 3), 5).T)
        np.testing.assert_allclose(found[order[0]], wanted.reshape(-1, 3)[order[1]], atol=2e-5)
        skin = next(part for part in parts if part.visual.material.name == "skin")
        assert skin.visual.uv is not None and skin.visual.material.image.size == (64, 64)


def test_ply_frames_through_trimesh(tmp_path, take, face):
    export(take, tmp_path / "a folder ü", format="ply", face=face)
    assert names(tmp_path / "a folder ü") == [f"head_{i:05d}.ply" for i in range(12)]
    for i in (0, 11):
        mesh = trimesh.load(tmp_path / "a folder ü" / f"head_{i:05d}.ply", process=False)
        np.testing.assert_allclose(mesh.vertices, points_of(face, take)[i], atol=1e-6)
        np.testing.assert_array_equal(mesh.faces, face.faces)
        np.testing.assert_allclose(mesh.vertex_normals, face.normals(points_of(face, take)[i]), atol=1e-5)
        pixel = (face.uv * 64).astype(int).clip(0, 63)
        np.testing.assert_array_equal(
            mesh.visual.vertex_colors[:, :3], face.texture[pixel[:, 1], pixel[:, 0], :3]
        )


def test_points_are_shared_along_the_seams_of_the_real_head(tmp_path, take):
    head = bfm.load("open")
    path = export(one_frame(take), tmp_path / "one.ply")
    mesh = trimesh.load(path, process=False)
    assert len(mesh.vertices) == len(np.unique(head.weld)) < len(head.mean)
    wanted = (
        head.vertices(expression=take.expression[0]) @ to_matrices(take.rotation)[0].T + take.translation[0]
    )
    np.testing.assert_allclose(mesh.vertices[mesh.faces], wanted[head.faces], atol=1e-6)


def test_a_shorter_take_leaves_none_of_the_longer_ones_meshes(tmp_path, take, face):
    export(take, tmp_path / "t_%05d.ply", face=face)
    with pytest.raises(UserError, match=r"t_00000\.ply: exists already"):
        export(one_frame(take), tmp_path / "t_%05d.ply", face=face)
    export(one_frame(take), tmp_path / "t_%05d.ply", face=face, force=True)
    assert names(tmp_path) == ["t_00000.ply"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("take.obj", r"take\.obj holds one frame, this track has 12; write take_%05d\.obj"),
        ("take.ply", r"take\.ply holds one frame, this track has 12; write take_%05d\.ply"),
        ("take_%01d.obj", r"%01d has numbers for 10 frames, this track has 12; write %02d"),
        ("take_%01d_%01d.ply", r"says not where the frame's number goes"),
    ],
)
def test_what_a_name_cannot_hold_is_said(tmp_path, take, face, name, message):
    with pytest.raises(UserError, match=message):
        export(take, tmp_path / "new" / name, face=face)
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["take.mdd", "take.pc2", "take_%05d.obj", "take_%05d.ply"])
def test_a_disk_without_room_is_said_before_the_work(tmp_path, monkeypatch, take, face, name):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(UserError, match=r"needs \d+\.\d GB, 0\.0 GB are free; choose another disk"):
        export(take, tmp_path / name, face=face)
    assert names(tmp_path) == []


@pytest.mark.parametrize("ending", ["mdd", "pc2"])
def test_the_mesh_of_somebody_else_is_not_overwritten(tmp_path, take, face, ending):
    (tmp_path / "take_rest.obj").write_text("mine")
    with pytest.raises(UserError, match=r"take_rest\.obj: exists already"):
        export(take, tmp_path / f"take.{ending}", face=face)
    assert names(tmp_path) == ["take_rest.obj"]


def test_points_are_not_read_as_weights(tmp_path, take, face):
    path = export(take, tmp_path / "take.mdd", face=face)
    with pytest.raises(UserError, match=r"take\.mdd: holds the head's points, not the weights"):
        read(path)


def test_a_basel_track_needs_its_face(tmp_path, take):
    with pytest.raises(UserError, match="name the folder that holds it with --basel"):
        export(take.replace(space="basel", names=()), tmp_path / "take.mdd")
    assert names(tmp_path) == []
