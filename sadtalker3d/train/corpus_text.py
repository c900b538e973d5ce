"""Things to say: sentences that are rich in every phone, in lip sounds above all, in several languages."""

from __future__ import annotations

import numpy as np


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

# a few plain sentences of each language; the words are shuffled and recombined, since only their sounds
# matter
_SENTENCES: dict[str, str] = {
    "es": (
        "mi papá compra pan blanco por la mañana . el bebé bebe un vaso de agua tibia . la "
        "familia vive en una pequeña villa con muchas flores . vamos a ver una película muy "
        "buena . juan y pablo trabajan mucho . hoy hace buen tiempo pero mañana va a llover . "
        "el cielo azul , el mar profundo y la luna llena"
    ),
    "fr": (
        "ma maman prépare un bon petit pain blanc . vous pouvez voir la pluie tomber sur le "
        "pont . il fait beau aujourd'hui mais demain il va pleuvoir . la famille habite une "
        "vieille maison bleue . je voudrais un peu de beurre et du fromage . deux heureux "
        "oiseaux volent au dessus du fleuve . bonjour monsieur comment allez vous"
    ),
    "de": (
        "meine mutter backt am morgen frisches brot . der bäcker verkauft viele warme "
        "brötchen . wir wohnen in einem blauen haus über dem fluss . heute scheint die sonne "
        "aber morgen wird es regnen . fünf freunde fahren mit dem boot über den see . ich "
        "möchte bitte ein großes glas wasser . schöne grüne bäume"
    ),
    "it": (
        "la mamma prepara una buona pizza per la famiglia . vivo in una piccola villa vicino "
        "al fiume . oggi fa bel tempo ma domani pioverà . vorrei un bicchiere di vino bianco "
        ". il bambino beve il latte . sempre meglio pensare prima di parlare . buongiorno "
        "signora come va"
    ),
    "pt": (
        "minha mãe faz um bom bolo para a família . vamos ver o mar amanhã de manhã . o bebê "
        "bebe água . eu queria um pouco de pão com manteiga . hoje faz bom tempo mas amanhã "
        "vai chover . muito obrigado"
    ),
    "nl": (
        "mijn moeder bakt vers brood in de morgen . wij wonen in een blauw huis bij de rivier "
        ". vandaag schijnt de zon maar morgen gaat het regenen . ik wil graag een glas water "
        ". vijf vrienden varen met de boot"
    ),
    "pl": (
        "moja mama piecze dobry chleb . mieszkamy w małym białym domu nad rzeką . dzisiaj "
        "jest ładna pogoda ale jutro będzie padać . poproszę szklankę wody . pięć ptaków leci "
        "nad polem"
    ),
    "ru": (
        "моя мама печёт вкусный хлеб . мы живём в большом белом доме у реки . сегодня хорошая "
        "погода а завтра будет дождь . можно мне стакан воды пожалуйста . пять птиц летят над "
        "полем"
    ),
    "tr": (
        "annem sabah güzel bir ekmek yapıyor . biz nehrin yanında büyük bir evde yaşıyoruz . "
        "bugün hava güzel ama yarın yağmur yağacak . bir bardak su istiyorum . beş kuş uçuyor"
    ),
    "sv": (
        "min mamma bakar gott bröd på morgonen . vi bor i ett blått hus vid floden . idag "
        "skiner solen men i morgon blir det regn . jag vill ha ett glas vatten . fem fåglar "
        "flyger över fältet"
    ),
    "ja": (
        "ははは あさ ぱんを やきます . わたしたちは かわの そばに すんでいます . きょうは いい てんきですが あしたは あめです . みずを ください . "
        "ともだちと ふねに のります . ぼうしと ふくを かいました"
    ),
    "fi": (
        "äitini leipoo aamulla hyvää leipää . me asumme sinisessä talossa joen varrella . "
        "tänään paistaa aurinko mutta huomenna sataa . haluaisin lasin vettä . viisi lintua "
        "lentää pellon yli . hyvää päivää mummo"
    ),
    "hi": (
        "मेरी माँ सुबह रोटी बनाती है . "
        "हम नदी के पास रहते हैं . "
        "आज मौसम अच्छा है पर कल बारिश "
        "होगी . मुझे पानी चाहिए . पाँच पक्षी उड़ते हैं"
    ),
    "ar": (
        "أمي تخبز الخبز في الصباح . نحن نسكن في بيت أبيض قرب النهر . اليوم الجو جميل وغدا "
        "ستمطر . أريد كوبا من الماء"
    ),
}
LANGUAGES = ("en", *_SENTENCES)


def nonsense_word(rng: np.random.Generator) -> str:
    """One to three made-up syllables in English spelling, lip sounds twice as often as the rest."""
    syllables = [
        rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) for _ in range(int(rng.integers(1, 4)))
    ]
    return "".join(syllables)


def sentence(rng: np.random.Generator, language: str = "en") -> str:
    """One thing to say; a fifth of the English ones, and parts of the others, are nonsense."""
    if language != "en":
        words = _SENTENCES[language].split()
        if rng.random() < 0.5:  # a sentence as it is, from any word on
            first = int(rng.integers(0, max(1, len(words) - 8)))
            return " ".join(words[first : first + int(rng.integers(6, 16))]).replace(" .", ",").strip(" ,")
        return " ".join(rng.choice([word for word in words if word not in ".,"], int(rng.integers(5, 12))))
    if rng.random() < 0.2:
        words = [nonsense_word(rng) for _ in range(int(rng.integers(3, 8)))]
        return " ".join(words) + rng.choice([".", "?", "!"])
    frame = str(rng.choice(_FRAMES))
    for slot, choices in (
        ("{name}", _NAMES), ("{noun}", _NOUNS), ("{verb}", _VERBS), ("{adj}", _ADJECTIVES),
        ("{adv}", _ADVERBS),
    ):  # fmt: skip
        while slot in frame:
            word = nonsense_word(rng) if rng.random() < 0.06 else str(rng.choice(choices))
            frame = frame.replace(slot, word, 1)
    while "{num}" in frame:
        frame = frame.replace("{num}", str(rng.integers(1, 10000)), 1)
    return frame[0].upper() + frame[1:]
