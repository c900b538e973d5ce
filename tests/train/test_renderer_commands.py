"""`train facevid2vid` and `train mapping` as a user meets them."""

from pathlib import Path

import pytest
import torch

from tests.test_cli import refused, run
from tests.train import tiny_videos


@pytest.mark.slow
def test_from_videos_to_a_renderer_that_coefficients_drive(monkeypatch, capsys, tmp_path: Path) -> None:
    videos, work = tiny_videos.write(tmp_path / "videos"), tmp_path / "work"
    sizes = ("--size", 64, "--width", 0.02, "--batch", 2, "--steps", 2)
    assert run(monkeypatch, "train", "facevid2vid", "--videos", videos, "--work", work, *sizes) == 0
    assert "held-out PSNR" in capsys.readouterr().out
    given = ("--videos", videos, "--coefficients", videos, "--renderer", work, "--steps", 2)
    assert run(monkeypatch, "train", "mapping", *given) == 0
    assert "by coefficients alone" in capsys.readouterr().out
    kept = {path.name for path in work.glob("*.safetensors")}
    assert kept == {f"{n}.safetensors" for n in ("generator", "kp_extractor", "he_estimator", "mapping")}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ((), "absent"),
        (("--resume",), "nothing to resume"),
        (("--device", "abacus"), "abacus"),
        (("--size", 250), "250"),
        (("--width", 2), "width"),
    ],
)
def test_what_cannot_be_trained_is_refused(monkeypatch, capsys, tmp_path: Path, more, word: str) -> None:
    work = tmp_path / "work"
    code = run(monkeypatch, "train", "facevid2vid", "--videos", tmp_path / "absent", "--work", work, *more)
    refused(capsys, code, word)
    assert not work.exists()


def test_a_renderer_that_is_not_there_is_refused(monkeypatch, capsys, tmp_path: Path) -> None:
    given = ("--videos", tmp_path, "--coefficients", tmp_path, "--renderer", tmp_path / "none")
    refused(capsys, run(monkeypatch, "train", "mapping", *given), "train facevid2vid")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_cuda_where_there_is_none_is_refused(monkeypatch, capsys, tmp_path: Path) -> None:
    given = ("--videos", tmp_path, "--work", tmp_path / "work", "--device", "cuda")
    refused(capsys, run(monkeypatch, "train", "facevid2vid", *given), "CUDA")
