"""Which lines the corpus holds: engine, voice, language, pitch, manner and channel of each, drawn from a seed.

Parts: `train`; `rest` (sounds that are not speech); and what is only measured with: `voice` (flite's awb),
`engine` (festival's English voices), `language-es` and so on (sentences and espeak variants that training has
not, in languages that it has) and `unseen` (languages that it has not).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.train.corpus_engines import Line
from sadtalker3d.train.corpus_festival import FESTIVAL_VOICES
from sadtalker3d.train.corpus_languages import ESPEAK_VOICES, HELD_OUT, UNSEEN
from sadtalker3d.train.corpus_sounds import KINDS
from sadtalker3d.train.corpus_text import LANGUAGES, pick, sentence, words

_EN_VOICES = (
    "en-us",
    "en",
    "en-us",
    "en-029",
    "en-gb-x-rp",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-us",
)  # en: British
# variants that sound like people; robots and effects are left out
_VARIANTS = words(
    "f1 f2 f3 f4 m1 m2 m3 m4 m5 m6 m8 klatt klatt2 klatt3 klatt4 klatt5 klatt6 adam Alex Alicia "
    "Andrea Andy Annie antonio aunty belinda benjamin caleb david Denis Diogo ed edward edward2 Gene Gene2 "
    "gustave Henrique Hugo iven iven2 iven3 iven4 Jacky john Lee marcelo Marco Mario max Michael michel miguel "
    "Mike Nguyen norbert pablo paul pedro quincy rob robert sandro shelby steph steph2 steph3 travis victor "
    "zac whisper whisperf grandpa grandma croak anika announcer kaukovalta"
)
HELD_OUT_VARIANTS = ("f5", "m7", "linda", "boris")
HELD_OUT_VOICE = ("flite", "awb")
HELD_OUT_FESTIVAL = ("cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone")
# the languages that must be good, and how much more often they come than the others
_MAIN_LANGUAGES, _MAIN_SHARE = ("es", "fr", "de", "it", "cmn", "ja", "hi", "ar"), 0.55

_SLOWEST, _FASTEST = 0.7, 1.6  # of the engine's own rate
_MANNERS = {"whisper": 0.04, "song": 0.04}
_THROATS = {"flite": 0.5, "festival": 0.5, "hibari": 0.2, "espeak": 0.15}  # few natural voices: many throats
_ROOM_SHARE = 0.3
_CHANNELS = {
    "telephone": 0.06, "mp3": 0.04, "opus": 0.02, "vorbis": 0.03, "overloaded": 0.04, "compressed": 0.06,
    "low_level": 0.04,
}  # fmt: skip


@dataclass(frozen=True)
class CorpusConfig:
    """How much of what, in utterances (about 4 s each); the seeds make the corpus the same for everybody."""

    hibari: int = 2200
    flite: tuple[tuple[str, int], ...] = (("slt", 1050), ("rms", 1050), ("kal16", 450))
    festival: int = 1500  # over all voices that are not held out
    espeak_english: int = 2300
    espeak_other: int = 4300
    held_out_voice: int = 150
    held_out_engine: int = 60
    held_out_language: int = 12  # each
    sounds: int = 360  # of 10 s each
    seed: int = 0


def plan(config: CorpusConfig) -> list[tuple[str, Line]]:
    """Every line to be spoken, with its part, drawn from the seed."""
    rng = np.random.default_rng([config.seed, 25])
    lines: list[tuple[str, Line]] = []

    def train(engine: str, voice: str, language: str = "en") -> None:
        lines.append(("train", _training_line(rng, engine, voice, language)))

    for _ in range(config.hibari):
        train("hibari", "heart")
    for voice, count in config.flite:
        for _ in range(count):
            train("flite", voice)
    for k in range(config.festival):
        voices = [name for name in FESTIVAL_VOICES if name not in HELD_OUT_FESTIVAL]
        voice = voices[k % len(voices)]
        train("festival", voice, FESTIVAL_VOICES[voice].language)
    for _ in range(config.espeak_english):
        train("espeak", f"{pick(rng, _EN_VOICES)}+{pick(rng, _VARIANTS)}")
    others = [language for language in LANGUAGES[1:] if language not in _MAIN_LANGUAGES]
    for _ in range(config.espeak_other):
        language = pick(rng, _MAIN_LANGUAGES if rng.random() < _MAIN_SHARE else others)
        train("espeak", f"{ESPEAK_VOICES.get(language, language)}+{pick(rng, _VARIANTS)}", language)
    lines += _held_out(rng, config)
    for k in range(config.sounds):
        lines.append(("rest", Line("sound", KINDS[k % len(KINDS)], "", seed=int(rng.integers(1 << 30)))))
    return lines


def _training_line(rng: np.random.Generator, engine: str, voice: str, language: str) -> Line:
    formant = float(2 ** rng.uniform(-0.28, 0.3))
    manner = rng.random()
    whisper, song = _MANNERS["whisper"], _MANNERS["whisper"] + _MANNERS["song"]
    channels = [*_CHANNELS, "clean"]
    shares = [*_CHANNELS.values(), 1 - sum(_CHANNELS.values())]
    return Line(
        engine, voice, sentence(rng, language), language,
        rate=float(np.exp(rng.uniform(np.log(_SLOWEST), np.log(_FASTEST)))),
        pitch=float(formant**1.2 * 2 ** rng.normal(0, 0.3)),  # long throats go with low voices
        formant=formant,
        seed=int(rng.integers(1 << 30)),
        manner="whisper" if manner < whisper else "song" if manner < song
        else "throat" if rng.random() < _THROATS[engine] else "plain",
        channel=str(rng.choice(channels, p=shares)),
        room=bool(rng.random() < _ROOM_SHARE),
    )  # fmt: skip


def _held_out(rng: np.random.Generator, config: CorpusConfig) -> list[tuple[str, Line]]:
    """Lines to measure with: as the engine says them, neither room nor channel."""
    lines: list[tuple[str, Line]] = []

    def add(part: str, engine: str, voice: str, text: str, language: str = "en") -> None:
        rate, seed = float(2 ** rng.uniform(-0.35, 0.45)), int(rng.integers(1 << 30))
        lines.append((part, Line(engine, voice, text, language, rate, seed=seed)))

    for _ in range(config.held_out_voice):
        add("voice", *HELD_OUT_VOICE, sentence(rng))
    for k in range(config.held_out_engine):
        add("engine", "festival", HELD_OUT_FESTIVAL[k % len(HELD_OUT_FESTIVAL)], sentence(rng))
    for k in range(config.held_out_language):
        variant = HELD_OUT_VARIANTS[k % len(HELD_OUT_VARIANTS)]
        for sentences, part in ((HELD_OUT, "language-{}"), (UNSEEN, "unseen")):
            for language, texts in sentences.items():
                voice = f"{ESPEAK_VOICES.get(language, language)}+{variant}"
                add(part.format(language), "espeak", voice, texts[k % len(texts)], language)
    return lines
