import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.errors import ConfigError
from tonecheck.explain.catalogue import read_cue
from tonecheck.explain.cues import CueFinder
from tonecheck.labels import Tone

FINDER = CueFinder.load()
SPEAKING = [cue for cue in FINDER.cues if cue.tone]
CANCELLING = [cue for cue in FINDER.cues if cue.tone is None]


def live(text):
    return {hit.cue for hit in FINDER.find(text) if hit.tone and hit.strength > 0}


def cue(**row):
    basis = {"kind": "insult", "strength": 0.5, "says": "jeers", "examples": []}
    return read_cue({**basis, **row}, {})


@pytest.mark.parametrize("cue", SPEAKING, ids=lambda cue: cue.id)
def test_a_cue_is_found_in_its_examples_and_not_in_its_near_misses(cue):
    assert cue.examples
    assert [text for text in cue.examples if cue.id not in live(text)] == []
    assert [text for text in cue.near_misses if cue.id in live(text)] == []


@pytest.mark.parametrize("cue", CANCELLING, ids=lambda cue: cue.id)
def test_a_cancelling_cue_leaves_its_examples_free_of_cues_and_not_its_near_misses(cue):
    for text in cue.examples:
        assert cue.id in {hit.cue for hit in FINDER.find(text)}
        assert live(text) == set(), text
    for text in cue.near_misses:
        assert live(text), text


def test_most_cues_have_a_near_miss():
    assert sum(bool(cue.near_misses) for cue in FINDER.cues) > 0.8 * len(FINDER.cues)


@pytest.mark.parametrize(
    "text",
    [
        "He called me an idiot in front of the group.",
        "She said that I was a complete idiot.",
        "You are not an idiot, nobody finds this easy.",
        "I don't think you're stupid.",
        "Nobody is saying you are a liar.",
        "I'm such an idiot, the cable was out.",
        "I feel like such a moron.",
        "Sorry for calling you a troll.",
        "Holy shit, that is fucking brilliant!",
        "You have to admit, the proof is pretty.",
        "There are no stupid questions in this channel.",
        "The setup is stupid simple, a killer feature.",
        "Thanks, the hint about the base case was all I needed.",
        "The deadline is Friday at noon because the hall is booked after that.",
        "I disagree: the second step needs the triangle inequality.",
    ],
)
def test_harmless_replies_hold_no_live_cue(text):
    assert live(text) == set()


def test_a_cancelled_hit_stays_with_strength_zero():
    hits = FINDER.find("He called me an idiot again, you know.")
    assert [hit.cue for hit in hits if hit.tone is None] == ["cancel.called_me"]
    hits = FINDER.find("I was told I am a total idiot.")
    assert [(hit.cue, hit.strength) for hit in hits if hit.tone] == [
        ("hostility.insult_with_force", 0.0)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "She said it was fine, you absolute muppet.",
        "She said it was fine. You absolute muppet!",
        "She said it was fine but you absolute muppet broke it.",
    ],
)
def test_a_cancelling_cue_governs_its_own_clause_only(text):
    assert "hostility.insult_you" in live(text)


def test_a_cue_that_has_a_cancelling_cue_inside_itself_stays():
    assert "dismissiveness.you_do_not_understand" in live("I don't think you understand a word.")


def test_spelling_and_capitals_do_not_matter():
    for text in ("YOU ARE AN IDIOT", "youre an idiot", "You’re an idiot", "ur an idiot"):
        assert "hostility.insult_you" in live(text)


def test_hits_are_sorted_and_stand_on_the_words():
    text = "Whatever. Just google it, you absolute muppet."
    hits = FINDER.find(text)
    assert list(hits) == sorted(hits, key=lambda hit: (hit.start, hit.end, hit.cue))
    words = {hit.cue: text[hit.start : hit.end] for hit in hits}
    assert words["dismissiveness.whatever"] == "Whatever"
    assert words["dismissiveness.just_google_it"] == "Just google it"
    assert words["hostility.insult_you"] == "you absolute muppet"


def test_overlapping_finds_of_one_cue_collapse_to_the_longest():
    finder = CueFinder([cue(id="hostility.x", phrases=["what a mess", "a mess", "mess of a lab"])])
    text = "What a mess of a lab, a mess."
    assert [text[hit.start : hit.end] for hit in finder.find(text)] == ["mess of a lab", "a mess"]


def test_a_pattern_with_a_gap_is_found_where_its_rare_word_stands():
    gap = {"ORTH": {"IN": ["so", "very"]}, "OP": "{0,3}"}
    pattern = [{"ORTH": "you"}, {"ORTH": "are"}, gap, {"ORTH": "dim"}]
    finder = CueFinder([cue(id="hostility.x", patterns=[pattern])])
    text = "Well, " * 40 + "you are so very very dim."
    (hit,) = finder.find(text)
    assert text[hit.start : hit.end] == "you are so very very dim"


def test_a_pattern_of_frequent_words_only_is_refused():
    pattern = [{"ORTH": "you"}, {"ORTH": {"IN": ["are", "was"]}}]
    with pytest.raises(ConfigError, match=r"hostility\.x: a pattern needs one token"):
        CueFinder([cue(id="hostility.x", patterns=[pattern])])


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("You read it? Did you even try? Why are you here?", "hustling.question_barrage"),
        ("I said YOU CAN NOT DO this here.", "hustling.shouting"),
    ],
)
def test_shapes_are_found_beside_words(text, cue):
    assert cue in live(text)


@pytest.mark.parametrize(
    "text",
    [
        "Where is it? Is it open? Who has the key?",
        "You read it? Fine. Did you like it? Good. Would you recommend it?",
        "We use HTTP, FTP, SSH and SMTP.",
        "See FIG A",
    ],
)
def test_harmless_questions_and_acronyms_have_no_shape(text):
    assert not live(text) & {"hustling.question_barrage", "hustling.shouting"}


@given(st.text())
def test_any_text_gives_hits_that_lie_in_it(text):
    for hit in FINDER.find(text):
        assert 0 <= hit.start < hit.end <= len(text)
        assert 0 <= hit.strength <= 1


WORDS = ["you", "idiot", "just", "google", "it", "said", "he", "not", "?", ".", ",", "\n", "lol"]


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_one_by_one_and_together_give_the_same(words):
    text = " ".join(words)
    assert list(FINDER.find_many([text, "Well done.", text])) == [
        FINDER.find(text), FINDER.find("Well done."), FINDER.find(text),
    ]  # fmt: skip


def test_reading_unknown_words_does_not_grow_the_vocabulary():
    before = len(FINDER._vocab.strings)
    FINDER.find(" ".join(f"neologism{i}" for i in range(500)))
    assert len(FINDER._vocab.strings) == before


def test_loading_warns_of_nothing():
    code = "from tonecheck.explain.cues import CueFinder; CueFinder.load().find('Whatever.')"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_every_tone_is_spoken_for():
    assert {cue.tone for cue in SPEAKING} == set(Tone)
