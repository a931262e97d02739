import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.explain.tokens import BOUNDARY, split


@pytest.mark.parametrize("text", ["don't", "dont", "do not", "don’t", "DON'T"])
def test_every_spelling_of_a_contraction_gives_the_same_forms(text):
    assert split(text).forms == [BOUNDARY, "do", "not", BOUNDARY]


def test_sentence_ends_become_boundaries_and_questions_keep_their_mark():
    assert split("Whatever... So what?! Next").forms == [
        BOUNDARY, "whatever", BOUNDARY, "so", "what", "?", BOUNDARY, "next", BOUNDARY,
    ]  # fmt: skip


def test_a_point_inside_a_number_or_address_ends_no_sentence():
    assert BOUNDARY not in split("see 3.14 at example.org").forms[1:-1]


def test_both_forms_of_a_contraction_stand_on_the_whole_word():
    tokens = split("so you're late")
    spans = [tokens.starts[2], tokens.ends[2], tokens.starts[3], tokens.ends[3]]
    assert tokens.forms[2:4] == ["you", "are"]
    assert spans == [3, 9, 3, 9]


def test_a_capital_with_a_longer_small_form_keeps_later_offsets_right():
    text = "İ said stop"
    tokens = split(text)
    assert text[tokens.starts[-2] : tokens.ends[-2]] == "stop"


@given(st.text())
def test_offsets_lie_in_the_text_and_never_go_back(text):
    forms, starts, ends = split(text)
    assert len(forms) == len(starts) == len(ends)
    assert forms[0] == forms[-1] == BOUNDARY
    assert all(0 <= s <= e <= len(text) for s, e in zip(starts, ends, strict=True))
    assert starts == sorted(starts)
    assert ends == sorted(ends)


@given(st.text())
def test_no_visible_character_is_left_out(text):
    tokens = split(text)
    covered = {i for s, e in zip(tokens.starts, tokens.ends, strict=True) for i in range(s, e)}
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)
