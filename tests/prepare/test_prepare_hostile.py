"""Texts built to be slow or to confuse come through, sound and stable, in bounded time."""

import numpy as np
import pytest

from tonecheck.prepare import MAX_CHARS, prepare

PIECES = [
    "<", "[quote]", "[/quote]", "[quote=", "&amp;", "&amp;lt;", "&#", "a ", "*", "*a", " *a", "_",
    "_a", "> ", ">\n", "(", ") (", "`", "` ", "``` ", "<<b>b>", "<a x=", "<!--", "[x](", "](", "@a",
    "http://.", "www.", "-- \n", "\n", " \n", "x wrote:\n", "On aaaa\n", "sent from my x\n",
    "\u200b", "\u0327\u0301", "ﷺ", "ｱﾞ", "\ud800", "i d i o t ", "f**k ", "1d10t ", "a1b2 ", "aaab",
    "stuuupid", "аa ", "İ", "x.y.z ", "@ss ", "<https://x|", "😂", "a\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_a_repeated_piece_comes_through(piece):
    text = piece * (MAX_CHARS // len(piece))
    prepared = prepare(text, text[: MAX_CHARS // 2])
    assert (prepared.starts < prepared.ends).all()
    assert (np.diff(prepared.starts) >= 0).all()
    assert prepare(prepared.text, text[: MAX_CHARS // 2]).text == prepared.text
    own = prepare(text).text
    assert prepare(own).text == own


def test_layers_beyond_any_honest_depth_leave_the_words():
    text = "you idiot, " + "<b" * 300 + "<b>" + " >" * 300 + " the end"
    prepared = prepare(text)
    assert prepared.text.startswith("you idiot,")
    assert prepared.text.endswith("the end")
    assert not set("<>") & set(prepared.text)
    assert prepare(prepared.text).text == prepared.text
