"""What is not the author's voice goes; the author's own words stay."""

import pytest

from tonecheck.prepare import prepare

PARENT = (
    "How do I show that this sequence converges? I tried the ratio test. It gives me 1 every "
    "time I run it, so I think the book has a mistake on page forty."
)


def cleaned(text, parent=None):
    return prepare(text, parent).text


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("> you always say that\nI never said so.", "I never said so."),
        (">> older\n> old\n> older still\nNew words.", "New words."),
        ("&gt; quoted in Slack\nmy answer", "my answer"),
        ("On Mon, 3 Mar 2025 at 09:12, Ana Lima <ana@uni.example> wrote:\n> hi\nNo.", "No."),
        ("On Mon, 3 Mar 2025 at 09:12, Ana Lima\n<ana@uni.example> wrote:\n> hi\nNo.", "No."),
        ("Ana wrote:\n\n> hi\n\nNo.", "No."),
        ("<p>Yes.</p><blockquote><p>old <blockquote>older</blockquote></p></blockquote>", "Yes."),
        ('[quote="ana, post:3, topic:9"]old [quote]older[/quote] old[/quote]\nNew.', "New."),
        ("[QUOTE=ana;35]old[/QUOTE] New.", "New."),
        ("Before [quote]never closed", "Before never closed"),
        ("Before [/quote] never opened", "Before never opened"),
        ("@_**Ana|12** [said](https://chat.example/#near/1):\n```quote\nold\n```\nNew.", "New."),
        ("Originally posted by Ana\nI see it differently.", "I see it differently."),
        ("Run this:\n```python\nstupid = kill(1)\n```\nand wait.", "Run this:\nand wait."),
        ("Call `kill_dumb(x)` first.", "Call first."),
        ("Use ``a ` b`` here.", "Use here."),
        ("<pre>kill -9</pre>Try <code>kill</code> again", "Try again"),
        ("[code]kill[/code] Try again", "Try again"),
        ("Thanks all.\n-- \nAna Lima\nInstitute of Maths", "Thanks all."),
        ("See you there.\n\nSent from my iPhone", "See you there."),
        ("<!-- template: do not be rude --> It fails.", "It fails."),
    ],
)
def test_other_voices_are_removed(text, own):
    assert cleaned(text) == own


@pytest.mark.parametrize(
    "text",
    [
        ">:( that was uncalled for",
        ">_< not again",
        ">= 5 is what the task asks for",
        ">!the ending is sad!< and I liked it",
        "5 > 3 and 3 < 5",
        "I can`t see it and it`s late",
        "Yes -- and no",
        "On Monday she wrote: come at nine.",
        "The result was sent from my lab",
        "He said: read the notes first.",
    ],
)
def test_own_words_that_look_like_quotations_stay(text):
    assert cleaned(text) == text


def test_a_long_end_below_a_signature_mark_stays():
    text = "Point one.\n-- \n" + "\n".join(f"point {n}" for n in range(12))
    assert cleaned(text).endswith("point 10\npoint 11")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("How do I show that this sequence converges? Just google it.", "Just google it."),
        ("how do i show that this sequence converges\nlol", "lol"),
        ('"I think the book has a mistake on page forty." Sure it does.', "Sure it does."),
        ("I tried the ratio test. And what did it say?", "And what did it say?"),
        ("“I think the book has a mistake on page forty” … sure", "... sure"),
        ("It gives me 1 every\ntime I run it, so I think THE BOOK has a mistake. Hm.", "Hm."),
    ],
)
def test_repeated_parent_text_is_removed_without_any_quote_marks(text, own):
    assert cleaned(text, PARENT) == own


def test_a_reply_that_only_repeats_its_parent_becomes_empty():
    assert cleaned(PARENT, PARENT) == ""
    assert cleaned(PARENT.upper() + "!!", PARENT) == ""
    parent = "See the syllabus, it is all in there: https://uni.example/s 🙂"
    assert cleaned(parent, parent) == ""


def test_an_own_emoji_after_repeated_text_stays():
    assert cleaned(PARENT + " 🙄", PARENT) == "🙄"


def test_what_the_parent_quotes_counts_as_repeated_too():
    parent = "> the exam will be open book this year\nReally?"
    assert cleaned("the exam will be open book this year\nYes, really.", parent) == "Yes, really."


def test_disguise_does_not_hide_a_repetition():
    parent = "You are a stupid idiot and you know it well."
    assert cleaned("Y\u200bou are a stuuuupid id10t and you know it well. Ha.", parent) == "Ha."


@pytest.mark.parametrize(
    "text",
    [
        "I tried to run it too. The ratio test is not enough here.",
        "The trouble is that you think the book has a mistake, but look at line two.",
        "Thanks!",
    ],
)
def test_naming_the_same_thing_in_own_words_stays(text):
    assert cleaned(text, PARENT) == text


def test_repetition_nested_in_repetition_is_removed_in_one_go():
    gram = "alpha bravo charlie delta echo foxtrot golf hotel"
    nested = gram
    for _ in range(50):
        nested = f"alpha bravo charlie delta {nested} echo foxtrot golf hotel"
    assert cleaned(nested + ". Mine.", gram) == "Mine."


def test_own_words_after_a_patchwork_of_repeated_pieces_stay():
    parent = " ".join(f"word{n}" for n in range(40))
    pieces = [" ".join(f"word{n}" for n in range(first, first + 7)) for first in (0, 20, 9, 30)]
    assert cleaned(" ".join(pieces * 20) + " is my own", parent) == "is my own"


def test_an_empty_parent_is_no_parent():
    assert cleaned("Fine by me.", "") == "Fine by me."
