"""A portrait and a track -> frames; the networks are replaced where only what is around them matters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.render.choices import Preprocess
from sadtalker3d.render.facevid2vid import load, talking_portrait
from sadtalker3d.render.facevid2vid.fit import fit_portrait
from sadtalker3d.render.facevid2vid.talking_portrait import TalkingPortrait
from sadtalker3d.track import Track

SOURCE = np.arange(73, dtype=np.float32) / 100


class Mirror:
    """Stands in for the networks: every frame is the portrait, lighter by 100 times the first column."""

    made = 0

    def __init__(self, networks: object, picture: np.ndarray, source: np.ndarray, **_: object) -> None:
        Mirror.made += 1
        self.picture, self.source = picture, source

    def frames(self, motion: np.ndarray, **given: object) -> Iterator[np.ndarray]:
        self.given = given
        for row in motion:
            yield np.clip(self.picture.astype(int) + int(100 * row[0]), 0, 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def no_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking_portrait, "AnimatedPortrait", Mirror)
    monkeypatch.setattr(load, "load_networks", lambda size, full, trained: None)


def basel(frames: int, first: float = 0.0) -> Track:
    expression = np.zeros((frames, 64))
    expression[:, 0] = first
    return Track(expression, np.zeros((frames, 3)), np.zeros((frames, 3)), space="basel")


def tall(portrait: Path, folder: Path, scale: float = 1.5, *, close: bool = False) -> Path:
    """The sample, cut to an upright picture whose face is not in the middle, or `close` about the face."""
    picture = cv2.imread(str(portrait))
    picture = picture[10:240, 120:335] if close else picture[:, 90:400]
    path = folder / "tall.png"
    cv2.imwrite(str(path), cv2.resize(picture, None, fx=scale, fy=scale))
    return path


def test_crop_has_the_proportions_of_the_box(portrait: Path) -> None:
    talking = TalkingPortrait(portrait, source=SOURCE)
    frames = list(talking.frames(basel(3)))
    x0, y0, x1, y1 = talking.box
    assert [frame.shape for frame in frames] == [(int(256 * (y1 - y0) / (x1 - x0)), 256, 3)] * 3


def test_resize_has_the_proportions_of_the_picture(portrait: Path, tmp_path: Path) -> None:
    path = tall(portrait, tmp_path)
    picture = cv2.imread(str(path))[..., ::-1]
    frame = next(TalkingPortrait(path, preprocess="resize", source=SOURCE).frames(basel(1)))
    height, width = picture.shape[:2]
    assert frame.shape == (int(256 * height / width), 256, 3)
    whole = cv2.resize(picture, frame.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(cv2.blur(frame, (9, 9)).astype(int) - cv2.blur(whole, (9, 9))).mean() < 2


def grey(picture: np.ndarray, size: int = 128) -> np.ndarray:
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA).mean(axis=2).astype(np.float32)


@pytest.mark.parametrize("preprocess", ["full", "extfull"])
@pytest.mark.parametrize(("scale", "close"), [(1.0, False), (11.8, True)])
def test_full_shows_the_picture_with_the_face_in_its_place(
    portrait: Path, tmp_path: Path, scale: float, close: bool, preprocess: Preprocess
) -> None:
    path = tall(portrait, tmp_path, scale, close=close)
    picture = cv2.imread(str(path))[..., ::-1]
    talking = TalkingPortrait(path, preprocess=preprocess, source=SOURCE)
    x0, y0, x1, y1 = talking.box
    if close:
        assert x1 - x0 > 2048  # upstream shrinks these by two, and pastes the face beside its place
    frame = next(talking.frames(basel(1)))
    assert frame.shape == picture.shape
    there, given = (grey(p[y0:y1, x0:x1]) for p in (frame, picture))
    window = cv2.createHanningWindow(there.shape[::-1], cv2.CV_32F)
    shift, _ = cv2.phaseCorrelate(there, given, window)
    assert np.abs(shift).max() < 0.1  # of 128 pixels
    lighter = next(talking.frames(basel(1, first=0.4))).astype(int) - picture
    assert np.median(lighter[(y0 + y1) // 2, (x0 + x1) // 2 - 20 :][:40]) > 20
    assert not lighter[:y0].any() and not lighter[y1:].any() and not lighter[:, :x0].any()


def test_ext_shows_more(portrait: Path) -> None:
    inner, outer = (
        fit_portrait(portrait, size=256, preprocess=p, source=SOURCE).box  # type: ignore[arg-type]
        for p in ("crop", "extcrop")
    )
    assert outer[2] - outer[0] > inner[2] - inner[0] and outer[3] - outer[1] > inner[3] - inner[1]


def test_an_open_track_is_refused_and_says_what_to_do(portrait: Path, take: Track) -> None:
    with pytest.raises(UserError, match="animate .*--space basel"):
        TalkingPortrait(portrait, source=SOURCE).frames(take)


@pytest.mark.parametrize("scale", [-1.0, 11.0, float("nan")])
def test_a_bad_expression_scale_is_refused(portrait: Path, scale: float) -> None:
    with pytest.raises(UserError, match="expression scale"):
        TalkingPortrait(portrait, source=SOURCE).frames(basel(1), expression_scale=scale)


def test_a_talker_reads_its_portrait_once(monkeypatch: pytest.MonkeyPatch, portrait: Path) -> None:
    import torch

    monkeypatch.setattr(load, "load_regressor", lambda: _Zeros())
    talker = sadtalker3d.Talker(portrait)
    before = Mirror.made
    for _ in range(2):
        frames = list(talker.render(basel(3), renderer="facevid2vid", preprocess="full"))
        assert len(frames) == 3 and not np.shares_memory(frames[0], frames[1])
    assert Mirror.made == before + 1
    list(talker.render(basel(1), renderer="facevid2vid"))
    assert Mirror.made == before + 2
    assert torch.equal(torch.tensor(talker.talking_portrait().source[:70]), torch.zeros(70))


def test_a_talker_without_a_portrait_says_so() -> None:
    with pytest.raises(UserError, match="needs a portrait"):
        next(sadtalker3d.Talker().render(basel(1), renderer="facevid2vid"))


def _Zeros():  # type: ignore[no-untyped-def]
    import torch

    class Zeros(torch.nn.Module):
        def forward(self, faces: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(faces), 257)

    return Zeros()
