import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.console import json_line, printable

ANY_TEXT = st.text(st.characters())  # with lone surrogates, which st.text() leaves out


@given(ANY_TEXT)
def test_printable_keeps_the_length_and_lets_no_control_through(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert printable(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", "␛[2J␇"),
        ("over\rwrite", "over␍write"),
        ("\x9b31m", "�31m"),
        ("a\u202eb\u2066c\u2069", "a�b�c�"),
        ("\ud83d", "�"),
        ("lines\n\tand tabs", "lines\n\tand tabs"),
        ("👩\u200d🚀 שלום\u200f ", "👩\u200d🚀 שלום\u200f "),
    ],
)
def test_printable_replaces_what_would_act_on_a_terminal(text, shown):
    assert printable(text) == shown


@given(ANY_TEXT)
def test_a_json_line_is_one_line_of_utf8_and_says_the_same(text):
    line = json_line({"text": text})
    assert line.splitlines() == [line]
    assert line.isprintable()
    assert json.loads(line.encode()) == {"text": text}


def test_a_json_line_leaves_ordinary_letters_as_they_are():
    assert json_line({"text": "Käse, 犬"}) == '{"text": "Käse, 犬"}'
