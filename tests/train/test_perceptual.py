from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from sadtalker3d.errors import UserError
from sadtalker3d.train.perceptual import VGG_LAYERS, DetailPyramid, VggLoss


def test_the_pyramid_sees_no_difference_in_equal_pictures_and_blur_in_blurred_ones() -> None:
    loss, real = DetailPyramid(), torch.rand(2, 3, 64, 64)
    little = F.avg_pool2d(real, 3, stride=1, padding=1)
    much = F.avg_pool2d(real, 9, stride=1, padding=4)
    assert loss(real, real) == 0
    assert 0 < loss(little, real) < loss(much, real)


def test_the_pyramid_counts_a_shift_of_brightness_once() -> None:
    real = torch.rand(1, 3, 32, 32) / 2
    assert DetailPyramid()(real + 0.25, real) == pytest.approx(0.25, abs=1e-5)


@pytest.mark.slow
def test_vgg_from_torchvisions_layout(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state, before, number = {"classifier.6.bias": torch.zeros(1000)}, 3, 0
    for channels in VGG_LAYERS:
        if channels is None:
            number += 1
            continue
        state[f"features.{number}.weight"] = torch.randn(channels, before, 3, 3) * (2 / (9 * before)) ** 0.5
        state[f"features.{number}.bias"] = torch.zeros(channels)
        before, number = channels, number + 2
    assert number == 30  # relu5_1 is torchvision's features.29
    save_file(state, tmp_path / "vgg.safetensors")
    loss, real = VggLoss(tmp_path / "vgg.safetensors"), torch.rand(1, 3, 64, 64)
    made = (real + 0.1).requires_grad_()
    assert loss(real, real) == 0
    loss(made, real).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0


def test_another_file_is_refused(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "other.safetensors")
    (tmp_path / "text.pth").write_text("no weights")
    for name in ("other.safetensors", "text.pth", "absent.pth"):
        with pytest.raises(UserError, match=name):
            VggLoss(tmp_path / name)
