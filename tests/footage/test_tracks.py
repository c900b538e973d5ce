import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sadtalker3d.footage.patch import Patch
from sadtalker3d.footage.refilm import refilm
from tests.footage.clips import Sound, click_of, clip, speech

SAID = [(200, 500, b"Hello there"), (700, 400, b"<i>Second</i> line")]


def nothing(picture: np.ndarray, number: int, time_s: float) -> Patch | None:
    return None


def titled(path: Path, frames: int = 30) -> Path:
    """A video with two sounds, subtitles, two chapters, a title and a date."""
    made = clip(path, frames, setup=about, sounds=[Sound(0.4, language="eng"), Sound(0.6, language="spa")])
    whole = path.with_stem("titled")
    with av.open(str(made)) as file, av.open(str(whole), "w") as out:
        ways = {stream.index: out.add_stream_from_template(stream) for stream in file.streams}
        for stream in file.streams:
            ways[stream.index].metadata.update(stream.metadata)
        out.metadata.update(file.metadata)
        out.set_chapters(file.chapters())
        text: Any = out.add_stream_from_template(subtitles(path.with_suffix(".srt")).streams.subtitles[0])
        text.metadata["language"] = "fra"
        for packet in file.demux():
            if packet.size:
                packet.stream = ways[packet.stream_index]
                out.mux(packet)
        for packet in subtitles(path.with_suffix(".srt")).demux(subtitles=0):
            if packet.size:
                packet.stream = text
                out.mux(packet)
    return whole


def subtitles(path: Path) -> av.container.InputContainer:
    lines = [
        f"{n}\n00:00:00,{at:03} --> 00:00:0{(at + lasts) // 1000},{(at + lasts) % 1000:03}\n{text.decode()}\n"
        for n, (at, lasts, text) in enumerate(SAID, start=1)
    ]
    path.write_text("\n".join(lines))
    return av.open(str(path))


def about(file: av.container.OutputContainer) -> None:
    file.metadata.update({"title": "A take", "creation_time": "2024-05-06T07:08:09.000000Z"})
    unit = Fraction(1, 1000)
    file.set_chapters([
        {"id": 1, "start": 0, "end": 600, "time_base": unit, "metadata": {"title": "One"}},
        {"id": 2, "start": 600, "end": 1200, "time_base": unit, "metadata": {"title": "Two"}},
    ])  # fmt: skip


@pytest.mark.parametrize("ending", ["mkv", "mp4", "mov", "webm"])
def test_everything_else_comes_along(tmp_path: Path, ending: str) -> None:
    source, out = titled(tmp_path / "a.mkv"), tmp_path / f"b.{ending}"
    notes = refilm(source, out, nothing, sound=speech(tmp_path / "new.wav", 0.2))
    assert [note.split(": ")[1] for note in notes] == (
        ["sound track 2 (spa) compressed again, from aac to libopus"] if ending == "webm" else []
    )
    with av.open(str(out)) as file:
        assert file.metadata["title"] == "A take"
        assert file.metadata["creation_time"].startswith("2024-05-06T07:08:09")
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["One", "Two"]
        starts = [float(chapter["start"] * chapter["time_base"]) for chapter in file.chapters()]
        assert starts == pytest.approx([0, 0.6], abs=1e-3)
        new, spanish = file.streams.audio
        assert new.language in (None, "und")
        assert spanish.language == "spa"
        (text,) = file.streams.subtitles
        assert text.language == "fra"
        said = [
            (float(packet.pts * packet.time_base), float(packet.duration * packet.time_base), bytes(packet))
            for packet in file.demux(text)
            if packet.size > 2
        ]
        shift_s = float(file.streams.video[0].start_time * file.streams.video[0].time_base)
    assert [at for at, *_ in said] == pytest.approx([at / 1000 + shift_s for at, *_ in SAID], abs=2e-3)
    assert [lasts for _, lasts, _ in said] == pytest.approx([lasts / 1000 for _, lasts, _ in SAID], abs=2e-3)
    assert b"Hello there" in said[0][2]
    assert b"Second" in said[1][2]
    assert click_of(out, 0) - shift_s == pytest.approx(0.2, abs=0.003)
    assert click_of(out, 1) - shift_s == pytest.approx(0.6, abs=0.003)


def test_a_copied_sound_is_the_sources_to_the_bit(tmp_path: Path) -> None:
    source = titled(tmp_path / "a.mkv")
    refilm(source, tmp_path / "b.mp4", nothing, sound=None, keep_sound=True)
    packets = []
    for path in (source, tmp_path / "b.mp4"):
        with av.open(str(path)) as file:
            assert [stream.language for stream in file.streams.audio] == ["eng", "spa"]
            packets.append([bytes(packet) for packet in file.demux(audio=0) if packet.size])
    assert packets[1] == packets[0][: len(packets[1])]
    assert len(packets[0]) - len(packets[1]) <= 1


def test_without_a_sound_only_the_first_is_gone(tmp_path: Path) -> None:
    refilm(titled(tmp_path / "a.mkv"), tmp_path / "b.mp4", nothing, sound=None)
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert [stream.language for stream in file.streams.audio] == ["spa"]


def test_sound_of_a_broadcast_goes_into_an_mp4(tmp_path: Path) -> None:
    # a transport stream begins at 1.4 s, and has its AAC in frames that MP4 does not
    source = clip(tmp_path / "a.ts", flash=10, sounds=[Sound(0.4), Sound(0.4)])
    assert refilm(source, tmp_path / "b.mp4", nothing, sound=speech(tmp_path / "new.wav", 0.4)) == ()
    for track in (0, 1):
        assert click_of(tmp_path / "b.mp4", track) == pytest.approx(0.4, abs=0.03)


def test_raw_sound_is_compressed_for_an_mp4_and_copied_for_a_mov(tmp_path: Path) -> None:
    source = clip(tmp_path / "a.mkv", sounds=[Sound(0.4), Sound(0.5, codec="pcm_s16le")])
    (note,) = refilm(source, tmp_path / "b.mp4", nothing, sound=None)
    assert "from pcm_s16le to aac" in note
    assert click_of(tmp_path / "b.mp4") == pytest.approx(0.5, abs=0.003)
    assert refilm(source, tmp_path / "b.mov", nothing, sound=None) == ()
    assert click_of(tmp_path / "b.mov") == pytest.approx(0.5, abs=1e-4)


def test_ffprobe_finds_the_same(tmp_path: Path) -> None:
    """Another reader than the one that wrote it."""
    source = titled(tmp_path / "a.mkv")
    refilm(source, tmp_path / "b.mp4", nothing, sound=speech(tmp_path / "new.wav", 0.2))
    entries = "stream=codec_name,nb_frames,r_frame_rate:stream_tags=language"
    try:
        asked = subprocess.run(
            ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", entries, str(tmp_path / "b.mp4")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("needs ffprobe")
    lines = asked.stdout.split()[:4]  # the last is where MP4 has its chapters
    assert lines[0].startswith("h264,25/1,30")
    assert [line.split(",")[0] for line in lines] == ["h264", "aac", "aac", "mov_text"]
    assert [line.split(",")[-1] for line in lines[1:]] == ["und", "spa", "fra"]
