"""Every label format on tiny files, and one sentence for each that is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate.alphabets import Label
from sadtalker3d.evaluate.labels import read_labels

WANTED = [Label("", 0.0, 0.5), Label("m", 0.5, 0.75), Label("aɪ", 0.75, 1.0)]

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.0
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1.0
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.0
            text = "say ""my"" 5 <x> ! word"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 1.0
        points: size = 1
        points [1]:
            number = 0.3
            mark = "tock"
    item [3]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.0
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 0.75
            text = "m"
        intervals [3]:
            xmin = 0.75
            xmax = 1.0
            text = "aɪ"
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
1.0
<exists>
1
"IntervalTier"
"phones"
0
1.0
3
0
0.5
""
0.5
0.75
"m"
0.75
1.0
"aɪ"
"""


def read(folder: Path, name: str, content: str | bytes, **sound: float) -> list[Label]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labels(
        path, rate_hz=int(sound.get("rate_hz", 16000)), duration_s=sound.get("duration_s", 1.0)
    )


@pytest.mark.parametrize("text", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_textgrid_in_every_form_and_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    assert read(tmp_path, "a.TextGrid", text.encode(encoding)) == WANTED


@pytest.mark.parametrize("tier", ["phones", "phone", "MAU", "Phonemes", "anna - phones", "whatever"])
def test_the_tier_of_phones(tmp_path: Path, tier: str) -> None:
    assert read(tmp_path, "a.TextGrid", SHORT.replace('"phones"', f'"{tier}"')) == WANTED


def test_windows_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, "a.TextGrid", LONG.replace("\n", "\r\n")) == WANTED


def test_timit_counts_samples(tmp_path: Path) -> None:
    phn = "0 8000 h#\n8000 12000 m\n12000 16000 ay\n"
    wanted = [Label("h#", 0.0, 0.5), Label("m", 0.5, 0.75), Label("ay", 0.75, 1.0)]
    assert read(tmp_path, "a.PHN", phn) == wanted
    assert read(tmp_path, "a.PHN", phn, rate_hz=48000) == wanted  # resampled, its labels were not


@pytest.mark.parametrize(
    "text",
    [
        "0 5000000 sil\n5000000 7500000 m\n7500000 10000000 ay\n",  # HTK
        "0 5000000 x-sil+m -60.1\n5000000 7500000 sil-m+ay -55\n7500000 10000000 m-ay+sil\n",
        "0 5000000 x^x-sil+m=ay@1/A:2\n5000000 7500000 x^sil-m+ay=x\n7500000 10000000 sil^m-ay+x=x\n",  # HTS
        "0.000000\t0.500000\tsil\n0.500000\t0.750000\tm\n\\\t200.0\t300.0\n0.750000\t1.000000\tay\n",  # Audacity
        "separator ;\nnfields 1\n#\n  0.5000 \t100 \tsil\n  0.7500 100 m\n  1.0 100 ay\n",  # festival
        "0.5 121 sil\n0.75 121 m\n1.0 121 ay\n",
    ],
)
def test_lab(tmp_path: Path, text: str) -> None:
    labels = read(tmp_path, "a.lab", text)
    assert [x.text for x in labels] == ["sil", "m", "ay"]
    assert [x.end_s for x in labels] == pytest.approx([0.5, 0.75, 1.0])
    assert [x.start_s for x in labels] == pytest.approx([0, 0.5, 0.75])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.TextGrid", b"", "empty"),
        ("a.TextGrid", bytes(range(256)) * 9, "UTF-8"),
        ("a.TextGrid", "\x89PNG\r\n\x1a\n\0\0".encode("latin-1"), "UTF-8"),
        ("a.TextGrid", "just some text", "not a TextGrid"),
        ("a.TextGrid", SHORT[: SHORT.index('"m"')], "breaks off"),
        ("a.TextGrid", SHORT.replace("\n3\n", "\n99999999999\n"), "breaks off"),
        ("a.TextGrid", SHORT.replace("\n3\n", "\n1e999\n"), "broken"),
        ("a.TextGrid", SHORT.replace("0.75\n1.0", '"x"\n1.0'), "broken"),
        ("a.TextGrid", LONG.replace('"phones"', '"tones"'), "no tier of phones"),
        (
            "a.TextGrid",
            LONG.replace('"words"', '"ann - phones"').replace('"phones"', '"bo - phones"'),
            "several",
        ),
        ("a.TextGrid", SHORT.replace('"m"', '""').replace('"aɪ"', '""'), "no labels"),
        ("a.TextGrid", SHORT.replace("0.5\n0.75", "0.4\n0.75"), "before the one before"),
        ("a.TextGrid", SHORT.replace("0.5\n0.75", "0.5\n0.45"), "not after its start"),
        ("a.TextGrid", SHORT.replace("0.75\n1.0", "0.75\n1.2"), "after the sound"),
        ("a.phn", "0 8000\n", "line 1"),
        ("a.phn", "0 8000 m\n4000 16000 aa\n", "before the one before"),
        ("a.phn", "0 " + 5000 * "9" + " m\n", "line 1"),
        ("a.lab", "m aa t\n", "line 1"),
        ("a.lab", "0.0 0.5 m\n0.9 1.0 aa\n0.5 0.9 t\n", "before the one before"),
        ("a.lab", "0.0 nan m\n0.5 1.0 aa\n", "time"),
    ],
)
def test_broken_labels_are_one_sentence(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        read(tmp_path, name, content)
    assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.TextGrid", "a.phn", "a.lab"])
def test_damaged_files_never_do_worse_than_a_sentence(tmp_path: Path, name: str) -> None:
    whole = {"a.TextGrid": LONG, "a.phn": "0 8000 h#\n8000 12000 m\n", "a.lab": "0.0 0.5 sil\n0.5 0.7 m\n"}[
        name
    ]
    rng = np.random.default_rng(0)
    for _ in range(150):
        data = np.frombuffer(whole.encode(), np.uint8).copy()
        places = rng.integers(0, len(data), rng.integers(1, 4))
        data[places] = rng.choice(np.frombuffer(b'\0\n "0-9e.!<\xff', np.uint8), len(places))
        try:
            read(tmp_path, name, data.tobytes()[: rng.integers(1, len(data) + 1)])
        except UserError as error:
            assert "\n" not in str(error)
