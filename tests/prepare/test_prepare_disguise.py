"""Disguised words are spelt out, and honest text is left alone."""

import pytest

from tonecheck.prepare import prepare


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("st\u200bup\u00adid", "stupid"),
        ("\u202eidiot\u202c", "idiot"),
        ("cool\ufe0f \U000e0041word", "cool word"),
        ("ｓｔｕｐｉｄ ﬁne 𝐢𝐝𝐢𝐨𝐭", "stupid fine idiot"),
        ("“it’s” ‘so’ …", "\"it's\" 'so' ..."),
        ("a\x00b\x07c", "a b c"),
        ("a\ud800b", "a\ufffdb"),
        ("e\u0301te\u0301", "été"),
        ("yоu are stuріd", "you are stupid"),
        ("ѕсаm", "scam"),
        ("ѕсаⅿ", "scam"),
        ("Ιdiοts", "Idiots"),
        ("stüpïd", "stupid"),
        ("ꜱᴛᴜᴘɪᴅ", "stupid"),
    ],
)
def test_disguised_characters_become_plain(text, plain):
    assert prepare(text).text == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("you i d i o t", "you idiot"),
        ("you i.d.i.o.t.", "you idiot."),
        ("I-D-I-O-T", "IDIOT"),
        ("what a n i d i o t you are", "what a n idiot you are"),
        ("st*pid", "stupid"),
        ("f**k this, F***!", "fuck this, Fuck!"),
        ("SH!T", "SHIT"),
        ("id10t", "idiot"),
        ("$tupid @ss", "stupid ass"),
        ("dumb@ss", "dumbass"),
        ("ѕtup1d", "stupid"),
        ("stuuuupid", "stupid"),
        ("STUUUPIDDDD", "STUPID"),
        ("assshole", "asshole"),
        ("sooooo goooood", "soo good"),
        ("heeeel", "heel"),
        ("what?????? no!!!!!!!!", "what??? no!!!"),
        ("😂😂😂😂😂", "😂😂😂"),
    ],
)
def test_disguised_words_are_spelt_out(text, plain):
    assert prepare(text).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "a b c d e",
        "x.y.z and e.g. this, i.e. that",
        "U.S.A. and the C.R.A.A.P. test",
        "5*3, x**2, a**b, C++, C#, F#",
        "the A55, H2O, R2D2, k8s, i18n, 10th, 0xffff8806",
        "$5 or $HOME or 100%",
        "Great! Idiot! Stupid!!",
        "World War III, Chapter XIII",
        "All good, see you soon: 1000 hours",
        "привет, как дела? это курс",
        "το μάθημα είναι καλό",
        "ρgh and Δx, λ = 3",
        "naïve café, señor, über",
        "*sigh",
    ],
)
def test_honest_text_is_left_alone(text):
    assert prepare(text).text == text


def test_a_mask_that_fits_several_words_takes_the_most_usual():
    assert prepare("sh*t").text == "shit"
    assert prepare("d**n").text == "damn"
