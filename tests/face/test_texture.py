from __future__ import annotations

import cv2
import numpy as np
import pytest

import bfm
from sadtalker3d.face.fit import fit_head
from sadtalker3d.face.headfit import project, vertices
from sadtalker3d.face.light import harmonics, linear_to_srgb, portrait_light, srgb_to_linear
from sadtalker3d.face.lip_seal import lip_seal
from sadtalker3d.face.texture import mirrored_vertices, padded, textured
from tests.face.test_fit import SIZE, seen


@pytest.fixture(scope="module")
def model():
    return bfm.load("open")


@pytest.fixture(scope="module")
def fit(model):
    return fit_head(seen(model, (0, 0.4, 0)), SIZE, model)


def flat_light(fit):
    """Light without direction: shading is the same all over."""
    import dataclasses

    light = np.zeros((9, 3), np.float32)
    light[0] = 1
    return dataclasses.replace(fit, light=light)


def colour_at(head, rows) -> np.ndarray:
    size = np.array(head.texture.shape[1::-1])
    at = np.clip((head.uv[rows] * size).astype(int), 0, size - 1)
    return head.texture[at[:, 1], at[:, 0], :3].astype(int)


def test_srgb_by_the_standard():
    assert srgb_to_linear(np.array([0.0, 0.5, 1.0])) == pytest.approx([0, 0.2140, 1], abs=1e-4)
    values = np.linspace(0, 1, 20)
    assert linear_to_srgb(srgb_to_linear(values)) == pytest.approx(values)


def test_photo_of_one_colour_makes_the_seen_skin_that_colour(model, fit):
    picture = np.full((SIZE[1], SIZE[0], 3), (150, 90, 70), np.uint8)
    head = textured(flat_light(fit), picture, model)
    shown = model.landmarks68[[19, 24, 27, 30, 33, 51, 57]]  # brows, nose, lips
    assert np.abs(colour_at(head, shown) - [150, 90, 70]).max() <= 3
    others = [model.faces[model.parts[part]].ravel() for part in ("eyes", "teeth", "tongue")]
    rows = np.concatenate(others)
    assert np.abs(colour_at(head, rows) - colour_at(model, rows)).max() == 0


def test_the_hidden_cheek_is_the_mirrored_one(model, fit):
    picture = np.full((SIZE[1], SIZE[0], 3), (160, 110, 100), np.uint8)
    head = textured(flat_light(fit), picture, model)
    posed = vertices(fit, model)
    toward = -posed / np.linalg.norm(posed, axis=1, keepdims=True)
    skin = np.unique(model.faces[model.parts["skin"]])
    away = (model.normals(posed) * toward).sum(axis=1)[skin] < 0
    away &= np.abs(model.mean[skin, 0]) > 0.045  # no eyes, no nostrils
    face = skin[away & (model.mean[skin, 2] > 0.05) & (np.abs(model.mean[skin, 1]) < 0.02)]
    assert len(face) > 20
    assert np.median(np.abs(colour_at(head, face) - [160, 110, 100])) < 12


def test_mirror_is_its_own_inverse(model):
    twin = mirrored_vertices(model)
    back = model.mean[twin[twin]]
    assert np.linalg.norm(back - model.mean, axis=1).mean() < 0.0003


def test_padding_stays_off_what_is_taken():
    colours = np.zeros((5, 5, 3), np.uint8)
    colours[2, 2] = 200
    known = np.zeros((5, 5), bool)
    known[2, 2] = True
    free = ~known
    free[2, 3] = False
    out = padded(colours, known, free, 1)
    assert out[1, 1, 0] == 200 and out[2, 3, 0] == 0 and out[0, 0, 0] == 0


def test_light_from_the_left_is_found(model, fit):
    """A picture painted by a known light on the head's own colours gives that light back."""
    from sadtalker3d.face.cover import between, covered
    from sadtalker3d.face.light import albedo_at

    light = np.zeros((9, 3))
    light[0], light[3] = 0.8, 0.25  # the fourth falls from the picture's left (-x) to its right
    posed = vertices(fit, model)
    colour = np.clip(albedo_at(model) * (harmonics(model.normals(posed)) @ light), 0, 1).astype(np.float32)
    pixels = project(posed, fit).astype(np.float32)
    faces = model.faces.astype(np.int32)
    ids, _ = covered(pixels, posed[:, 2], faces, (SIZE[1], SIZE[0]))
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    between(pixels, faces, ids, colour, picture)
    found = portrait_light(np.rint(255 * linear_to_srgb(picture)).astype(np.uint8), fit, model)
    normals = model.normals(posed)[model.landmarks68]
    assert harmonics(normals) @ found == pytest.approx(harmonics(normals) @ light, rel=0.15, abs=0.05)


