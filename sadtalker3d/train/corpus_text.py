"""Things to say: sentences that are rich in every phone, in lip sounds above all, in several languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sadtalker3d.train.corpus_languages import TEXTS


def words(text: str) -> tuple[str, ...]:
    """The words of a list written as one string."""
    return tuple(text.split())


_NOUNS = words(
    "baby bubble pepper mammoth mother family pump ship boat moon boot spoon school room cup map top lamp "
    "hip bomb thumb problem member number summer winter weather feather father brother fever river "
    "village valley voice leaf knife life roof wolf wool woman window water wave wind whisper queen quiz "
    "square language sugar shoe brush cheese church picture orange judge garage measure treasure vision "
    "thing song king garden bag dog frog box book cook foot bush push rule fruit juice view music human "
    "yellow lawyer million onion bird word world work girl earth storm horse door floor story law ball "
    "thought sauce coffee road goat phone home bowl coal boy toy oil noise house cloud town mountain "
    "crowd eye pie sky light child time day train plane rain cake table apple animal camera family hand "
    "man cat hat bed head bread egg leg tree bee piece street sleep dream hill fish minute city country "
    "company government moment paper people purple probability improvement movement opinion umbrella "
    "department possibility temperature vegetable pavement bathroom lipstick webpage football cupboard"
)
_VERBS = words(
    "makes takes gives moves loves saves pushes pulls brings buys builds keeps helps hopes jumps drops "
    "wraps grabs rubs robs proves believes leaves drives offers follows finds fills washes watches "
    "teaches reaches judges joins enjoys avoids paints points opens closes shows throws blows borrows "
    "chooses loses uses moves views reviews wants warns walks talks calls draws whispers swallows feels "
    "meets needs sees reads hears knows says tells thinks breathes bothers gathers remembers improves "
    "compares publishes combines employs imports promotes performs"
)
_ADJECTIVES = words(
    "big bad brown blue black brave bright beautiful pink pale plump purple possible proper public "
    "perfect my many most modern mobile famous fifty five funny foolish fresh full very vivid violet "
    "valuable warm wet wild wise white wonderful quick quiet quite round wrong rough rich real red "
    "strange strong small smooth soft simple serious special sharp short shiny shy cheap cheerful "
    "charming huge young yellow useful usual cool cold old open only other thin thick thirsty three these "
    "easy early eager early ugly awful good great green gentle"
)
_ADVERBS = words(
    "maybe probably usually slowly quickly above below before behind between never over forever already "
    "perhaps almost always somewhere anywhere together tomorrow beautifully properly mostly simply "
    "finally"
)
_NAMES = words(
    "Bob Pam Mum Mabel Peter Paul Barbara Philip Fiona Victor Eva Olive Wilma Walter Hugh Lou Sue June "
    "Joe Rose Tom Anna Max Adam Emma Abby Mike Amy Josh Charlie Roger Laura George Ruth Beth Keith Nathan "
    "Yolanda Ian"
)
_FRAMES = (
    "{name} {verb} the {adj} {noun} {adv}.",
    "The {adj} {noun} {verb} my {noun}, and {name} {verb} a {adj} {noun}.",
    "Did {name} buy five {noun}s before the {adj} {noun} was {adj}?",
    "{adv}, {name} and {name} move above the {noun}.",
    "We hope {name} {verb} both the {noun} and the {noun}.",
    "If you {adv} push the {adj} {noun}, the {noun} {verb} more.",
    "What a {adj} {noun}! Who {verb} it?",
    "Put the {noun} by the {adj} {noun}, please; then stop.",
    "{name} said: \"My {noun} {verb} {adv}, but your {noun} never {verb} {adj} {noun}s.\"",
    "No, {name}. You moved a {adj} {noun} over my {noun}.",
    "Five {adj} {noun}s, four {noun}s, {num} {noun}s.",
    "{num} {num} {num}",
    "I would rather be {adj} than {adj}.",
    "Oh, {name}, why would you want to have a {adj} {noun} of {noun} for your {noun}?",
    "How about {noun}, {noun}, or {noun}?",
    "{noun} {noun} {noun} {noun}.",
    "There is {adv} a {noun} between the {noun} and {name}'s {adj} {noun}, is there not?",
    "It was {adj}. {name} was {adj}, too; we were happy to be home.",
    "Well... um, maybe. I think {name} {verb} it {adv}.",
    "Hello {name}, my name is {name}, and I am from the {adj} {noun} over there.",
)  # fmt: skip

_ONSETS = words(
    "b p m f v w b p m t d k g s z sh ch j th h l r n y bl br pl pr fl fr tr dr st sp sm sw sk kl kr gl "
    "gr tw kw"
)
_NUCLEI = words("a e i o u oo ee ai oy ow ar er or aw oa ea")
_CODAS = ("", "", "", *words("b p m f v t d k g s sh ch n ng l mp st lf"))

# what made-up words of a language are put together from: onsets, nuclei, codas in its own spelling
_SOUNDS: dict[str, tuple[str, str, str]] = {
    "es": ("b p m f v t d c s n ñ l ll r rr ch j g bl br pl pr fl tr hu", "a e i o u ie ue ai", "n s l r m"),
    "fr": ("b p m f v t d c s ch j n gn l r bl br pl pr fl tr", "a e é è i o u ou eu au on an in oi ui", "che le me pe ve fe se"),
    "de": ("b p m f w v t d k s sch n l r pf z bl br pl pr fl fr schw tr", "a e i o u ä ö ü ei au eu ie", "n m f b s ch l r pf t"),
    "it": ("b p m f v t d c s n gn l gl r z sc bb pp mm ff vv", "a e i o u ia uo", "n l r m"),
    "pt": ("b p m f v t d c s n nh l lh r ch j bl br pl pr", "a e i o u ã ão õe ei ou", "m s r l"),
    "nl": ("b p m f v w t d k s n l r g sch bl br pl vr", "a e i o u aa ee oo uu oe eu ui ij ou", "p f m n s k l"),
    "pl": ("b p m f w t d k s sz cz ż ć ś n ń l ł r bł br pł pr wr", "a e i o u ą ę y ó", "m p b f sz ć n k"),
    "ru": ("б п м ф в т д к с ш ч ж н л р х г бл бр пл пр мн вп", "а е и о у ы я ё ю э", "м п б ф в н л р т"),
    "tr": ("b p m f v t d k s ş ç c n l r y", "a e ı i o ö u ü", "p m n k r l f v"),
    "sv": ("b p m f v t d k s sj tj n l r bl br pl fl", "a e i o u å ä ö y", "m p b f v n l r"),
    "fi": ("p m v h t k s n l r j b f", "a e i o u ä ö y aa oo uu yy öö ie uo yö", "n s l r"),
    "ca": ("b p m f v t d c s n ny l ll r x j bl br pl pr", "a e i o u ai ou", "m n s l p"),
    "cs": ("b p m f v t d k s š č ž ř n ň l r h ch bl br pl pr", "a e i o u á é í ů ou y", "m p b f v n l k"),
    "ja": ("ぱ ぴ ぷ ぺ ぽ ば び ぶ べ ぼ ま み む め も ふ わ か き く さ し す た ち つ な に の ら り ろ や ゆ よ ふぁ ふぃ", "ん っか あ う い", ""),
    "hi": ("ब प म फ भ व त द क स श न ल र च ज घ ख ड ठ", "ा ि ी ु ू े ो ौ ै", "म प ब न ल र स"),
    "ar": ("ب م ف و ت د ك س ش ن ل ر ج ق ح خ ع ط ض", "ا و ي", "م ب ف ن ل ر"),
    "ko": ("바 비 부 보 버 파 푸 포 피 마 무 모 미 빠 뽀 와 워 위 가 나 다 사 자 하 고 두 주", "으 오 우 이", "ㅇ"),
    "cmn": ("b p m f d t n l g k h j q x zh ch sh r z c s w y", "a1 a2 a3 a4 o1 e4 ai2 ei3 ao4 ou2 an1 en4 ang3 eng1 i4 u3 ian1 iao3 uo2 ui4 ü3", ""),
    "id": ("b p m f w t d k s n ny ng l r j c", "a e i o u ai au", "m n p k s"),
    "sw": ("b p m f v w mb mw bw t d k s n ny l r j ch", "a e i o u", "a"),
}  # fmt: skip
_SENTENCES: dict[str, list[list[str]]] = {
    language: [part.split() for part in text.split(" . ")] for language, text in TEXTS.items()
}
LANGUAGES = ("en", *_SENTENCES)


def made_up(rng: np.random.Generator, language: str) -> str:
    """A word of one to three syllables that the language could have."""
    onsets, nuclei, codas = (part.split() or [""] for part in _SOUNDS[language])
    syllables = [
        pick(rng, onsets) + pick(rng, nuclei) + (pick(rng, codas) if rng.random() < 0.3 else "")
        for _ in range(int(rng.integers(1, 4)))
    ]
    return "".join(syllables)


def _foreign(rng: np.random.Generator, language: str) -> str:
    """Whole sentences, their words shuffled, made-up words, or a number among them."""
    sentences = _SENTENCES[language]
    kind = rng.random()
    if kind < 0.45:
        chosen = rng.choice(len(sentences), min(len(sentences), int(rng.integers(1, 4))), replace=False)
        return ", ".join(" ".join(sentences[k]) for k in chosen)
    vocabulary = [word for part in sentences for word in part]
    said = [pick(rng, vocabulary) for _ in range(int(rng.integers(4, 11)))]
    if kind < 0.7 and language in _SOUNDS:
        said = [made_up(rng, language) if rng.random() < 0.7 else word for word in said]
    if rng.random() < 0.15 and language != "cmn":  # its digits are tones
        said.insert(int(rng.integers(len(said))), str(rng.integers(1, 2000)))
    return " ".join(said)


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """One of them; `rng.choice` would make an array of all first, which takes most of the plan's time."""
    return choices[int(rng.integers(len(choices)))]


