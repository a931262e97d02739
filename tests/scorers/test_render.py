import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.prepare import prepare
from tonecheck.scorers.render import SHOUTED, STRETCHED, render, render_parent

loud = st.text(alphabet="aAeEiİßſ sooOTP!.⇧⇿🙂 \n\u0307", max_size=60)


def shortened(text):
    """How far a stretched word is shortened is up to `prepare`."""
    return text.replace("OO", "O").replace("oo", "o").replace("ee", "e")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("stop it", "stop it"),
        ("STOP it", "⇧ STOP it"),
        ("I am A learner", "I am A learner"),
        ("it is HTML5, OK?", "it is ⇧ HTML5, ⇧ OK?"),
        ("He said NO.", "He said ⇧ NO."),
        ("pleeease", "⇿ please"),
        ("STOOOOP", "⇧ ⇿ STOOP"),
        ("soooo many books", "⇿ soo many books"),
        ("books and a keeper", "books and a keeper"),
        ("", ""),
    ],
)
def test_a_mark_stands_before_each_loud_word(text, read):
    found, _ = render(prepare(text))
    assert shortened(found) == shortened(read)


def test_only_the_word_that_was_stretched_is_marked():
    found, _ = render(prepare("nooooo, you need a book"))
    assert found.count(STRETCHED) == 1
    assert found.startswith(STRETCHED)


def test_a_mark_has_the_place_of_its_word():
    prepared = prepare("please STOP it")
    found, places = render(prepared)
    at = found.index(SHOUTED)
    start = prepared.text.index("STOP")
    assert places[at : at + 3].tolist() == [start, start, start]
    assert places.tolist() == sorted(places.tolist())


@settings(deadline=None)
@given(st.text(max_size=80) | loud)
def test_what_is_no_mark_is_the_cleaned_text_in_its_place(text):
    prepared = prepare(text)
    found, places = render(prepared)
    assert places.dtype == np.int32
    assert len(places) == len(found)
    last = {int(place): at for at, place in enumerate(places)}  # its word comes after the marks
    assert sorted(last) == list(range(len(prepared.text)))
    assert "".join(found[last[place]] for place in sorted(last)) == prepared.text
    marks = [char for at, char in enumerate(found) if last[int(places[at])] != at]
    assert set(marks) <= {SHOUTED, STRETCHED, " "}


@given(st.text(alphabet="abc def.,!?\n", max_size=60))
def test_a_quiet_text_is_read_as_it_is(text):
    prepared = prepare(text)
    if any(a * 3 in text for a in "abcdef"):
        return
    found, places = render(prepared)
    assert found == prepared.text
    assert places.tolist() == list(range(len(found)))


@pytest.mark.parametrize("text", ["stop it", "STOP it, NOW", "I am A learner", "HTML5 is OK", ""])
def test_what_is_answered_is_read_like_a_reply(text):
    assert render_parent(text) == render(prepare(text))[0]
