"""Offsets lead back to the original, and preparing again changes nothing, whatever comes in."""

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tonecheck.prepare import MAX_CHARS, prepare

PARENT = "the cat sat on the mat today. Is this a test? You stupid i d i o t and word"
PIECES = [
    "<b>", "</b>", "<p>", "</p>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<code>",
    "[quote]", "[/quote]", "[quote=a]", "[code]", "[/code]", "<!--", "-->", "`", "``", "```", "\n",
    "\n\n", " ", "> ", ">", "&gt;", "&amp;", "&lt;", "&amp;gt;", "&#42;", "&", "amp;", "lt;",
    "\u200b", "\u00ad", "\u0301", "\u0327", "а", "о", "р", "ρ", "α", "st*pid", "f**k", "i d i o t",
    "i", "d", "o", "t", "stuuuupid", "aaa", "!!!!", "....", "*", "**", "_", "@", "@bob", "@ss",
    "http://x.y/z", "[", "](", "](http://a.b)", "![", "(", ")", '"', "'", "“", "-- \n", "--",
    "On Mon, Ana wrote:", "said:", "Sent from my phone", "Originally posted by a", "<@U1>",
    "<https://x.y|l>", "<", "/", ";", "=", "|", "¯", "ﬁ", "ﷺ", "é", "ｶ", "ﾞ", "\ud800", "\udc00",
    "\r", "😂", "\ufe0f", "İ", "ſ", "word", "another", "You", "the cat sat on the mat today",
    "the cat sat", "on the mat today", "Is this a test?", "5", "1", "0", "$", "%", "#", "~~~", "\\",
]  # fmt: skip

texts = st.one_of(
    st.text(st.characters()), st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
)
parents = st.sampled_from([None, "", PARENT, f"<p>{PARENT}</p>"])


def assert_sound(prepared):
    size, length = len(prepared.text), len(prepared.original)
    assert len(prepared.starts) == len(prepared.ends) == size
    assert prepared.starts.dtype == prepared.ends.dtype == np.int32
    assert size <= MAX_CHARS
    if size:
        assert prepared.starts[0] >= 0
        assert prepared.ends[-1] <= length
        assert (prepared.starts < prepared.ends).all()
        assert (np.diff(prepared.starts) >= 0).all()
        assert (np.diff(prepared.ends) >= 0).all()


@given(texts, parents)
@example("\ud83d\ude00", None)
@example("ſſſs ass", None)
def test_every_text_is_prepared_with_sound_offsets(text, parent):
    prepared = prepare(text, parent)
    assert prepared.original == text
    assert not prepared.truncated
    assert_sound(prepared)


@given(texts, parents)
def test_preparing_again_changes_nothing(text, parent):
    once = prepare(text, parent).text
    assert prepare(once, parent).text == once


@given(texts.filter(bool), parents, st.data())
def test_any_slice_leads_to_a_slice_of_the_original(text, parent, data):
    prepared = prepare(text, parent)
    if prepared.text:
        start = data.draw(st.integers(0, len(prepared.text) - 1))
        end = data.draw(st.integers(start + 1, len(prepared.text)))
        first, last = prepared.locate(start, end)
        assert 0 <= first < last <= len(text)


SEPARATORS = [
    "<b>", "</b>", "<p>", "<pre>", "</pre>", "<!--", "-->", "[quote]", "[/quote]", "`", "```", "*",
    "**", "_", "> ", "\n", " ", "[", "](http://a.b)", "![", "&amp;", "&gt;", "\u00a0", "\x00", "@",
    "\r\n", "<@U1>", "<https://a.b>",
]  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two", "three", "four"]),
            st.lists(st.sampled_from(SEPARATORS), min_size=1, max_size=4).map("".join),
        ),
        max_size=20,
    ),
    st.sampled_from([None, "one two three four one two three. two one four three"]),
)
def test_removing_never_merges_two_words(pairs, parent):
    text = "".join(word + separator for word, separator in pairs)
    found = set(re.findall(r"[^\W_]+", text))
    assert set(re.findall(r"[^\W_]+", prepare(text, parent).text)) <= found


@pytest.mark.parametrize(
    ("text", "word", "source"),
    [
        ("> no\nyou **st*pid** lot", "stupid", "st*pid"),
        ("<p>you i d i o t</p>", "idiot", "i d i o t"),
        ("so stuuuupid now", "stupid", "stuuuupid"),
        ("a ﬁne day", "fine", "ﬁne"),
        ("st\u200bup\u00adid", "stupid", "st\u200bup\u00adid"),
        ("you &quot;expert&quot;", '"expert"', "&quot;expert&quot;"),
        ("stuріd", "stupid", "stuріd"),
        ("see http://uni.example/x now", "🔗", "http://uni.example/x"),
    ],
)
def test_a_word_is_located_where_it_was_written(text, word, source):
    prepared = prepare(text)
    at = prepared.text.index(word)
    start, end = prepared.locate(at, at + len(word))
    assert text[start:end] == source


def test_only_the_start_of_a_long_text_is_read():
    text = "abc " * 300_000
    prepared = prepare(text)
    assert prepared.truncated
    assert prepared.ends[-1] <= MAX_CHARS
    assert_sound(prepared)
    assert not prepare("a" * MAX_CHARS).truncated


def test_a_text_that_grows_stays_within_the_limit():
    assert_sound(prepare("ﷺ" * MAX_CHARS))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "> all quoted", "`x = 1`"])
def test_nothing_of_the_authors_own_is_an_empty_text(text):
    prepared = prepare(text)
    assert prepared.text == ""
    assert_sound(prepared)