def nonsense_word(rng: np.random.Generator) -> str:
    """One to three made-up syllables in English spelling, lip sounds twice as often as the rest."""
    syllables = [
        pick(rng, _ONSETS) + pick(rng, _NUCLEI) + pick(rng, _CODAS) for _ in range(int(rng.integers(1, 4)))
    ]
    return "".join(syllables)


def sentence(rng: np.random.Generator, language: str = "en") -> str:
    """One thing to say; a fifth of the English ones, and parts of the others, are nonsense."""
    if language != "en":
        return _foreign(rng, language)
    if rng.random() < 0.2:
        words = [nonsense_word(rng) for _ in range(int(rng.integers(3, 8)))]
        return " ".join(words) + pick(rng, ".?!")
    frame = pick(rng, _FRAMES)
    for slot, choices in (
        ("{name}", _NAMES), ("{noun}", _NOUNS), ("{verb}", _VERBS), ("{adj}", _ADJECTIVES),
        ("{adv}", _ADVERBS),
    ):  # fmt: skip
        while slot in frame:
            word = nonsense_word(rng) if rng.random() < 0.06 else pick(rng, choices)
            frame = frame.replace(slot, word, 1)
    while "{num}" in frame:
        frame = frame.replace("{num}", str(rng.integers(1, 10000)), 1)
    return frame[0].upper() + frame[1:]
