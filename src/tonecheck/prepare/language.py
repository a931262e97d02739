"""Tell English from what a model trained on English cannot read, and when in doubt say English."""

import re

_READ = 2_000  # code points; a language shows long before that
_FEWEST_WORDS = 5
_FEWEST_HITS = 3

# Very common words that tell one language from the others. Those that English has too are left out,
# so that "die", "was", "pour" or "me" never speak against English.
_ENGLISH = (
    "the and you that it is of to this are not with your for have what just but they do can if "
    "it's don't my was be i'm how would so about there or"
)
_OTHERS = {
    "es": "el los las que por para con una esto pero muy como más qué está eres tu porque cuando "
    "del también hay puedes sobre siempre",
    "fr": "le les des une est pas vous avec qui sur ce cette je tu mais c'est n'est être votre "
    "sont nous ça aux très dans",
    "de": "der das und ist nicht ich du ein eine auf für dem sie wie aber auch wenn dass mit wir "
    "noch sich haben kannst einfach",
    "it": "il che non di una sono della questo ma più gli anche perché sei è nella mi ti molto "
    "lo tutto quello dovresti questa",
    "pt": "uma não você que com para isso mas mais como muito por são seu sua também porque quando "
    "ele em isto já meu pela está",
    "nl": "de het een niet je van dat en ik voor zijn maar ook als wat hebben naar heb kan deze "
    "bij nog wel jij er",
    "sv": "och att det är inte jag på som för med ett du har av om kan så vi från eller vad när "
    "detta bara mycket",
    "pl": "nie się jest na że jak ale co po tak czy dla tego już tylko jestem masz przez od może "
    "więc bardzo mnie jeśli proszę",
    "tr": "bir bu ve için çok değil ne ama sen daha gibi yok nasıl şey kadar olarak sana bana "
    "olan diye ki neden mi ben lütfen",
}
_ENGLISH_WORDS = frozenset(_ENGLISH.split())
_SPEAKS_FOR: dict[str, tuple[str, ...]] = {}
for _language, _list in _OTHERS.items():
    for _word in _list.split():
        _SPEAKS_FOR[_word] = (*_SPEAKS_FOR.get(_word, ()), _language)

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
# Two letters in a row: the single letters of ಠ_ಠ, ¯\_(ツ)_/¯ and α + β are no sign of a language.
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_LATIN = re.compile("[A-Za-z\u00aa-\u02af\u1e00-\u1eff]")


def looks_english(text: str) -> bool:
    """Return whether a cleaned text is English, or at least not clearly another language.

    False needs evidence: more than half of the letters are not Latin, or the text has five words
    or more and different common words of one other language clearly outnumber those of English.
    """
    head = text[:_READ]
    if not head.isascii() and _mostly_foreign_letters(head):
        return False
    words = _WORD.findall(head.lower())
    if len(words) < _FEWEST_WORDS:
        return True
    hits = dict.fromkeys(_OTHERS, 0)
    english = 0
    for word in set(words):
        if word in _ENGLISH_WORDS:
            english += 1
        for language in _SPEAKS_FOR.get(word, ()):
            hits[language] += 1
    most = max(hits.values())
    return most < _FEWEST_HITS or most <= 2 * english


def _mostly_foreign_letters(text: str) -> bool:
    letters = "".join(_LETTERS.findall(text))
    return 2 * len(_LATIN.findall(letters)) < len(letters)
