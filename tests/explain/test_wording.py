import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.explain.evidence import Finding
from tonecheck.explain.wording import MOST_WORDS, bare, explain
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.verdict import Evidence, Note, ToneScore

H, U, D = Tone.HOSTILITY, Tone.HUSTLING, Tone.DISMISSIVENESS
NONE = "No hostile, hustling or dismissive wording found."


def scores(**decisions):
    """Give each tone named a decision; those named first are the more probable."""
    places = {name: place for place, name in enumerate(decisions)}
    return {
        tone: ToneScore(
            probability=0.9 - places.get(tone, 8) / 10,
            severity=Severity.NONE,
            decision=Decision(decisions.get(tone, "no")),
        )
        for tone in TONES
    }


def finding(text, says="", weight=0.5):
    evidence = Evidence(start=0, end=len(text), text=text, cue="x", weight=weight)
    return Finding(evidence=evidence, shown=text, says=says)


GOOGLE = finding("Just google it", "sends the asker away instead of helping")
ADMIT = finding("just admit it", "presses the reader to give in")


@pytest.mark.parametrize(
    ("decisions", "findings", "sentence"),
    [
        ({}, {}, NONE),
        (
            {"dismissiveness": "yes"},
            {D: [GOOGLE]},
            "“Just google it” sends the asker away instead of helping.",
        ),
        (
            {"hustling": "unsure"},
            {U: [ADMIT]},
            "“just admit it” may press the reader to give in; a person should decide.",
        ),
        (
            {"dismissiveness": "yes", "hustling": "yes"},
            {D: [GOOGLE], U: [ADMIT]},
            "“Just google it” sends the asker away instead of helping, and “just admit it” "
            "presses the reader to give in.",
        ),
        (
            {"hostility": "yes", "hustling": "unsure"},
            {H: [finding("you muppet", "calls the reader names")], U: [ADMIT]},
            "“you muppet” calls the reader names.",
        ),
        (
            {"hostility": "yes", "dismissiveness": "yes"},
            {H: [finding("learn to read", "mocks the reader")], D: [finding("learn to read", "x")]},
            "“learn to read” mocks the reader and x.",
        ),
        (
            {"dismissiveness": "yes"},
            {D: [finding("a big word here")]},
            "“a big word here” resembles replies marked as dismissive.",
        ),
        (
            {"dismissiveness": "unsure"},
            {D: [finding("a big word here")]},
            "“a big word here” may read as dismissive; a person should decide.",
        ),
        (
            {"hostility": "yes", "hustling": "yes"},
            {H: [finding("so there")], U: [finding("so there")]},
            "The wording resembles replies marked as hostile and hustling.",
        ),
        (
            {"hostility": "yes"},
            {},
            "The wording resembles replies marked as hostile.",
        ),
    ],
)
def test_the_sentence_says_what_the_words_do(decisions, findings, sentence):
    assert explain(scores(**decisions), findings) == sentence


def test_a_phrase_that_can_say_what_it_does_goes_before_a_weightier_one_that_cannot():
    found = {D: [finding("the rest of it", weight=0.9), GOOGLE]}
    assert explain(scores(dismissiveness="yes"), found).startswith("“Just google it”")


def test_a_long_quotation_is_shortened_to_six_words():
    found = {H: [finding("one two three four five six seven", "jeers")]}
    assert explain(scores(hostility="yes"), found) == "“one two three four five six…” jeers."


def test_a_quotation_is_shown_on_one_line_with_inner_quotes_told_apart():
    found = {H: [finding("so\n\t“clever”\x00 \u202eyou", "jeers")]}
    assert explain(scores(hostility="yes"), found) == "“so ‘clever’ you” jeers."


def test_two_long_clauses_are_shortened_until_they_fit():
    words = " ".join(["word"] * 9)
    found = {t: [finding(f"{t} {words}", "does a b c d e f g h i")] for t in (H, D)}
    sentence = explain(scores(hostility="yes", dismissiveness="yes"), found)
    assert sentence == (
        "“hostility word word word word word…” does a b c d e f g h i; it also reads as dismissive."
    )


@pytest.mark.parametrize("note", [Note.EMPTY, Note.NOT_ENGLISH])
def test_a_note_that_forbids_judging_is_the_explanation(note):
    assert explain(scores(hostility="unsure"), {}, note) == note.meaning


def test_a_long_message_without_findings_is_said_to_be_read_in_part():
    expected = "No hostile, hustling or dismissive wording found in the part that was read."
    assert explain(scores(), {}, Note.TRUNCATED) == expected


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("sends it away", "send it away"),
        ("presses people", "press people"),
        ("dismisses it", "dismiss it"),
        ("pushes on", "push on"),
        ("voices scorn", "voice scorn"),
        ("uses rank", "use rank"),
        ("pities them", "pity them"),
        ("is cold", "be cold"),
        ("does harm", "do harm"),
        ("coos", "coo"),
    ],
)
def test_after_may_a_predicate_stands_without_its_ending(predicate, expected):
    assert bare(predicate) == expected


FINDINGS = st.lists(
    st.builds(finding, st.text(max_size=400), st.sampled_from(["", "calls the reader names"])),
    max_size=3,
)


@given(
    st.fixed_dictionaries(
        {
            tone: st.builds(
                ToneScore,
                probability=st.floats(0, 1),
                severity=st.just(Severity.MILD),
                decision=st.sampled_from(list(Decision)),
            )
            for tone in TONES
        }
    ),
    st.dictionaries(st.sampled_from(TONES), FINDINGS),
    st.sampled_from([None, *Note]),
)
def test_it_is_always_one_sentence_on_one_line_of_at_most_25_words(tones, findings, note):
    sentence = explain(tones, findings, note)
    assert len(sentence.split()) <= MOST_WORDS
    assert len(sentence.splitlines()) == 1
    assert sentence.isprintable()
    unquoted = re.sub(r"“[^”]*”", "", sentence)
    assert unquoted.endswith(".")
    assert not re.search(r"[.!?]", unquoted[:-1])
    assert not sentence[0].islower()
