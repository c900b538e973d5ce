"""The plan is the same for everybody, and what is measured with is never trained on."""

from __future__ import annotations

from collections import Counter

import pytest

from sadtalker3d.train.corpus_engines import Line
from sadtalker3d.train.corpus_languages import HELD_OUT, TEXTS, UNSEEN
from sadtalker3d.train.corpus_plan import (
    HELD_OUT_FESTIVAL,
    HELD_OUT_VARIANTS,
    HELD_OUT_VOICE,
    CorpusConfig,
    plan,
)

SMALL = CorpusConfig(hibari=20, flite=(("slt", 20),), festival=40, espeak_english=40, espeak_other=200)
REQUIRED = {"en", "es", "fr", "de", "it", "cmn", "ja", "hi", "ar"}


def test_the_plan_depends_on_its_seed_alone() -> None:
    assert plan(SMALL) == plan(SMALL)
    assert plan(SMALL) != plan(CorpusConfig(**{**vars(SMALL), "seed": 1}))


def test_nothing_that_is_held_out_is_trained_on() -> None:
    lines = plan(SMALL)
    trained = [line for part, line in lines if part == "train"]
    assert len(trained) == 320
    assert HELD_OUT_VOICE not in {(line.engine, line.voice) for line in trained}
    assert not {line.voice for line in trained} & set(HELD_OUT_FESTIVAL)
    assert not {line.voice.split("+")[-1] for line in trained} & set(HELD_OUT_VARIANTS)
    assert not {line.language for line in trained} & set(UNSEEN)


def test_held_out_sentences_are_no_training_sentences_and_rarely_words() -> None:
    for language in REQUIRED - {"en", "cmn", "ja"}:  # syllables and particles come again
        assert not set(HELD_OUT[language]) & set(TEXTS[language].split(" . "))
        known = set(TEXTS[language].split())
        words = [word for text in HELD_OUT[language] for word in text.split()]
        assert sum(word in known for word in words) < 0.45 * len(words), language


def test_every_language_has_a_part_of_its_own() -> None:
    parts = Counter(part for part, _ in plan(SMALL))
    assert {part for part in parts if part.startswith("language-")} == {f"language-{x}" for x in REQUIRED}
    assert {parts[f"language-{x}"] for x in REQUIRED} == {12}
    assert parts["unseen"] == 24
    assert all(line.channel == "clean" and line.manner == "plain" and not line.room
               for part, line in plan(SMALL) if part != "train")  # fmt: skip


@pytest.fixture(scope="module")
def usual() -> list[tuple[str, Line]]:
    return plan(CorpusConfig())


@pytest.mark.parametrize(("what", "share"), [("whisper", 0.04), ("song", 0.04)])
def test_manners_have_their_share(usual: list[tuple[str, Line]], what: str, share: float) -> None:
    trained = [line for part, line in usual if part == "train"]
    assert sum(line.manner == what for line in trained) / len(trained) == pytest.approx(share, abs=0.01)
    assert 0.69 < min(line.rate for line in trained) < max(line.rate for line in trained) < 1.61
