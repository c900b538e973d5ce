"""Speech -> `Track` in the `basel` space, as SadTalker's inference makes it with the official ExpNet and PoseVAE.

Mended: speech of one or two frames (upstream's filter raises) and of 21 (its blinks raise). The draws are those
that upstream makes on a CPU after `random.seed(seed)` and `torch.manual_seed(seed)`.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.audio import FPS, open_audio, window_blocks
from sadtalker3d.errors import UserError
from sadtalker3d.mel import BANDS, WINDOW_COLUMNS
from sadtalker3d.motion.conditioning import COEFFICIENTS, EXPRESSION, upstream_conditioning
from sadtalker3d.motion.generate import check_seed
from sadtalker3d.motion.listen import BATCH, POSE, KeptMel, in_order, one_thread_each
from sadtalker3d.motion.smooth import add_reference_pose, smooth_pose
from sadtalker3d.motion.styles import check_style
from sadtalker3d.progress import Report
from sadtalker3d.track import MAX_FRAMES, Track

if TYPE_CHECKING:
    from torch import nn

    from sadtalker3d.motion.expnet import ExpNet
    from sadtalker3d.motion.posevae import PoseVAE

COUNTED = 512  # windows at once where they are only counted
LARGEST_SEED = 2**63  # torch takes no more; larger seeds start again


def generate_basel(
    speech: str | Path | None,
    source: np.ndarray,
    *,
    expnet: ExpNet,
    posevae: PoseVAE,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    reference_pose: np.ndarray | None = None,
    reference_blink: np.ndarray | None = None,
    idle_s: float | None = None,
    progress: Report | None = None,
) -> Track:
    """Turn a recording into a `basel` track, 25 frames a second; the same input, seed and weights give the same.

    Parameters
    ----------
    speech : any sound or video file with at least one video frame (40 ms) of sound; None with `idle_s`
    source : (70 or 73,) coefficients of the portrait: expression 64, angles 3 (rad), translation 3, crop 3
    expnet, posevae : the official networks, in eval mode
    style : 0 to 45, one of the speakers PoseVAE was trained on
    seed : 0 or more; decides blinks and which of the possible head motions
    still : hold the head as in the portrait
    reference_pose : (R, 70 or more) coefficients of a performance whose head motion is added, repeated to the end
    reference_blink : (R, 64 or more) coefficients of a performance whose eyes are taken over, repeated to the end
    idle_s : length in seconds of a track of somebody who says nothing and does not blink
    progress : called with frames done and their number

    Raises
    ------
    UserError : bad sound (see `open_audio`), coefficients of another shape or not finite, an unknown style, a seed
        below 0, or arguments that make no sense together
    """
    import torch

    style, seed = check_style(style), check_seed(seed)
    source = _checked_rows(np.asarray(source)[None], "the portrait", COEFFICIENTS)[0]
    if still and reference_pose is not None:
        raise UserError("a still head takes no reference pose; leave one of them out")
    if reference_pose is not None:
        reference_pose = _checked_rows(reference_pose, "the reference pose", COEFFICIENTS)
    if reference_blink is not None:
        reference_blink = _checked_rows(reference_blink, "the reference for the eyes", EXPRESSION)
    frames, blocks = _windows(speech, idle_s, progress)
    reference, ratio = upstream_conditioning(
        source, frames, random.Random(seed), reference_blink, idle=idle_s is not None
    )
    with one_thread_each(), torch.inference_mode():
        expression, code = _heard(blocks, expnet, posevae, reference, ratio, progress)
        # where the crop is named last upstream still takes the six columns after the expression
        start = source[EXPRESSION:COEFFICIENTS]
        pose = np.tile(start, (frames, 1))
        if not still:
            pose = smooth_pose(start + _motion(posevae, code, start, style, seed))
    if reference_pose is not None:
        pose = add_reference_pose(pose, reference_pose[:, EXPRESSION:COEFFICIENTS])
    return Track(
        expression,
        pose[:, :3],
        pose[:, 3:],
        fps=FPS,
        space="basel",
        meta={
            "generator": f"sadtalker3d {__version__}",
            "weights": {"audio2exp": weights_hash(expnet), "audio2pose": weights_hash(posevae)},
            "source": source.tolist(),
            "style": style,
            "seed": seed,
            "still": still,
        },
    )


def weights_hash(network: nn.Module) -> str:
    """sha256 of a network's weights: of every name and tensor in the order of the names."""
    digest = hashlib.sha256()
    for key, value in sorted(network.state_dict().items()):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(value.cpu().numpy()).tobytes())
    return digest.hexdigest()


