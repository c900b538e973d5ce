import dataclasses

import numpy as np

from sadtalker3d.render.occlusion import light_reaching
from tests.render.egg import egg


def test_nothing_hides_a_convex_head_from_its_lamp_and_sky() -> None:
    face = egg(3)
    lamp = np.array([0.0, 0.3, 1.0])
    reaching = light_reaching(face, face.mean, [tuple(lamp)])
    assert reaching[:, 0].min() > 0.95
    slopes = (face.mean - [0, 0.04, 0.02]) / np.square([0.075, 0.12, 0.095])  # an ellipsoid's normals
    facing = slopes @ lamp > 0.3 * np.linalg.norm(slopes, axis=1) * np.linalg.norm(lamp)
    assert reaching[facing, 1].min() > 0.95
    assert reaching.max() <= 1.0 + 1e-9


def test_a_lid_darkens_what_is_under_it() -> None:
    # a hat's brim, 2 cm above the crown and as wide as the head, hides the crown from the sky and the lamp
    face = egg(3)
    count = len(face.mean)
    brim = np.array(
        [[-0.1, 0.18, -0.1], [0.1, 0.18, -0.1], [0.1, 0.18, 0.15], [-0.1, 0.18, 0.15]], np.float32
    )
    hat = dataclasses.replace(
        face,
        mean=np.concatenate([face.mean, brim]),
        uv=np.concatenate([face.uv, np.zeros((4, 2), np.float32)]),
        faces=np.concatenate([face.faces, count + np.array([[0, 2, 1], [0, 3, 2]], np.int32)]),
        weld=np.arange(count + 4, dtype=np.int32),
        expression_basis=np.pad(face.expression_basis, ((0, 0), (0, 4), (0, 0))),
        parts={**face.parts, "skin": np.r_[face.parts["skin"], len(face.faces), len(face.faces) + 1]},
    )
    overhead = (0.0, 1.0, 0.0)
    bare = light_reaching(face, face.mean, [overhead])
    covered = light_reaching(hat, hat.mean, [overhead])[:count]
    crown, chin = np.argmax(face.mean[:, 1]), np.argmin(face.mean[:, 1])
    assert covered[crown, 0] < 0.6 * bare[crown, 0]
    assert covered[crown, 1] < 0.1
    assert covered[chin, 0] > 0.9
