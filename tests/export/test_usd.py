"""USD text: what Pixar's own library makes of it, and the track back out of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bfm
import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.export import beside, export, usd
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track
from tests.export.tiny_face import TinyFace

pxr = pytest.importorskip("pxr", reason="usd-core is not installed: pip install '.[test]'")
from pxr import Gf, Usd, UsdGeom, UsdMedia, UsdShade, UsdSkel, UsdValidation  # noqa: E402


def deformed(stage: Usd.Stage, frame: int) -> np.ndarray:
    """The (P, 3) points that UsdSkel computes at a frame, blend shapes and head pose, in the world."""
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Head/Face"))
    cache = UsdSkel.Cache()
    root = UsdSkel.Root(stage.GetPrimAtPath("/Head"))
    assert cache.Populate(root, Usd.TraverseInstanceProxies())
    skeleton = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/Head/Skeleton")))
    skinning = cache.GetSkinningQuery(mesh.GetPrim())
    shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(mesh.GetPrim()))
    weights = skeleton.GetAnimQuery().ComputeBlendShapeWeights(frame)
    mapped = skinning.GetBlendShapeMapper()
    assert mapped is None or mapped.IsIdentity()
    parts = shapes.ComputeSubShapeWeights(weights)
    points = mesh.GetPointsAttr().Get()
    where = shapes.ComputeBlendShapePointIndices()
    assert shapes.ComputeDeformedPoints(*parts, where, shapes.ComputeSubShapePointOffsets(), points)
    joints = skeleton.ComputeSkinningTransforms(frame)
    assert skinning.ComputeSkinnedPoints(joints, points, frame)
    return np.array(points)


def points_of(face, take: Track, frame: int) -> np.ndarray:
    moved = face.neutral(None) + np.tensordot(take.expression[frame], face.expression_basis, 1)
    return moved @ to_matrices(take.rotation)[frame].T + take.translation[frame]


@pytest.fixture
def stage(tmp_path, full_take: Track, face: TinyFace) -> Usd.Stage:
    return Usd.Stage.Open(str(usd.write(full_take, tmp_path / "mój take 1.usda", face=face)))


def test_usdskel_moves_the_points_as_the_model_does(stage, full_take, face):
    for frame in (0, 30, 74):
        points = deformed(stage, frame)
        np.testing.assert_allclose(points, points_of(face, full_take, frame), atol=2e-6)


def test_the_real_head_is_within_a_hundredth_of_a_millimetre(tmp_path, take):
    head = bfm.load("open")
    path = export(take, tmp_path / "take.usda")
    stage = Usd.Stage.Open(str(path))
    seam = np.unique(head.weld)
    for frame in (3, 11):
        np.testing.assert_allclose(deformed(stage, frame), points_of(head, take, frame)[seam], atol=1e-5)


def test_one_shape_turns_the_normals_as_far_as_it_turns_the_skin(stage, face):
    mesh = stage.GetPrimAtPath("/Head/Face")
    for k, name in enumerate(face.expression_names):
        shape = UsdSkel.BlendShape(stage.GetPrimAtPath(f"/Head/Face/{name}"))
        normals = np.array(UsdGeom.Mesh(mesh).GetNormalsAttr().Get())
        normals[shape.GetPointIndicesAttr().Get()] += np.array(shape.GetNormalOffsetsAttr().Get()).reshape(
            -1, 3
        )
        np.testing.assert_allclose(normals, face.normals(face.mean + face.expression_basis[k]), atol=9e-3)


def test_a_baked_head_turns_as_the_track_says(stage, full_take, face):
    """usdview's way: the mesh follows one joint rigidly, so its place in the world carries the pose."""
    assert UsdSkel.BakeSkinning(UsdSkel.Root(stage.GetPrimAtPath("/Head")), Gf.Interval(0, 74))
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Head/Face"))
    for frame in (0, 74):
        world = np.array(mesh.ComputeLocalToWorldTransform(frame))  # row vectors
        points = np.array(mesh.GetPointsAttr().Get(frame)) @ world[:3, :3] + world[3, :3]
        np.testing.assert_allclose(points, points_of(face, full_take, frame), atol=2e-6)


