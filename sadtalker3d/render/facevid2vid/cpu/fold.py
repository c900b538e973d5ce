"""Weights with what is constant in eval mode folded into them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def spectral(layer: nn.Module) -> Tensor:
    """The weight of a layer under the older spectral norm: weight_orig / (u^T W v)."""
    state = layer.state_dict()
    weight: Tensor = state["weight_orig"]
    return weight / (state["weight_u"] @ (weight.flatten(1) @ state["weight_v"]))


def normed(block: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a block's convolution `conv` with the batch norm `norm` that follows it."""
    conv, norm = block.get_submodule("conv"), block.get_submodule("norm")
    assert isinstance(conv, nn.Conv2d | nn.Conv3d)
    assert isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d)
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    weight, bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, mean, variance, norm.eps, norm.weight, norm.bias
    )
    return weight.detach(), bias.detach()


def bias_of(layer: nn.Module) -> Tensor:
    """The bias of a layer that has one."""
    bias = layer.bias
    assert isinstance(bias, Tensor)
    return bias.detach()
