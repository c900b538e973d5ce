"""PoseVAE: embedded speech, a style and chance -> head motion, 32 frames at a time (SadTalker's audio2pose).

Inference needs the audio encoder and the decoder; the encoder and the discriminator serve training only, and
the embedded weights leave them out (`INFERENCE_PREFIXES`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sadtalker3d.errors import UserError
from sadtalker3d.motion.audio_encoder import EMBEDDING, AudioEncoder
from sadtalker3d.motion.posevae_unet import ResUnet
from sadtalker3d.motion.styles import STYLES as STYLES

WINDOW = 32  # frames per latent draw
LATENT = 64
POSE = 6  # rotation 3, translation 3
INFERENCE_PREFIXES = ("audio_encoder.", "netG.decoder.")
TRAINING_PREFIXES = ("netG.encoder.", "netD_motion.")


@dataclass(frozen=True)
class PoseVAEConfig:
    """Sizes of PoseVAE; the defaults are those of the official checkpoint."""

    window: int = WINDOW
    styles: int = STYLES
    latent: int = LATENT
    audio: int = POSE  # per frame, so that speech weighs as much as motion
    pose: int = POSE
    hidden: int = 128

    @property
    def flat(self) -> int:
        """A window's motion, or its audio, as one vector."""
        return self.window * self.pose


class PoseVAE(nn.Module):
    """Upstream's architecture and state-dict keys, so that its checkpoint loads with `strict=True`."""

    def __init__(self, config: PoseVAEConfig | None = None) -> None:
        super().__init__()
        self.config = config or PoseVAEConfig()
        self.audio_encoder = PoseAudio()
        self.netG = ConditionalVAE(self.config)
        self.netD_motion = MotionDiscriminator(self.config)

    def embed(self, windows: Tensor) -> Tensor:
        """Mel windows (..., 1, 80, 16) -> embeddings (..., 512).

        Upstream flattens time-major and folds back batch-major, which interleaves the rows of a batch; here
        every row keeps its own frames. For one row the result is upstream's.
        """
        return self.audio_encoder(windows.flatten(0, -4)).unflatten(0, windows.shape[:-3])

    def speech_code(self, windows: Tensor) -> Tensor:
        """All that the decoder hears of a frame: mel windows (N, 1, 80, 16) -> (N, 6).

        Small enough to keep for a whole recording; goes to `decode_coded`.
        """
        return self.netG.decoder.linear_audio(self.audio_encoder(windows))

    def decode(self, z: Tensor, style: Tensor, reference: Tensor, audio: Tensor) -> Tensor:
        """Motion of the 32 frames that follow the reference frame, relative to it.

        z : (B, 64), standard normal
        style : (B,) integers in [0, 46)
        reference : (B, 6) pose of the frame before the window: radians (pitch, yaw, roll) and, with the
            embedded weights, metres from the rest position; the decoder uses it to turn back to rest
        audio : (B, 32, 512) from `embed`, one per generated frame
        Returns (B, 32, 6); add `reference` for the pose.
        """
        return self.netG.decoder(z, style, reference, self.netG.decoder.linear_audio(audio))

    def decode_coded(self, z: Tensor, style: Tensor, reference: Tensor, speech: Tensor) -> Tensor:
        """`decode` with the speech as (B, 32, 6) from `speech_code`."""
        return self.netG.decoder(z, style, reference, speech)


