"""Markup goes, its words stay, and what only looks like markup stays as it is."""

import pytest

from tonecheck.prepare import LINK, prepare


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "<p>Read this.</p><p>Then <b>that</b>, <i>please</i>.</p>",
            "Read this.\nThen that, please.",
        ),
        ("line one<br/>line two", "line one\nline two"),
        ('<a href="https://uni.example" target="_blank">the notes</a>', "the notes"),
        ("<b>You</b>'re right", "You're right"),
        ("half<b>way</b>there", "half way there"),
        ("fish &amp; chips &lt;3", "fish & chips <3"),
        ("&amp;amp;amp;quot;fine&amp;quot;", '"fine"'),
        ("a&nbsp;b &#8212; c", "a b — c"),
        ("[the notes](https://uni.example/a_(b)) help", "the notes help"),
        ("![a graph](plot.png) shows it", "a graph shows it"),
        ('[title](http://uni.example "Hover text")', "title"),
        ("[![badge](b.svg)](https://uni.example) ok", "badge ok"),
        ("**Please** read *all* of _it_ and ***stop***", "Please read all of it and stop"),
        ("**a *b* c**", "a b c"),
        ("see https://uni.example/x?y=1&z=2. Then www.uni.example!", f"see {LINK}. Then {LINK}!"),
        ("<https://uni.example|the notes> and <https://uni.example>", f"the notes and {LINK}"),
        ("@ana @bo.k-2 hi, mail me@uni.example", "@ @ hi, mail me@uni.example"),
        ("<@U024BE7LH> <@!80351> <!here> hello", "@ @ @ hello"),
        ("@**Ana Lima** hello", "@ hello"),
        ("too   many \t spaces\r\n\r\n\r\nhere ", "too many spaces\nhere"),
    ],
)
def test_markup_goes_and_its_words_stay(text, words):
    assert prepare(text).text == words


@pytest.mark.parametrize(
    "text",
    [
        "List<String> and Map<K, V>",
        "a < b and c > d",
        "if x<i && j>y then stop",
        "I <3 this course",
        "AT&T; R&D; Q&A",
        "callbacks[i](x) fails",
        "snake_case_name and __init__",
        "5*3*2 = 30, 2 ** 3, a * b * c",
        "*args and **kwargs",
        r"¯\_(ツ)_/¯",
        ":party_parrot: <:blob:123> <a:wave:456>",
        "- one\n- two\n1. three",
    ],
)
def test_what_only_looks_like_markup_stays(text):
    assert prepare(text).text == text