def test_seal_closes_parted_lips_and_leaves_the_rest(model):
    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    rest = model.mean.copy()
    drop = -model.expression_basis[model.expression_names.index("jawOpen"), :, 1]
    rest[drop > drop[lower].mean() / 2, 1] -= 0.002
    sealed = rest + lip_seal(model, rest)
    assert np.abs(sealed[upper] - sealed[lower])[2:-2].max() < 0.0003
    far = np.linalg.norm(model.mean - model.mean[upper].mean(axis=0), axis=1) > 0.06
    assert np.abs((sealed - rest)[far]).max() < 1e-5


def test_a_mole_on_the_seen_cheek_is_mirrored_to_the_hidden_one(model):
    turned = fit_head(seen(model, (0, 0.6, 0)), SIZE, model)
    posed, twin = vertices(turned, model), mirrored_vertices(model)
    toward = -posed / np.linalg.norm(posed, axis=1, keepdims=True)
    facing = (model.normals(posed) * toward).sum(axis=1)
    x, y, z = model.mean.T
    cheek = (x < -0.045) & (np.abs(y) < 0.015) & (z > 0.07) & (facing[twin] < 0.2)  # no ears, no inner mouth
    here = int(np.where(cheek, facing, -1).argmax())
    picture = np.full((SIZE[1], SIZE[0], 3), (170, 120, 100), np.uint8)
    plain = textured(flat_light(turned), picture, model)
    at = project(posed[here], turned).round().astype(int)
    cv2.circle(picture, (int(at[0]), int(at[1])), 14, (130, 92, 76), -1)
    head = textured(flat_light(turned), picture, model)
    darker = (colour_at(plain, [here, twin[here]]) - colour_at(head, [here, twin[here]]))[:, 0]
    assert darker[0] > 25 and darker[1] > 0.5 * darker[0]


def test_a_red_wall_beside_the_neck_is_not_painted_on_it(model):
    front = fit_head(seen(model, (0, 0, 0)), SIZE, model)
    posed = vertices(front, model)
    face = project(posed[model.landmarks68], front)
    picture = np.full((SIZE[1], SIZE[0], 3), (200, 20, 20), np.uint8)
    cv2.fillConvexPoly(picture, cv2.convexHull(face.round().astype(np.int32)), (170, 120, 100))
    top = face[[17, 26]].round().astype(int)
    cv2.rectangle(picture, (top[0][0], top[0][1] - 60), (top[1][0], top[1][1] + 40), (170, 120, 100), -1)
    head = textured(flat_light(front), picture, model)
    skin = np.unique(model.faces[model.parts["skin"]])
    chin = model.mean[model.landmarks68[8], 1]
    neck = skin[(model.mean[skin, 1] < chin - 0.03) & (model.mean[skin, 2] > 0)]
    red = colour_at(head, neck)
    assert np.median(red[:, 0] - red[:, 1]) < 90  # the wall's is 180, the skin's 50


def test_the_persons_glb_carries_the_texture(model, fit, tmp_path):
    import io

    import pygltflib
    from PIL import Image

    from sadtalker3d.export import export
    from sadtalker3d.track import Track

    picture = np.full((SIZE[1], SIZE[0], 3), (150, 90, 70), np.uint8)
    head = textured(flat_light(fit), picture, model)
    track = Track(np.zeros((2, 64)), np.zeros((2, 3)), np.zeros((2, 3)))
    export(track, tmp_path / "me.glb", face=head)
    gltf = pygltflib.GLTF2().load(str(tmp_path / "me.glb"))
    view = gltf.bufferViews[gltf.images[0].bufferView]
    data = gltf.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
    stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(stored - head.texture[..., :3]).mean() < 2
    assert np.abs(stored - model.texture[..., :3]).mean() > 10