def draw_z(frames: int, seed: int, window: int = 32, latent: int = 64) -> np.ndarray:
    """PoseVAE's draws (blocks, 1, 64) float32 for T frames: one standard normal row a block of 32, in order."""
    import torch

    generator = torch.Generator().manual_seed(seed % LARGEST_SEED)
    blocks = -(-(frames - 1) // window)
    return torch.randn(blocks, 1, latent, generator=generator).numpy()


def _windows(
    speech: str | Path | None, idle_s: float | None, progress: Report | None
) -> tuple[int, Iterable[np.ndarray]]:
    """The number of frames, and their mel windows in blocks (n, 1, 80, 16)."""
    if (speech is None) == (idle_s is None):
        raise UserError("give either speech or the seconds of an idle track, not both and not neither")
    if idle_s is not None:
        frames = int(idle_s * FPS) if 0 < idle_s * FPS < MAX_FRAMES else 0
        if not frames:
            raise UserError(f"an idle track cannot last {idle_s:g} s; choose from {1 / FPS:g} s to a day")
        return frames, _nothing_heard(frames)
    assert speech is not None
    mel, frames = KeptMel(open_audio(speech)), 0
    for windows in window_blocks(mel, COUNTED):
        frames += len(windows)
        if progress:
            progress(0, None)
    return frames, window_blocks(mel, BATCH)


def _nothing_heard(frames: int) -> Iterator[np.ndarray]:
    for first in range(0, frames, BATCH):
        # zeros, not the floor of -4 that silence has: upstream's idle mode
        yield np.zeros((min(BATCH, frames - first), 1, BANDS, WINDOW_COLUMNS), np.float32)


def _heard(
    blocks: Iterable[np.ndarray],
    expnet: ExpNet,
    posevae: PoseVAE,
    reference: np.ndarray,
    ratio: np.ndarray,
    progress: Report | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Expression (T, 64), and what PoseVAE hears of each frame (T, 6)."""
    import torch

    device = next(expnet.parameters()).device

    def hear(block: tuple[int, np.ndarray]) -> tuple[bytes, bytes]:
        first, windows = block
        part = slice(first, first + len(windows))
        rest, lids = (torch.from_numpy(a[part]).to(device) for a in (reference[:, :EXPRESSION], ratio))
        heard = torch.from_numpy(np.ascontiguousarray(windows, np.float32)).to(device)
        with torch.inference_mode():  # holds for one thread only
            said, code = expnet(heard, rest, lids), posevae.speech_code(heard)
        return said.cpu().numpy().tobytes(), code.cpu().numpy().tobytes()

    # bytes in one growing piece, see `listen.hear`
    expression, code = bytearray(), bytearray()
    for said, told in in_order(hear, _numbered(blocks)):
        expression += said
        code += told
        if progress:
            progress(len(code) // (4 * POSE), len(reference))
    return (
        np.frombuffer(expression, np.float32).reshape(-1, EXPRESSION),
        np.frombuffer(code, np.float32).reshape(-1, POSE),
    )


def _numbered(blocks: Iterable[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Every block with the number of its first frame."""
    first = 0
    for block in blocks:
        yield first, block
        first += len(block)


def _motion(posevae: PoseVAE, code: np.ndarray, start: np.ndarray, style: int, seed: int) -> np.ndarray:
    """PoseVAE's motion (T, 6), relative to the pose `start` (6,)."""
    import torch

    from sadtalker3d.motion.posevae import upstream_motion_coded

    device = next(posevae.parameters()).device
    heard, pose = (torch.from_numpy(np.array(a)).to(device)[None] for a in (code[1:], start))
    z = torch.from_numpy(draw_z(len(code), seed)).to(device)
    return (
        upstream_motion_coded(posevae, heard, pose, torch.tensor([style], device=device), z)[0].cpu().numpy()
    )


def _checked_rows(rows: np.ndarray, what: str, least: int) -> np.ndarray:
    """Coefficients (R, least or more) float32, or UserError."""
    rows = np.asarray(rows)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] < least or rows.dtype.kind not in "fiu":
        raise UserError(f"{what}: its coefficients must be rows of {least} or more numbers, not {rows.shape}")
    rows = rows.astype(np.float32)
    if not np.isfinite(rows).all():
        raise UserError(f"{what}: its coefficients are not all finite numbers; make them again")
    return rows
