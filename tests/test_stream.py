"""The stream command: lines as soon as frames are ready, and one sentence for what is not sound."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

import sadtalker3d
from sadtalker3d import cli
from sadtalker3d.errors import UserError
from sadtalker3d.motion.live import LiveFace, LiveNetworks
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.stream import pcm_pieces, stream
from tests.motion.live_networks import seeded_networks

SPEECH = Path(__file__).parents[1] / "samples" / "speech.wav"


@pytest.fixture(scope="module")
def pcm() -> bytes:
    """A second of speech."""
    return soundfile.read(SPEECH, dtype="int16")[0][8000:24000].tobytes()


class Dripping(io.BytesIO):
    """Gives an odd number of bytes at once, as a pipe may."""

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(777)


def test_every_frame_is_a_line(pcm: bytes) -> None:
    out = io.StringIO()
    assert stream(LiveFace(seed=2, networks=seeded_networks()), Dripping(pcm), out) == 25
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["time_s"] for line in lines] == [round(i / 25, 3) for i in range(25)]
    live = LiveFace(seed=2, networks=seeded_networks())
    expected = live.hear(np.frombuffer(pcm, np.int16))
    assert tuple(lines[0]["expression"]) == OPEN_64
    for index, line in enumerate(lines[: len(expected)]):
        np.testing.assert_allclose(list(line["expression"].values()), expected.expression[index], atol=1e-5)
        np.testing.assert_allclose(line["rotation"], expected.rotation[index], atol=1e-5)


def test_lines_come_while_the_sound_does(pcm: bytes) -> None:
    out = io.StringIO()

    class Microphone(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            heard_s = self.tell() / 2 / 16000
            assert out.getvalue().count("\n") >= int((heard_s - 0.1) * 25)
            return self.read(640)

    stream(LiveFace(networks=seeded_networks()), Microphone(pcm), out)


def test_pieces_are_whole_samples(pcm: bytes) -> None:
    assert np.concatenate(list(pcm_pieces(Dripping(pcm)))).tobytes() == pcm
    assert np.concatenate(list(pcm_pieces(io.BytesIO(b"\x01\x02")))).tolist() == [513]
    assert not list(pcm_pieces(io.BytesIO()))


def test_half_a_sample_and_a_wav_file_are_refused(pcm: bytes) -> None:
    with pytest.raises(UserError, match="within a sample"):
        list(pcm_pieces(io.BytesIO(pcm[:-1])))
    with pytest.raises(UserError, match="WAV"):
        list(pcm_pieces(io.BytesIO(SPEECH.read_bytes())))


def run(monkeypatch: pytest.MonkeyPatch, sound: bytes, *arguments: str, command: str = "stream") -> int:
    monkeypatch.setattr(LiveNetworks, "embedded", seeded_networks)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sound)))
    monkeypatch.setattr("sys.argv", ["sadtalker3d", command, *arguments])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pcm: bytes) -> None:
    assert run(monkeypatch, pcm, "--rate", "16000", "--still") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 25 and json.loads(lines[-1])["rotation"] == [0, 0, 0]


@pytest.mark.parametrize(
    ("sound", "arguments", "word"),
    [
        (b"\0\0\0", (), "within a sample"),
        (b"\0\0", ("--rate", "100"), "100"),
        (b"\0\0", ("--style", "99"), "99"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sound: bytes,
    arguments: tuple[str, ...],
    word: str,
) -> None:
    assert run(monkeypatch, sound, *arguments) == 2
    printed = capsys.readouterr()
    assert word in printed.err and len(printed.err.splitlines()) == 1 and not printed.out


def test_help_shows_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, b"", "--help") == 0
    assert "Example: arecord" in capsys.readouterr().out


def test_animate_live_writes_a_track(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "take.json"
    assert run(monkeypatch, b"", str(SPEECH), "-o", str(out), "--live", "--seed", "2", command="animate") == 0
    take = sadtalker3d.load(out)
    assert len(take) == 151 and take.meta["live"] and take.meta["seed"] == 2 and take.audio


def test_when_nobody_reads_it_ends_without_a_word(pcm: bytes) -> None:
    code = (
        "import sys; from sadtalker3d import cli; from sadtalker3d.motion.live import LiveNetworks; "
        "from tests.motion.live_networks import seeded_networks; LiveNetworks.embedded = seeded_networks; "
        "sys.argv = ['sadtalker3d', 'stream', '--still']; cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=SPEECH.parents[1],
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    with suppress(BrokenPipeError):
        process.stdin.write(pcm)
        process.stdin.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == b""
    process.stderr.close()
