"""Where PoseVAE's training starts: at the principal components of the measured motion, not at noise.

From random weights the sigmoids and the U-Net take hours to learn that they may let motion through. So both
U-Nets start as the identity, the latent as the scores of the motion that the reference pose does not explain,
and two things are built in that training then refines: livelier styles and louder speech move more. While the
U-Nets are the identity, training without them (`straight`) is the same and a hundred times faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sadtalker3d.motion.posevae import LATENT, POSE, STYLES, WINDOW, PoseVAE
from sadtalker3d.motion.posevae_unet import WIDTHS, ResUnet

COMPONENTS = 48  # of the 64 latent numbers; the rest tell styles apart
SLOPE = 0.6  # motion in units of its spread before each sigmoid: its straight part
STYLE_CODE = 3.0  # of the liveliest style, against a latent noise of 1
STYLE_SHIFT = 0.8  # of a latent number's threshold from average to liveliest style
LOUDNESS_SHIFT = 0.4  # per standard deviation of loudness


@dataclass(frozen=True)
class Components:
    """The linear model training starts from.

    basis : (K, 192) orthonormal; scale : (K,) spread of the scores
    pull : (192, 6) expected motion per reference pose: the way back to rest
    """

    basis: Tensor
    scale: Tensor
    pull: Tensor


def motion_components(motion: Tensor, reference: Tensor) -> Components:
    """Principal components of windows (N, 32, 6), beyond what their references (N, 6) explain."""
    flat = motion.flatten(1)
    ridge = 0.01 * len(flat) * torch.eye(POSE)
    pull = torch.linalg.solve(reference.T @ reference + ridge, reference.T @ flat)  # (6, 192)
    rest = flat - reference @ pull
    _, singular, basis = torch.linalg.svd(rest, full_matrices=False)
    return Components(basis[:COMPONENTS], singular[:COMPONENTS] / len(flat) ** 0.5, pull.T)


@torch.no_grad()
def start_from_components(
    net: PoseVAE, motion: Tensor, reference: Tensor, audio: Tensor, loudness: Tensor, noise: float
) -> None:
    """Set `net`'s encoder and decoder.

    motion (N, 32, 6) and reference (N, 6) in units of the spread, audio (N, 32, 512), loudness (N, 32)
    standardised; noise : spread of what is decoded
    """
    parts = motion_components(motion, reference)
    rms = float(motion.square().mean().sqrt())
    encoder, decoder = net.netG.encoder, net.netG.decoder
    _let_through(encoder.resunet, SLOPE * rms, 0.0, rms)
    _let_through(decoder.resunet, SLOPE * rms, 0.5, SLOPE * rms / 4)
    for half in (encoder, decoder):
        hear_loudness(half.linear_audio, audio, loudness)
    _start_encoder(encoder, parts, noise)
    _start_decoder(decoder, parts)


def hear_loudness(layer: nn.Linear, audio: Tensor, loudness: Tensor) -> None:
    """First output: loudness, by ridge regression; the others: the main components of what is heard."""
    heard, wanted = audio.flatten(0, 1), loudness.flatten()
    mean = heard.mean(dim=0)
    centred = heard - mean
    cover = centred.T @ centred / len(centred)
    weight = torch.linalg.solve(cover + 0.01 * cover.trace() / len(cover) * torch.eye(len(cover)),
                                centred.T @ wanted / len(centred))  # fmt: skip
    values, vectors = torch.linalg.eigh(cover)
    main = (vectors[:, -(POSE - 1) :] / values[-(POSE - 1) :].sqrt()).T  # (5, 512)
    layer.weight.copy_(torch.cat([weight[None], main]))
    layer.bias.copy_(-layer.weight @ mean)
    layer.bias[0] += wanted.mean()


class Straight(nn.Module):
    """What a U-Net set by `_let_through` computes, at the cost of a sigmoid."""

    def __init__(self, unet: ResUnet) -> None:
        super().__init__()
        norm = unet.up_residual_conv3.conv_skip[1]
        deviation = (norm.running_var[0] + norm.eps).sqrt()
        self.register_buffer("slope", (unet.output_layer[0].weight[0, 0, 0, 0] / deviation).detach().clone())
        self.register_buffer("mean", norm.running_mean[0].clone())

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.slope * (x - self.mean))

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """As `ResUnet.stages`, in one step."""
        yield self(x)


@contextmanager
def straight(net: PoseVAE) -> Iterator[None]:
    """Within the block both U-Nets are replaced by what they compute at the start."""
    halves = net.netG.encoder, net.netG.decoder
    unets = [half.resunet for half in halves]
    for half, unet in zip(halves, unets, strict=True):
        half.resunet = Straight(unet)
    try:
        yield
    finally:
        for half, unet in zip(halves, unets, strict=True):
            half.resunet = unet


def _let_through(unet: ResUnet, slope: float, mean: float, deviation: float) -> None:
    """Make channel 0 carry the input from the stem's shortcut to the last convolution.

    mean, deviation : of the input; batch norm takes them out, the last weight brings `slope` times the number
    of deviations before the sigmoid.
    """
    first, last = unet.up_residual_conv3.conv_skip
    for convolution, channel in ((unet.input_skip[0], 0), (first, WIDTHS[1])):
        convolution.weight[0] = 0
        convolution.weight[0, channel, 1, 1] = 1
        convolution.bias[0] = 0
    for side_path in (unet.input_layer[3], unet.up_residual_conv3.conv_block[5]):
        side_path.weight[0] = 0
        side_path.bias[0] = 0
    last.running_mean[0], last.running_var[0] = mean, deviation**2
    unet.output_layer[0].weight.zero_()
    unet.output_layer[0].weight[0, 0] = slope
    unet.output_layer[0].bias.zero_()


def _start_encoder(encoder: nn.Module, parts: Components, noise: float) -> None:
    """Hidden pairs hold the positive and the negative part of every score; their difference is the mean."""
    hidden = encoder.MLP.L0
    hidden.weight.mul_(0.1)
    hidden.bias.zero_()
    encoder.linear_means.weight.zero_()
    encoder.linear_means.bias.zero_()
    encoder.linear_logvar.weight.mul_(0.1)
    encoder.linear_logvar.bias.zero_()
    flat = slice(POSE, POSE + WINDOW * POSE)  # of the input: reference, motion, audio, style
    score = parts.basis / parts.scale[:, None]  # (K, 192): motion -> latent
    steep = 4 / SLOPE  # the sigmoid's slope at 0 is a quarter
    for sign, rows in ((1, slice(0, COMPONENTS)), (-1, slice(COMPONENTS, 2 * COMPONENTS))):
        hidden.weight[rows] = 0
        hidden.weight[rows, flat] = sign * steep * score
        hidden.weight[rows, :POSE] = -sign * score @ parts.pull
        hidden.bias[rows] = -sign * steep * 0.5 * score.sum(dim=1)
        encoder.linear_means.weight[:COMPONENTS, rows] = sign * torch.eye(COMPONENTS)
    encoder.linear_logvar.bias[:COMPONENTS] = torch.log(noise**2 / (parts.scale**2 + noise**2))


def _start_decoder(decoder: nn.Module, parts: Components) -> None:
    hidden, out = decoder.MLP.L0, decoder.MLP.L1
    latent = POSE + torch.arange(LATENT)  # of the input: reference, latent, audio
    loud = POSE + LATENT + torch.arange(WINDOW) * POSE  # the first number heard in every frame
    hidden.weight.mul_(0.3)
    hidden.bias.zero_()
    out.weight.mul_(0.1)
    out.bias.zero_()
    to_motion = SLOPE * (parts.basis * parts.scale[:, None]).T  # (192, K)
    for sign, first in ((1, 0), (-1, COMPONENTS)):
        rows = torch.arange(first, first + COMPONENTS)
        hidden.weight[rows] = 0
        hidden.weight[rows, latent[:COMPONENTS]] = float(sign)
        hidden.weight[rows, latent[COMPONENTS]] = STYLE_SHIFT / STYLE_CODE
        hidden.weight[rows[:, None], loud] = LOUDNESS_SHIFT / WINDOW
        out.weight[:, rows] = sign * to_motion
    for sign, first in ((1, 2 * COMPONENTS), (-1, 2 * COMPONENTS + POSE)):
        rows = torch.arange(first, first + POSE)
        hidden.weight[rows] = 0
        hidden.weight[rows, torch.arange(POSE)] = float(sign)
        out.weight[:, rows] = sign * SLOPE * parts.pull
    decoder.classbias[:, :COMPONENTS] *= 0.1
    # style 0 is the average speaker, 1 to 45 go from calm to lively
    decoder.classbias[:, COMPONENTS] = (
        torch.cat([torch.zeros(1), torch.linspace(-1, 1, STYLES - 1)]) * STYLE_CODE
    )
    decoder.pose_linear.weight.copy_(torch.eye(POSE) * 4 / SLOPE)
    decoder.pose_linear.bias.fill_(-2 / SLOPE)