class PoseAudio(nn.Module):
    """Carries the encoder one level deeper, where upstream's keys have it."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = AudioEncoder()

    def forward(self, windows: Tensor) -> Tensor:  # (N, 1, 80, 16)
        return self.audio_encoder(windows)  # (N, 512)


class ConditionalVAE(nn.Module):
    def __init__(self, config: PoseVAEConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)


class Encoder(nn.Module):
    """Motion of a window -> Gaussian over the latent; training only."""

    def __init__(self, config: PoseVAEConfig) -> None:
        super().__init__()
        inputs = config.pose + 2 * config.flat + config.latent  # 454
        self.resunet = ResUnet()
        self.MLP = nn.Sequential()
        self.MLP.add_module("L0", nn.Linear(inputs, config.hidden))
        self.MLP.add_module("A0", nn.ReLU())
        self.linear_means = nn.Linear(config.hidden, config.latent)
        self.linear_logvar = nn.Linear(config.hidden, config.latent)
        self.linear_audio = nn.Linear(EMBEDDING, config.audio)
        self.classbias = nn.Parameter(torch.randn(config.styles, config.latent))

    def forward(
        self, motion: Tensor, style: Tensor, reference: Tensor, audio: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (B, 64) as upstream computes them: both from `linear_means`.

        motion : (B, 32, 6) relative to the reference frame; the other arguments as in `PoseVAE.decode`
        """
        mean = self.linear_means(self._hidden(motion, style, reference, audio))
        return mean, mean

    def posterior(
        self, motion: Tensor, style: Tensor, reference: Tensor, audio: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The same with the log-variance from its own layer, which upstream built but never called."""
        hidden = self._hidden(motion, style, reference, audio)
        return self.linear_means(hidden), self.linear_logvar(hidden)

    def _hidden(self, motion: Tensor, style: Tensor, reference: Tensor, audio: Tensor) -> Tensor:
        pose = self.resunet(motion.unsqueeze(1)).flatten(1)  # (B, 192)
        speech = self.linear_audio(audio).flatten(1)  # (B, 192)
        return self.MLP(torch.cat([reference, pose, speech, self.classbias[style]], dim=1))  # (B, 128)


class Decoder(nn.Module):
    """Latent, style, reference pose and speech -> motion of a window."""

    def __init__(self, config: PoseVAEConfig) -> None:
        super().__init__()
        self.window, self.pose = config.window, config.pose
        inputs = config.pose + config.latent + config.flat  # 262
        self.MLP = nn.Sequential()
        self.MLP.add_module("L0", nn.Linear(inputs, config.hidden))
        self.MLP.add_module("A0", nn.ReLU())
        self.MLP.add_module("L1", nn.Linear(config.hidden, config.flat))
        self.MLP.add_module("sigmoid", nn.Sigmoid())
        self.resunet = ResUnet()
        self.pose_linear = nn.Linear(config.pose, config.pose)
        self.linear_audio = nn.Linear(EMBEDDING, config.audio)
        self.classbias = nn.Parameter(torch.randn(config.styles, config.latent))

    def forward(self, z: Tensor, style: Tensor, reference: Tensor, speech: Tensor) -> Tensor:
        *_, motion = self.stages(z, style, reference, speech)
        return motion

    def stages(self, z: Tensor, style: Tensor, reference: Tensor, speech: Tensor) -> Iterator[Tensor]:
        """`forward`, with pauses as in `ResUnet.stages`; what comes last is the motion."""
        # reference (B, 6), latent (B, 64), speech after `linear_audio` (B, 192)
        y = self.MLP(torch.cat([reference, z + self.classbias[style], speech.flatten(1)], dim=1))  # (B, 192)
        for stage in self.resunet.stages(y.unflatten(1, (1, self.window, self.pose))):
            y = stage
            yield y
        yield self.pose_linear(y.squeeze(1))  # (B, 32, 6)


class MotionDiscriminator(nn.Module):
    """Real or made, judged over stretches of a window; training only. (B, 32, 6) -> (B, 8)"""

    def __init__(self, config: PoseVAEConfig) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            ConvNormRelu(config.pose, 256, kernel=4, stride=2),  # (B, 256, 16)
            ConvNormRelu(256, 512, kernel=4, stride=2),  # (B, 512, 8)
            ConvNormRelu(512, 1024, kernel=3, stride=1),  # (B, 1024, 8)
            nn.Conv1d(1024, 1, 3, padding=1),  # (B, 1, 8)
        )

    def forward(self, motion: Tensor) -> Tensor:
        return self.seq(motion.transpose(1, 2)).squeeze(1)


class ConvNormRelu(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, stride, padding=1, bias=False)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).relu()


def upstream_motion(net: PoseVAE, windows: Tensor, reference: Tensor, style: Tensor, z: Tensor) -> Tensor:
    """Motion over T frames as upstream generates it: blocks of 32 frames that know nothing of each other.

    windows : (B, T, 1, 80, 16) mel windows, T >= 1
    reference : (B, 6) pose the head starts from
    style : (B,) integers
    z : (blocks, B, 64) with blocks = ceil((T - 1) / 32), one draw per block in order
    Returns (B, T, 6), relative to the reference: frame 0 is zero. The last, partial block is the end of a
    block over the last 32 frames; where there are fewer, the first embedding fills up on the left.
    """
    code = windows.new_zeros(len(windows), 0, net.config.audio)
    if windows.shape[1] > 1:
        code = net.netG.decoder.linear_audio(net.embed(windows[:, 1:]))
    return upstream_motion_coded(net, code, reference, style, z)


def upstream_motion_coded(net: PoseVAE, code: Tensor, reference: Tensor, style: Tensor, z: Tensor) -> Tensor:
    """`upstream_motion` of speech that is heard already, so that it can be heard piece by piece.

    code : (B, T - 1, 6) of `PoseVAE.speech_code`, for all frames but the first
    """
    length, frames = net.config.window, code.shape[1]
    motion = [code.new_zeros(len(code), 1, net.config.pose)]
    if not frames:
        return motion[0]
    padded = torch.cat([code[:, :1].expand(-1, max(0, length - frames), -1), code], dim=1)
    for block, first in enumerate(range(0, frames, length)):
        kept = min(length, frames - first)
        part = code[:, first : first + length] if kept == length else padded[:, -length:]
        motion.append(net.decode_coded(z[block], style, reference, part)[:, -kept:])
    return torch.cat(motion, dim=1)


def load_inference(net: PoseVAE, state: Mapping[str, Tensor]) -> PoseVAE:
    """Load weights that hold the parts inference needs, and only those, into `net`; eval mode.

    `net` takes the tensors themselves, not copies.

    Raises UserError when anything else is missing, or a key or shape is not PoseVAE's.
    """
    own = net.state_dict()
    expected = {key for key in own if key.startswith(INFERENCE_PREFIXES)}
    strangers = sorted(set(state) ^ expected)
    if strangers:
        raise UserError(
            f"PoseVAE weights do not fit: {strangers[0]} is missing or not PoseVAE's; fetch them again"
        )
    misshapen = sorted(key for key in expected if state[key].shape != own[key].shape)
    if misshapen:
        raise UserError(f"PoseVAE weights: {misshapen[0]} has the wrong shape; get the file again")
    net.load_state_dict({**own, **state}, strict=True, assign=True)
    return net.eval()
