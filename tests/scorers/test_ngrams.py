import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.scorers.ngrams import BUCKET_BITS, CHAR_SIZES, char_grams, word_grams

texts = st.lists(st.text(max_size=60), max_size=6)


def spans(grams, texts):
    return [
        (row, texts[row][start:end])
        for row, start, end in zip(
            grams.rows.tolist(), grams.starts.tolist(), grams.ends.tolist(), strict=True
        )
    ]


def test_words_are_letters_with_inner_apostrophes_or_single_marks():
    found = word_grams(["Don't be a fool!", "you"], pairs=False)
    assert spans(found, ["Don't be a fool!", "you"]) == [
        (0, "Don't"), (0, "be"), (0, "a"), (0, "fool"), (0, "!"), (1, "you"),
    ]  # fmt: skip


def test_pairs_are_neighbours_of_one_text():
    found = word_grams(["a b", "c"])
    assert spans(found, ["a b", "c"])[3:] == [(0, "a b")]


@pytest.mark.parametrize("make", [word_grams, char_grams])
def test_the_same_words_fall_into_the_same_buckets_whatever_stands_beside_them(make):
    alone = make(["just google it"])
    among = make(["x" * 50, "JUST google it", "or not"])
    assert alone.buckets.tolist() == among.buckets[among.rows == 1].tolist()


def test_character_grams_stay_inside_a_word_and_its_spaces():
    text = "no way"
    found = {gram for _, gram in spans(char_grams([text]), [text])}
    assert {"no", "no ", "way", " way", "wa"} <= found
    assert not any(" " in gram.strip() for gram in found)


def test_no_gram_is_made_of_nothing():
    for make in (word_grams, char_grams):
        assert len(make([]).rows) == 0
        assert len(make(["", "  ", "\0"]).rows) == 0


@given(texts)
def test_grams_of_any_text_lie_inside_it(texts):
    for make in (word_grams, char_grams):
        found = make(texts)
        assert np.all((found.buckets >= 0) & (found.buckets < 1 << BUCKET_BITS))
        for row, start, end in zip(found.rows, found.starts, found.ends, strict=True):
            # The space that frames a text may be part of a character gram.
            assert 0 <= start <= end <= len(texts[row]) + 1


@given(texts)
def test_a_text_gives_the_same_grams_alone_and_in_a_batch(texts):
    for make in (word_grams, char_grams):
        together = make(texts)
        for row, text in enumerate(texts):
            assert make([text]).buckets.tolist() == together.buckets[together.rows == row].tolist()


@given(st.text(alphabet="ab c", max_size=30))
def test_character_grams_are_those_that_counting_by_hand_gives(text):
    framed = f" {text} "
    by_hand = [
        framed[start : start + size]
        for size in CHAR_SIZES
        for start in range(len(framed) - size + 1)
        if " " not in framed[start + 1 : start + size - 1] and framed[start : start + size] != "  "
    ]
    assert len(char_grams([text]).rows) == len(by_hand)