def test_pixars_validators_find_nothing(stage):
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) > 20
    errors = UsdValidation.ValidationContext(validators).Validate(stage)
    assert [error.GetErrorAsString() for error in errors] == []


def test_they_do_see_faults(tmp_path, take, face):
    path = usd.write(take, tmp_path / "take.usda", face=face)
    path.write_text(
        path.read_text().replace('prepend apiSchemas = ["SkelBindingAPI", "MaterialBindingAPI"]', "")
    )
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert UsdValidation.ValidationContext(validators).Validate(Usd.Stage.Open(str(path)))


def test_stage_says_its_units_and_times(stage):
    assert (stage.GetTimeCodesPerSecond(), stage.GetFramesPerSecond()) == (25, 25)
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (0, 74)
    assert (UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == ("Y", 1)
    assert stage.GetDefaultPrim().GetPath() == "/Head"


def test_every_triangle_has_its_material_and_texture(stage, face):
    subsets = UsdGeom.Subset.GetAllGeomSubsets(UsdGeom.Imageable(stage.GetPrimAtPath("/Head/Face")))
    assert [subset.GetPrim().GetName() for subset in subsets] == ["skin", "hair", "lashes"]
    for subset in subsets:
        part = subset.GetPrim().GetName()
        np.testing.assert_array_equal(subset.GetIndicesAttr().Get(), face.parts[part])
        material, _ = UsdShade.MaterialBindingAPI(subset.GetPrim()).ComputeBoundMaterial()
        surface, _, _ = material.ComputeSurfaceSource()
        seen = surface.GetInput("opacity")
        assert bool(seen) == (part != "skin")
        (source, *_), _ = surface.GetInput("diffuseColor").GetConnectedSources()
        texture = UsdShade.Shader(source.source.GetPrim()).GetInput("file").Get()
        assert Path(texture.resolvedPath).name == "mój take 1_texture.png"
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Head/Face"))
    st = UsdGeom.PrimvarsAPI(mesh.GetPrim()).GetPrimvar("st").ComputeFlattened()
    np.testing.assert_allclose(np.array(st), face.uv[face.faces.ravel()] * [1, -1] + [0, 1], atol=1e-6)


def test_the_sound_is_named_where_it_is(tmp_path, take, face):
    (tmp_path / "my line.wav").write_bytes(b"")
    heard = take.replace(audio="my line.wav")
    stage = Usd.Stage.Open(str(usd.write(heard, tmp_path / "take.usda", face=face)))
    sound = UsdMedia.SpatialAudio(stage.GetPrimAtPath("/Head/Sound"))
    assert Path(sound.GetFilePathAttr().Get().resolvedPath) == tmp_path / "my line.wav"
    (tmp_path / "my line.wav").unlink()
    stage = Usd.Stage.Open(str(usd.write(heard, tmp_path / "silent.usda", face=face)))
    assert not stage.GetPrimAtPath("/Head/Sound")


@pytest.mark.parametrize("fps", [24, 25, 29.97, 59.94])
def test_read_gives_the_track_back(tmp_path, full_take, face, fps):
    given = full_take.replace(fps=fps, meta={**full_take.meta, "said": 'a "quoted" \\ word, мой\nтекст'})
    back = sadtalker3d.load(usd.write(given, tmp_path / "t.usda", face=face))
    np.testing.assert_allclose(back.rotation, given.rotation, atol=1e-6)  # through quaternions of float32
    assert back.replace(rotation=given.rotation) == given


def test_what_usds_own_writer_makes_of_it_reads_the_same(tmp_path, full_take, face):
    path = usd.write(full_take, tmp_path / "t.usda", face=face)
    stage = Usd.Stage.Open(str(path))
    stage.GetRootLayer().Export(str(tmp_path / "binary.usdc"))
    binary = Usd.Stage.Open(str(tmp_path / "binary.usdc"))
    binary.GetRootLayer().Export(str(tmp_path / "again.usda"))
    again, first = usd.read(tmp_path / "again.usda"), usd.read(path)
    np.testing.assert_array_equal(again.expression, first.expression)
    assert again.replace(rotation=first.rotation) == first


def test_another_programs_animation_is_read_by_its_names(tmp_path):
    stage = Usd.Stage.CreateNew(str(tmp_path / "theirs.usda"))
    stage.SetTimeCodesPerSecond(30)
    take = UsdSkel.Animation.Define(stage, "/A/Take")
    take.CreateBlendShapesAttr(["JawOpen", "earWiggle", "mouthClose"])
    for code in (10, 11, 14):
        take.CreateBlendShapeWeightsAttr().Set([code / 100, 1, 0.5], code)
    stage.Save()
    back = sadtalker3d.load(tmp_path / "theirs.usda")
    np.testing.assert_allclose(back.column("jawOpen"), [0.1, 0.11, 0.12, 0.13, 0.14], atol=1e-6)
    assert (back.fps, back.meta["left_out"]) == (30, ["earWiggle"])


def test_one_frame(tmp_path, take, face):
    one = take.replace(**{n: getattr(take, n)[:1] for n in ("expression", "rotation", "translation")})
    back = usd.read(usd.write(one, tmp_path / "t.usda", face=face))
    np.testing.assert_array_equal(back.expression, one.expression)


def test_existing_textures_are_kept(tmp_path, take, face):
    (texture,) = beside(tmp_path / "take.usda")
    texture.write_text("mine")
    with pytest.raises(UserError, match=r"take_texture\.png: exists already"):
        export(take, tmp_path / "take.usda", face=face)
    assert [path.name for path in tmp_path.iterdir()] == ["take_texture.png"]


ANIMATION = """#usda 1.0
(
    timeCodesPerSecond = 25
)
def SkelAnimation "Take"
{
    uniform token[] blendShapes = ["jawOpen", "mouthClose"]
    float[] blendShapeWeights.timeSamples = {
        0: [0, 1],
        1: [0.5, 1],
    }
}
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("#usda 1.0", "once upon a time"), "is not USD text"),
        (("#usda 1.0", "PXR-USDC"), "is binary USD; make it text first, with `usdcat FILE"),
        (("def SkelAnimation", "def Scope"), "holds no animation of blend shapes"),
        (("0: [0, 1],", "0: [0],"), "the time samples of blendShapeWeights have 1 and 2 numbers"),
        (('"mouthClose"', '"mouthClose", "c"'), "has 2 weights a time sample, but 3 blend shapes"),
        (("0: [0, 1],", "0: [0, one],"), "holds something that is not a number"),
        (("0: [0, 1],", "0: [0, nan],"), "not a finite number in frame 0"),
        (("0: [0, 1],", "what: [0, 1],"), "a time sample of blendShapeWeights is not readable"),
        (("1: [", "0: ["), "its time codes do not increase"),
        (("1: [", "1e9: ["), "its time codes span 1000000001 frames"),
        (("1: [0.5, 1],\n    }\n}\n", "1: [0.5,"), "is not readable"),
        (("    }\n}\n", ""), "ends within the time samples .* truncated"),
        (('"jawOpen", "mouthClose"', '"a", "b"'), "none of its blend shapes has an ARKit name"),
        (("timeCodesPerSecond = 25", "timeCodesPerSecond = 0"), "field 'fps' is 0"),
        (("timeCodesPerSecond = 25", 'string sadtalker3d = "{}"'), "its customLayerData is not of"),
        (("timeCodesPerSecond = 25", 'string sadtalker3d = "{"'), "its customLayerData is damaged"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, change, message):
    path = tmp_path / "bad one.usda"
    path.write_text(ANIMATION)
    assert len(usd.read(path)) == 2
    assert change[0] in ANIMATION
    path.write_text(ANIMATION.replace(*change))
    with pytest.raises(UserError, match=rf"bad one\.usda: .*{message}"):
        usd.read(path)


@pytest.mark.parametrize(
    ("name", "message"), [("t.usdc", "usdcat take.usda"), ("t.usdz", "usdzip take.usdz")]
)
def test_binary_usd_says_who_makes_it(tmp_path, take, name, message):
    with pytest.raises(UserError, match=message):
        export(take, tmp_path / name)
