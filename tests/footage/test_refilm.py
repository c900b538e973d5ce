from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.footage import encoding
from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.plan import Shown
from sadtalker3d.footage.refilm import refilm
from tests.footage.clips import Sound, click_of, clip, flash_of, speech, stored

Draw = Callable[[np.ndarray, int, float], Patch | None]


def nothing(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
    return None


def square(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
    """Orange, 20 x 12 pixels at (30, 21)."""
    return Patch(30, 21, np.full((12, 20, 3), (255, 160, 0), np.uint8), np.ones((12, 20), np.float32))


@pytest.fixture
def lossless(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is what was given to the encoder."""
    chosen = encoding._h264

    def without_losses(*given: object) -> encoding.Encoding:
        made = chosen(*given)  # type: ignore[arg-type]
        return encoding.Encoding(
            made.codec, made.layout, {"qp": "0", "preset": "ultrafast"}, made.limited, made.notes
        )

    monkeypatch.setattr(encoding, "_h264", without_losses)


@pytest.mark.usefixtures("lossless")
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuvj420p"])
def test_what_is_not_drawn_over_is_the_sources_to_the_bit(tmp_path: Path, pixel_format: str) -> None:
    source = clip(tmp_path / "a.mp4", 8, pixel_format=pixel_format)
    asked: list[tuple[int, float]] = []

    def draw(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
        assert picture.shape == (64, 96, 3)
        asked.append((number, time_s))
        return square(picture, number, time_s) if number % 2 else None

    assert refilm(source, tmp_path / "b.mp4", draw, sound=None) == ()
    old, new = stored(source), stored(tmp_path / "b.mp4")
    assert len(old) == len(new) == 8
    assert asked == [(n, pytest.approx(n / 25)) for n in range(8)]
    for number, (a, b) in enumerate(zip(old, new, strict=True)):
        assert (a.time_s, a.format) == (b.time_s, b.format)
        for old_plane, new_plane in zip(a.planes, b.planes, strict=True):
            down, across = 64 // old_plane.shape[0], 96 // old_plane.shape[1]
            over = np.zeros(old_plane.shape, bool)
            if number % 2:
                over[21 // down : -(-33 // down), 30 // across : -(-50 // across)] = True
            np.testing.assert_array_equal(old_plane[~over], new_plane[~over])
            assert not over.any() or (old_plane[over] != new_plane[over]).mean() > 0.9


@pytest.mark.usefixtures("lossless")
def test_a_turned_clip_is_stored_upright_with_its_pixel_aspect(tmp_path: Path) -> None:
    def wide(file: av.container.OutputContainer) -> None:
        file.streams.video[0].codec_context.sample_aspect_ratio = Fraction(4, 3)

    source = clip(tmp_path / "a.mp4", 4, turn=(90, False, False), setup=wide)
    refilm(source, tmp_path / "b.mp4", lambda picture, *_: square(picture, 0, 0), sound=None)
    for a, b in zip(stored(source), stored(tmp_path / "b.mp4"), strict=True):
        assert (a.rotation, b.rotation) == (90, 0)
        for number, (old, new) in enumerate(zip(a.planes, b.planes, strict=True)):
            upright, half = np.rot90(old), 1 + (number > 0)
            over = np.zeros(upright.shape, bool)
            over[21 // half : -(-33 // half), 30 // half : 50 // half] = True
            np.testing.assert_array_equal(upright[~over], new[~over])
            assert (upright[over] != new[over]).mean() > 0.9
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (64, 96)
        assert file.streams.video[0].sample_aspect_ratio == Fraction(3, 4)


@pytest.mark.parametrize("ending", ["mp4", "mov", "webm", "mkv"])
def test_odd_times_stay_odd(tmp_path: Path, ending: str) -> None:
    times = (0, 3, 4, 9, 10, 17, 30, 31, 40)
    source = clip(tmp_path / "a.mp4", times=[20 * t for t in times], time_base=Fraction(1, 600))
    out = tmp_path / f"b.{ending}"
    refilm(source, out, nothing, sound=None)
    assert [seen.time_s for seen in stored(out)] == pytest.approx([t / 30 for t in times], abs=6e-4)


@pytest.mark.usefixtures("lossless")
def test_an_odd_size_is_kept(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.webm", 3, size=(97, 65), codec="libvpx-vp9", options={"lossless": "1"})
    (note,) = refilm(source, tmp_path / "b.mp4", nothing, sound=None)
    assert "odd size of 97 x 65" in note
    for a, b in zip(stored(source), stored(tmp_path / "b.mp4"), strict=True):
        assert b.format == "yuv444p"
        np.testing.assert_array_equal(a.planes[0], b.planes[0])
        np.testing.assert_array_equal(a.planes[1].repeat(2, 0).repeat(2, 1)[:65, :97], b.planes[1])
    assert refilm(source, tmp_path / "b.webm", nothing, sound=None) == ()
    assert stored(tmp_path / "b.webm")[0].planes[0].shape == (65, 97)
    assert stored(tmp_path / "b.webm")[0].format == "yuv420p"


HDR = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 1}
SD = {"color_primaries": 5, "color_trc": 6, "colorspace": 5, "color_range": 2}


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm", "mov"])
@pytest.mark.parametrize(("pixel_format", "tags"), [("yuv420p10le", HDR), ("yuv420p", SD)])
def test_colour_tags_go_along(tmp_path: Path, ending: str, pixel_format: str, tags: dict[str, int]) -> None:
    source = clip(tmp_path / "a.mp4", 3, pixel_format=pixel_format, **tags)
    out = tmp_path / f"b.{ending}"
    notes = refilm(source, out, nothing, sound=None)
    with av.open(str(out)) as file, av.open(str(source)) as old:
        new_frame, frame = next(file.decode(video=0)), next(old.decode(video=0))
    kept = dict(tags)
    if ending == "mov":  # ProRes has one range
        kept["color_range"] = 1
    assert {name: getattr(new_frame, name) for name in kept} == kept
    deep = pixel_format == "yuv420p10le"
    assert (new_frame.format.components[0].bits == 10) == ((deep and ending != "webm") or ending == "mov")
    assert bool(notes) == (deep and ending == "webm")
    apart = new_frame.to_ndarray(format="rgb24").astype(int) - frame.to_ndarray(format="rgb24")
    assert np.abs(apart).mean() < 3


@pytest.mark.parametrize("ending", ["mp4", "mov", "webm", "mkv"])
@pytest.mark.parametrize(("starts_s", "name"), [(0.0, "mp4"), (0.3, "mkv"), (-0.5, "mkv")])
def test_the_new_sound_begins_where_the_old_one_did(
    tmp_path: Path, ending: str, starts_s: float, name: str
) -> None:
    sounds = [Sound(0.4, starts_s), Sound(0.4, language="deu")]
    source = clip(tmp_path / f"a.{name}", flash=10, sounds=sounds)
    out, asked = tmp_path / f"b.{ending}", list[float]()

    def draw(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
        asked.append(time_s)
        return None

    refilm(source, out, draw, sound=speech(tmp_path / "new.wav", 0.2, length_s=3))
    assert asked[10] == pytest.approx(0.4 - starts_s, abs=0.002)
    flash_s = flash_of(out)
    assert click_of(out) - flash_s == pytest.approx(starts_s + 0.2 - 0.4, abs=0.003)
    # the other language stays with the pictures
    assert click_of(out, 1) - flash_s == pytest.approx(0, abs=0.003)
    with av.open(str(out)) as file:
        assert file.streams.audio[1].language in ("deu", "ger")
        longest_s = (file.duration or 0) / av.time_base
    assert longest_s == pytest.approx(1.2 - min(starts_s, 0), abs=0.05)


def test_a_source_without_sound_gets_one_of_the_pictures_length(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mp4", flash=10)
    refilm(source, tmp_path / "b.mp4", nothing, sound=speech(tmp_path / "new.wav", 0.4, length_s=0.6))
    assert click_of(tmp_path / "b.mp4") == pytest.approx(flash_of(tmp_path / "b.mp4"), abs=0.003)
    with av.open(str(tmp_path / "b.mp4")) as file:
        for stream in file.streams:
            assert float(stream.duration * stream.time_base) == pytest.approx(1.2, abs=1e-3)


@pytest.mark.usefixtures("lossless")
def test_a_plan_loops_and_dissolves(tmp_path: Path) -> None:
    source = clip(
        tmp_path / "a.mp4", 40, sounds=[Sound(0.4), Sound(0.4, length_s=1.6)],
        options={"qp": "0", "bf": "2", "g": "8"},
    )  # fmt: skip
    order: list[tuple[int, int | None, float]] = [(n, None, 0.0) for n in range(28)]
    order += [(28, 4, 0.25), (29, 5, 0.75)] + [(n, None, 0.0) for n in (6, 7, 7, 8)]
    plan = [Shown(i / 25, *shown) for i, shown in enumerate(order)]
    asked: list[tuple[int, float]] = []

    def draw(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
        asked.append((number, time_s))
        return None

    out = tmp_path / "b.mp4"
    notes = refilm(source, out, draw, sound=speech(tmp_path / "n.wav", 0.2, 5), plan=iter(plan))
    assert len(notes) == 1
    assert "end at 1.20 s" in notes[0]
    old, new = stored(source), stored(out)
    assert [seen.time_s for seen in new] == pytest.approx([i / 25 for i in range(34)])
    for (number, other, share), seen in zip(order, new, strict=True):
        for index, plane in enumerate(seen.planes):
            wanted = old[number].planes[index].astype(float)
            if other is not None:
                wanted += share * (old[other].planes[index] - wanted)
            np.testing.assert_allclose(plane, wanted, atol=0.51 if other is not None else 0)
    assert (4, pytest.approx(28 / 25)) in asked  # either of two dissolved frames is drawn over
    with av.open(str(out)) as file:
        lengths = [float(stream.duration * stream.time_base) for stream in file.streams]
    assert lengths == pytest.approx([34 / 25, 34 / 25, 1.2], abs=0.02)


def test_a_plan_out_of_the_sources_time_leaves_its_other_tracks_out(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mp4", 40, sounds=[Sound(0.4), Sound(0.4)])
    plan = [Shown(i / 25, i // 4) for i in range(60)]
    (note,) = refilm(source, tmp_path / "b.mp4", nothing, sound=speech(tmp_path / "n.wav", 0.2), plan=plan)
    assert "other times" in note
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert len(file.streams.audio) == 1


def test_a_plan_beyond_the_end_holds_the_last_frame(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mp4", 5)
    plan = [Shown(i / 25, i) for i in range(8)]
    (note,) = refilm(source, tmp_path / "b.mp4", nothing, sound=None, plan=plan)
    assert "3 of the frames" in note
    assert len(stored(tmp_path / "b.mp4")) == 8


@pytest.mark.parametrize("plan", [[Shown(0.1, 0), Shown(0.1, 1)], [Shown(0, -1)], [Shown(0, 0, 1, 1.5)]])
def test_plans_that_cannot_be(tmp_path: Path, plan: list[Shown]) -> None:
    source = clip(tmp_path / "a.mp4", 3)
    with pytest.raises(ValueError, match=r"ascend|counted"):
        refilm(source, tmp_path / "b.mp4", nothing, sound=None, plan=plan)


def test_same_input_same_bytes(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mp4", 12, sounds=[Sound(0.2), Sound(0.2)])
    new = speech(tmp_path / "new.wav", 0.1)
    for name in ("b.mp4", "c.mp4"):
        refilm(source, tmp_path / name, square, sound=new)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()


def test_what_cannot_be_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mp4", 3)
    before = source.read_bytes()
    (tmp_path / "fake.wav").write_text("this is no sound")
    for out, sound, said in [
        ("a.mp4", None, "choose another name"), ("b.avi", None, r"\.mp4 or"), ("b.mp4", "fake.wav", r"fake\.wav"),
        ("b.mp4", "a.mp4", "no sound track"),
    ]:  # fmt: skip
        with pytest.raises(UserError, match=said):
            refilm(source, tmp_path / out, nothing, sound=None if sound is None else tmp_path / sound)

    def broken(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
        raise RuntimeError("the renderer died")

    with pytest.raises(RuntimeError, match="died"):
        refilm(source, tmp_path / "b.mp4", broken, sound=None)
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "fake.wav"]


def test_pictures_of_two_sizes_are_refused(tmp_path: Path) -> None:
    one, two = clip(tmp_path / "1.ts", 5), clip(tmp_path / "2.ts", times=range(5, 10), size=(128, 64))
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    with pytest.raises(UserError, match="change from 96 x 64 to 128 x 64"):
        refilm(both, tmp_path / "b.mp4", nothing, sound=None)


def test_a_cut_off_file_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mkv", 60)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    (note,) = refilm(source, tmp_path / "b.mp4", square, sound=speech(tmp_path / "n.wav", 0.2, 5))
    length = len(stored(tmp_path / "b.mp4"))
    assert 20 < length < 40
    assert f"breaks off after {(length - 1) / 25:.2f} s" in note
    with av.open(str(tmp_path / "b.mp4")) as file:
        for stream in file.streams:
            assert float(stream.duration * stream.time_base) == pytest.approx(length / 25, abs=1e-3)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    source = clip(tmp_path / "a.mp4", 4)
    refilm(
        source, tmp_path / "b.mp4", nothing, sound=None,
        progress=lambda done, total=None: told.append((done, total)),
    )  # fmt: skip
    assert told == [(n, 4) for n in range(1, 5)]
