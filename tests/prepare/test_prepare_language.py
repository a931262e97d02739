"""Another language is recognised, and odd English still counts as English."""

import pytest

from tonecheck.prepare import looks_english


@pytest.mark.parametrize(
    "text",
    [
        "No entiendo por qué no funciona, pero creo que el error está en la segunda línea.",
        "Je ne comprends pas pourquoi cela ne marche pas, mais c'est dans la deuxième ligne.",
        "Ich verstehe nicht, warum das nicht geht, aber der Fehler ist in der zweiten Zeile.",
        "Non capisco perché non funziona, ma il problema è nella seconda riga.",
        "Não entendo porque isto não funciona, mas o erro está na segunda linha.",
        "Ik begrijp niet waarom het niet werkt, maar de fout zit in de tweede regel.",
        "Jag förstår inte varför det inte går, men felet är på andra raden och det syns.",
        "Nie rozumiem, dlaczego to nie działa, ale błąd jest na pewno w drugiej linii.",
        "Neden olmuyor anlamadım ama bence hata ikinci satırda ve çok açık değil.",
        "Я не понимаю, почему это не работает",
        "привет",
        "你好,请问作业什么时候交",
        "δεν καταλαβαίνω γιατί",
        "لا أفهم لماذا لا يعمل",
        "यह काम क्यों नहीं करता",
    ],
)
def test_another_language_is_recognised(text):
    assert not looks_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lol no",
        "nah m8 ur code iz trash ngl",
        "smh fr fr no cap deadass ong",
        "bruh git gud rn pls thx",
        "def main ( argv ) : return 0 if argv else 1",
        "SELECT name FROM users WHERE id = 3 ORDER BY name",
        "var x = de.uni.foo ; var y = de.uni.bar ; return x",
        "Ludwig van Beethoven, Vincent van Gogh, Simone de Beauvoir",
        "Die Hard was on, so was that other one, und so weiter, as they say",
        "The German word 'nicht' means not, and 'das ist' means that is",
        "The que por para thing in Spanish is hard for me to get",
        "Pour the mix in the pan, then sur-render to the smell of garlic",
        "MIT, ETH, EPFL, TU Delft, UCL",
        "ಠ_ಠ",
        r"¯\_(ツ)_/¯",
        "α + β = γ",
        "naïve café jalapeño résumé über",
        "привет means hello in Russian, as you all know",
        "12345 67890 !!! ???",
        "\ud800\udc00",
    ],
)
def test_odd_english_counts_as_english(text):
    assert looks_english(text)
