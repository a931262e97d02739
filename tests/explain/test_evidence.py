import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.explain.cues import CueFinder
from tonecheck.explain.evidence import MODEL_CUE, MOST_SPANS, MOST_WORDS, gather
from tonecheck.labels import TONES, Tone
from tonecheck.prepare import prepare
from tonecheck.reading import Contribution, Prepared, Reading

FINDER = CueFinder.load()
H, D = Tone.HOSTILITY, Tone.DISMISSIVENESS


def read(text, parent=None):
    prepared = prepare(text, parent)
    return Reading(prepared=prepared, hits=FINDER.find(prepared.text))


def weights(text, **by_word):
    """Give words of the cleaned text their weight, as a scorer does."""
    return [
        Contribution(start=m.start(), end=m.end(), weight=by_word.get(m.group().lower(), 0.0))
        for m in re.finditer(r"\w+", text)
    ]


def shown(findings):
    return [(f.evidence.text, f.evidence.cue) for f in findings]


def test_a_known_phrase_is_evidence_with_its_kind_and_what_it_says():
    (finding,) = gather(read("Just google it."), {}, D)
    assert shown([finding]) == [("Just google it", "rtfm")]
    assert finding.says == "sends the asker away instead of helping"


def test_a_cancelled_phrase_and_one_for_another_tone_are_no_evidence():
    assert gather(read("He called me a total idiot."), {}, H) == ()
    assert gather(read("Just google it."), {}, H) == ()


def test_phrases_that_overlap_become_one_named_after_the_strongest():
    (finding,) = gather(read("You are a fucking idiot"), {}, H)
    assert shown([finding]) == [("You are a fucking idiot", "insult")]


def test_without_a_known_phrase_the_model_names_the_words_that_weigh_most():
    text = "The slides are fine. Your plan smells of cheap paint to me. Bye"
    reading = read(text)
    gains = weights(reading.prepared.text, smells=0.9, cheap=0.8, of=-0.1, bye=0.5)
    (finding,) = gather(reading, {H: gains}, H)
    assert shown([finding]) == [("smells of cheap", MODEL_CUE)]
    assert finding.says == ""


def test_the_models_phrase_has_at_most_eight_words():
    reading = read(" ".join(f"word{i}" for i in range(30)))
    gains = weights(reading.prepared.text, **{f"word{i}": 0.1 for i in range(30)})
    (finding,) = gather(reading, {H: gains}, H)
    assert len(finding.evidence.text.split()) == 8


def test_a_positive_contribution_is_shown_even_if_its_word_speaks_against_the_tone():
    reading = read("well then")
    gains = [
        Contribution(start=0, end=2, weight=0.2),
        Contribution(start=0, end=4, weight=-0.9),
    ]
    assert shown(gather(reading, {H: gains}, H)) == [("well", MODEL_CUE)]


def test_without_cues_and_positive_contributions_there_is_no_evidence():
    reading = read("well then")
    assert gather(reading, {H: weights("well then", well=-1.0)}, H) == ()
    assert gather(read(""), {}, H) == ()


def test_the_model_speaks_beside_a_known_phrase_only_with_a_large_share():
    reading = read("Just google it. The rest smells a bit.")
    text = reading.prepared.text
    assert shown(gather(reading, {D: weights(text, google=1.0, smells=2.0)}, D))[1:] == [
        ("smells", MODEL_CUE)
    ]
    assert len(gather(reading, {D: weights(text, google=1.0, smells=0.2)}, D)) == 1


def test_what_the_model_adds_raises_the_weight_of_a_phrase():
    reading = read("Just google it")
    (alone,) = gather(reading, {}, D)
    (both,) = gather(reading, {D: weights(reading.prepared.text, google=1.0)}, D)
    assert alone.evidence.weight < both.evidence.weight <= 1


def test_a_long_stretch_is_cut_to_twelve_words():
    reading = read("YOU ALL MUST NOT DO " + "THIS AND THAT " * 20)
    (finding,) = gather(reading, {}, Tone.HUSTLING)
    assert len(finding.evidence.text.split()) == MOST_WORDS


def test_markup_is_left_outside_and_disguise_inside():
    text = "ok **you are an i\u200bd\u200biot** then"
    (finding,) = gather(read(text), {}, H)
    evidence = finding.evidence
    assert evidence.text == text[evidence.start : evidence.end] == "you are an i\u200bd\u200biot"


def test_a_removed_stretch_in_the_middle_leaves_the_longer_part():
    clean, gap = "you are an absolute muppet", "~" * 300
    original = clean[:8] + gap + clean[8:]
    places = np.arange(len(clean), dtype=np.int32)
    places[8:] += len(gap)
    prepared = Prepared(original=original, text=clean, starts=places, ends=places + 1)
    (finding,) = gather(Reading(prepared=prepared, hits=FINDER.find(clean)), {}, H)
    assert finding.evidence.text == "an absolute muppet"


def test_at_most_three_spans_the_weightiest_first():
    text = "Whatever. Who cares. Skill issue. Just google it. Yawn. This thread is a waste of time."
    findings = gather(read(text), {}, D)
    found = [finding.evidence.weight for finding in findings]
    assert len(found) == MOST_SPANS
    assert found == sorted(found, reverse=True)


PIECES = st.sampled_from(
    ["you are", "an", "idiot", "**", "\n> quoted\n", "`code`", "just google it", "whatever.", "ﬁne",
     "&amp;", "https://example.org/a/b/c", "…", "🙄", " ", "NOT", "THIS", "?", "nai\u0308ve"]
)  # fmt: skip


@st.composite
def replies_with_weights(draw):
    text = draw(st.one_of(st.text(), st.lists(PIECES, max_size=25).map(" ".join)))
    reading = read(text)
    size = len(reading.prepared.text)
    spans = st.tuples(st.integers(0, max(0, size - 1)), st.integers(1, 12), st.floats(-3, 3))
    contributions = [
        Contribution(start=start, end=min(size, start + length), weight=weight)
        for start, length, weight in draw(st.lists(spans, max_size=12) if size else st.just([]))
    ]
    return reading, contributions


@given(replies_with_weights())
def test_evidence_is_exact_apart_short_and_sorted(case):
    reading, contributions = case
    original = reading.prepared.original
    for tone in TONES:
        found = [f.evidence for f in gather(reading, {tone: contributions}, tone)]
        assert len(found) <= MOST_SPANS
        for evidence in found:
            assert original[evidence.start : evidence.end] == evidence.text != ""
            assert 0 < evidence.weight <= 1
        spans = sorted((e.start, e.end) for e in found)
        assert all(first[1] <= second[0] for first, second in pairwise(spans))
        assert [e.weight for e in found] == sorted((e.weight for e in found), reverse=True)
        speaks = any(c.weight > 0 for c in contributions) and reading.prepared.text.strip()
        assert found or not speaks


@pytest.mark.parametrize("text", ["???!!!", "🙃🙃", "。。。"])
def test_a_text_of_marks_only_gives_its_marks(text):
    reading = read(text)
    if not reading.prepared.text:
        pytest.skip("nothing is left of it")
    gains = [Contribution(start=0, end=len(reading.prepared.text), weight=1.0)]
    assert gather(reading, {H: gains}, H)[0].evidence.cue == MODEL_CUE
