"""`fit --method recon`: what the official regressor says of a film lands in a `basel` track, frame by frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
import torch

import sadtalker3d
from sadtalker3d import weights
from sadtalker3d.clip.follow import Seen
from sadtalker3d.clip.recon_clip import ReconConfig, aligned_in, recon_clip
from sadtalker3d.commands_fit import fit
from sadtalker3d.errors import UserError
from sadtalker3d.face.align import align
from sadtalker3d.face.landmarks import Landmarks
from sadtalker3d.face.picture import read_picture
from sadtalker3d.face.video import Frame
from sadtalker3d.render.video import write_video
from tests.face.conftest import PORTRAIT
from tests.seeded import load_seeded
from tests.test_cli import refused, run

FRAMES, STEP_PX, LOST = 18, 4, (6, 7, 8)


class StandIn(torch.nn.Module):
    """Thousandths of 0..256, so that every number tells its place; jaw and yaw change from call to call."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[torch.Tensor] = []

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        row = torch.arange(257.0)[None] / 1000
        calls = len(self.shown)
        row[:, 80] = float((-1) ** calls)  # trembles
        row[:, 225] = 0.01 * calls  # turns
        self.shown.append(pictures)
        return row


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that goes 4 pixels to the right a frame, black in three frames, with the sample's speech."""
    path = tmp_path_factory.mktemp("recon") / "film.mp4"
    face = cv2.resize(read_picture(PORTRAIT)[100:400, 106:406], (160, 160), interpolation=cv2.INTER_AREA)
    frames = []
    for number in range(FRAMES):
        picture = np.full((180, 320, 3), 90, np.uint8)
        x = 20 + STEP_PX * number
        picture[10:170, x : x + 160] = face
        frames.append(np.zeros_like(picture) if number in LOST else picture)
    write_video(path, frames, 25.0, PORTRAIT.with_name("speech.wav"))
    return path


def test_the_numbers_land_in_their_columns_and_the_head_where_it_is(film: Path) -> None:
    network, counted = StandIn(), list[tuple[int, int | None]]()
    raw = ReconConfig(steady=False)
    track, notes = recon_clip(film, network, config=raw, progress=lambda *n: counted.append(n))  # type: ignore[arg-type]
    assert (len(track), track.fps, track.space) == (FRAMES, 25.0, "basel")
    np.testing.assert_allclose(
        track.expression[:, 1:], np.tile(np.arange(81, 144) / 1000, (FRAMES, 1)), atol=1e-6
    )
    np.testing.assert_allclose(track.rotation[:6, 1], 0.01 * np.arange(6), atol=1e-6)
    np.testing.assert_allclose(track.rotation[0, [0, 2]], [0.224, 0.226], atol=1e-6)
    np.testing.assert_allclose(track.translation[5], [0.254, 0.255, 0.256], atol=1e-6)
    np.testing.assert_allclose(track.meta["identity"][1:], np.arange(1, 80) / 1000, atol=1e-4)
    np.testing.assert_allclose(track.meta["fit"]["texture"], np.arange(144, 224) / 1000, atol=1e-4)
    np.testing.assert_allclose(track.meta["fit"]["lighting"], np.arange(227, 254) / 1000, atol=1e-4)
    crop = np.array(track.meta["mat_crop"])
    assert np.polyfit(np.arange(FRAMES), crop[:, 1], 1)[0] == pytest.approx(STEP_PX, abs=0.1)
    assert np.ptp(crop[:, 2]) < 3
    assert counted[-1][0] == FRAMES
    assert any("no face in 3 of 18 frames" in note for note in notes)


def test_a_short_loss_is_bridged_and_trembling_goes(film: Path) -> None:
    track, _ = recon_clip(film, StandIn())
    assert np.abs(np.diff(track.rotation[:, 1])).max() < 0.013
    assert 0.05 < track.rotation[7, 1] < 0.06
    assert np.abs(track.expression[2:6, 0]).max() < 0.5
    spans = track.meta["fit"]["confidence"]
    assert min(span[2] for span in spans) == pytest.approx(0.5, abs=0.2)


def test_what_the_network_sees_is_the_aligned_face_of_the_whole_picture() -> None:
    photo = read_picture(PORTRAIT)
    face = Landmarks().find(photo)[0]
    whole, cut = align(photo, face.points), aligned_in(Seen(Frame(photo, 0.0, 1, 1.0), face, False))
    assert cut is not None
    np.testing.assert_allclose(cut.trans_params, whole.trans_params, rtol=1e-4, atol=0.1)
    shift = cv2.phaseCorrelate(cut.picture.mean(axis=2), whole.picture.mean(axis=2))[0]
    assert np.abs(shift).max() < 1.0
    # a file twice as large, shown shrunk: its own pixels are meant
    half = aligned_in(Seen(Frame(photo, 0.0, 1, 0.5), face, False))
    assert half is not None
    np.testing.assert_allclose(half.trans_params[3:], 2 * cut.trans_params[3:], rtol=1e-6)
    assert half.trans_params[2] == pytest.approx(cut.trans_params[2] / 2)


def test_through_the_command_line(monkeypatch, capsys, tmp_path: Path, film: Path) -> None:
    monkeypatch.setenv("SADTALKER3D_WEIGHTS", str(tmp_path / "none"))
    out = tmp_path / "take.mat"
    refused(
        capsys,
        run(monkeypatch, "fit", film, "--method", "recon", "-o", out),
        "weights import",
        "--method recon",
    )
    assert not out.exists()
    monkeypatch.setattr(weights, "official", lambda name, size=256: StandIn())
    refused(capsys, run(monkeypatch, "fit", film, "--method", "recon", "-o", out, "--fps", 30), "--fps")
    assert run(monkeypatch, "fit", film, "--method", "recon", "-o", out) == 0
    rows = scipy.io.loadmat(out)["coeff_3dmm"]
    assert rows.shape == (FRAMES, 73)
    assert run(monkeypatch, "fit", film, "--method", "recon", "--fps", 30, "-o", tmp_path / "take.json") == 0
    track = sadtalker3d.load(tmp_path / "take.json")
    assert (track.space, track.fps, len(track)) == ("basel", 30.0, 21)
    assert track.audio is not None and track.audio.endswith("film.mp4")
    refused(capsys, run(monkeypatch, "fit", film, "-o", tmp_path / "b.mat"), "b.mat", ".json or .npz")


def test_a_photo_is_one_frame_by_the_official_architecture(monkeypatch, tmp_path: Path) -> None:
    network = load_seeded(weights.build("face_3drecon"), "face_3drecon")
    monkeypatch.setattr(weights, "official", lambda name, size=256: network)
    track = sadtalker3d.load(fit(PORTRAIT, tmp_path / "one.json", method="recon").file)
    assert (len(track), track.space, track.audio) == (1, "basel", None)
    assert len(track.meta["weights"]["face_3drecon"]) == 64


def test_a_face_from_the_side_throughout_is_refused(film: Path) -> None:
    class Sideways(StandIn):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            row = super().forward(pictures)
            row[:, 225] = -1.2
            return row

    with pytest.raises(
        UserError, match=r"film\.mp4: the face is seen from the side throughout \(by 69 degrees"
    ):
        recon_clip(film, Sideways())
