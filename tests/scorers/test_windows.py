from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.errors import ModelFormatError
from tonecheck.prepare import prepare
from tonecheck.reading import Reading
from tonecheck.scorers.render import SHOUTED, STRETCHED
from tonecheck.scorers.windows import LONGEST, PARENT, Windows
from tonecheck.training.vocabulary import CLS, SEP, learn_vocabulary

WORDS = [f"word{letter}{other}" for letter in "abcdefgh" for other in "abcdefgh"]


@pytest.fixture(scope="module")
def tokenizer():
    return learn_vocabulary([" ".join(WORDS), "stop read the page , why ? . !"] * 3, size=900)


@pytest.fixture(scope="module")
def windows(tokenizer):
    return Windows(tokenizer)


@pytest.fixture(scope="module")
def narrow(tokenizer):
    return Windows(tokenizer, longest=12)


def reading(text, parent=""):
    return Reading(prepared=prepare(text), parent=parent)


def words(item, window):
    text = item.prepared.text
    return [text[a:b] for a, b in zip(window.starts, window.ends, strict=True) if a >= 0]


def numbered(count):
    return " ".join(WORDS[at % len(WORDS)] for at in range(count))


def test_a_short_reply_is_one_window_with_its_own_words(windows):
    item = reading("stop , read the page .")
    (window,) = windows.cut([item])
    assert (window.row, window.tokens[0], window.tokens[-1]) == (0, CLS, SEP)
    assert words(item, window) == ["stop", ",", "read", "the", "page", "."]
    assert set(window.types.tolist()) == {0}


def test_the_tokens_are_those_that_the_tokenizer_joins(windows, tokenizer):
    item = reading("read the page", "why ?")
    (window,) = windows.cut([item])
    expected = tokenizer.encode("read the page", "why ?")
    assert window.tokens.tolist() == expected.ids
    assert window.tokens.dtype == window.types.dtype == np.int64
    assert window.starts.dtype == window.ends.dtype == np.int32


def test_what_is_answered_has_no_place_in_the_reply(windows):
    item = reading("read the page", "why stop ?")
    (window,) = windows.cut([item])
    assert words(item, window) == ["read", "the", "page"]
    assert window.starts.tolist() == [-1, 0, 5, 9, -1, -1, -1, -1, -1]
    assert ((window.starts == -1) == (window.ends == -1)).all()


def test_only_the_end_of_what_is_answered_is_read(windows, tokenizer):
    parent = numbered(64)
    (window,) = windows.cut([reading("read", parent)])
    tail = tokenizer.encode(parent, add_special_tokens=False).ids[-PARENT:]
    assert window.tokens[-PARENT - 1 : -1].tolist() == tail
    assert len(window.tokens) == 1 + 1 + 1 + PARENT + 1


def test_a_reply_may_be_read_alone(windows):
    item = reading("read the page", "why stop ?")
    (alone,) = windows.cut([item], alone=True)
    (plain,) = windows.cut([reading("read the page")])
    assert alone.tokens.tolist() == plain.tokens.tolist()


@pytest.mark.parametrize("parent", ["", "why ?"])
def test_a_reply_without_words_is_one_window_without_words(windows, parent):
    item = reading("", parent)
    (window,) = windows.cut([item])
    assert words(item, window) == []
    assert window.tokens[0] == CLS


def test_no_replies_give_no_windows(windows):
    assert windows.cut([]) == []


def test_a_loud_word_s_mark_points_to_the_word(windows, tokenizer):
    item = reading("read STOP")
    (window,) = windows.cut([item])
    mark = window.tokens.tolist().index(tokenizer.token_to_id(SHOUTED))
    assert (window.starts[mark], window.ends[mark]) == (5, 6)
    assert words(item, window)[-1] == "STOP"
    stretched = windows.cut([reading("stoooop")])[0]
    assert tokenizer.token_to_id(STRETCHED) in stretched.tokens


@pytest.mark.parametrize("parent", ["", "why stop the page ?"])
def test_a_long_reply_goes_on_in_windows_that_overlap(windows, parent):
    item = reading(numbered(600), parent)
    found = windows.cut([item])
    assert len(found) > 2
    spans = [
        [(a, b) for a, b in zip(w.starts.tolist(), w.ends.tolist(), strict=True) if a >= 0]
        for w in found
    ]
    for before, after in pairwise(spans):
        assert len(set(before) & set(after)) >= LONGEST // 4
    covered = {at for window in spans for a, b in window for at in range(a, b)}
    assert covered == {at for at, char in enumerate(item.prepared.text) if char != " "}
    assert max(len(window.tokens) for window in found) <= LONGEST


@settings(deadline=None, max_examples=150)
@given(st.lists(st.text(max_size=80), max_size=3), st.text(max_size=40))
def test_any_texts_are_cut_within_the_limit(tokenizer, narrow, texts, parent):
    parent = " ".join(prepare(parent).text.split()[:2])[:4]
    items = [reading(text, parent) for text in texts]
    if len(tokenizer.encode(parent, add_special_tokens=False).ids) > 5:
        return
    found = narrow.cut(items)
    assert [row for row in range(len(items))] == sorted({window.row for window in found})
    for window in found:
        own = window.starts >= 0
        assert len(window.tokens) == len(window.types) == len(own) <= 12
        assert (window.starts[own] < window.ends[own]).all()
        assert (window.ends[own] <= len(items[window.row].prepared.text)).all()
    for row, item in enumerate(items):
        mine = [window for window in found if window.row == row]
        covered = {at for w in mine for a, b in zip(w.starts, w.ends, strict=True) if a >= 0
                   for at in range(a, b)}  # fmt: skip
        letters = {at for at, char in enumerate(item.prepared.text) if char.isalnum()}
        assert letters <= covered


def test_a_batch_gives_what_each_reply_gives_alone(windows):
    items = [reading("read the page"), reading(numbered(300), "why ?"), reading("")]
    together = windows.cut(items)
    alone = [window for item in items for window in windows.cut([item])]
    assert [w.tokens.tolist() for w in together] == [w.tokens.tolist() for w in alone]
    assert [w.row for w in together] == sorted(w.row for w in together)


def test_a_tokenizer_is_read_from_its_file(tokenizer, windows, tmp_path):
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    item = reading("read the page", "why ?")
    (found,) = Windows.from_file(tmp_path / "tokenizer.json").cut([item])
    assert found.tokens.tolist() == windows.cut([item])[0].tokens.tolist()


@pytest.mark.parametrize("content", [None, "", "{}", '{"a": 1}', "not json"])
def test_a_file_without_a_tokenizer_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(
        ModelFormatError, match=r"tokenizer\.json holds no tokenizer \(.+\)\. Train"
    ):
        Windows.from_file(path)
