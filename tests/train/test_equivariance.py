import numpy as np
import torch

from sadtalker3d.train.equivariance import Warp, WarpConfig, equivariance_loss

STRONG = WarpConfig(affine=0.1, spline=0.02)


def drawn(count: int = 3) -> Warp:
    return Warp.drawn(np.random.default_rng(4), count, STRONG)


def test_no_loss_for_a_perfectly_equivariant_detector() -> None:
    warp = drawn()
    of_bent = torch.rand(3, 15, 3) * 2 - 1
    keypoints = torch.cat([warp.points(of_bent[..., :2]), torch.rand(3, 15, 1)], dim=-1)
    assert equivariance_loss(keypoints, of_bent, warp) == 0
    assert equivariance_loss(of_bent, of_bent, warp) > 0.01  # a detector that does not look


def test_a_spot_of_the_picture_is_found_where_the_warp_says() -> None:
    warp = drawn(1)
    size = 129
    line = torch.linspace(-1, 1, size)
    y, x = torch.meshgrid(line, line, indexing="ij")
    spot = torch.tensor([0.3, -0.2])
    picture = torch.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / 0.005)[None, None].expand(1, 3, -1, -1)
    bent = warp.picture(picture)[0, 0]
    place = torch.stack([(bent * x).sum(), (bent * y).sum()]) / bent.sum()
    assert (place - spot).abs().max() > 0.02  # it has moved
    torch.testing.assert_close(warp.points(place[None, None])[0, 0], spot, atol=5e-3, rtol=0)


def test_a_warp_of_no_strength_changes_nothing() -> None:
    warp = Warp.drawn(np.random.default_rng(0), 2, WarpConfig(affine=0, spline=0))
    picture = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(warp.picture(picture), picture, atol=1e-5, rtol=0)
