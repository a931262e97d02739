import re
from collections import Counter

import pytest

from tonecheck.explain.catalogue import expand, read_cue, read_cues
from tonecheck.explain.wording import bare
from tonecheck.labels import TONES

CUES = read_cues()
# Every kind that the codebook names for a tone; `evidence.cue` shows them to people.
KINDS = {
    "hostility": {
        "insult", "stupidity", "liar", "bad_faith", "mockery", "contempt", "threat", "ill_wish",
        "swearing", "ridicule", "sarcasm", "group_insult", "bullying",
    },
    "dismissiveness": {
        "brush_off", "rtfm", "condescension", "patronising", "invalidating", "worthless",
        "gatekeeping", "shutting_down", "belittling",
    },
    "hustling": {
        "pressing", "closing", "steamrolling", "rank", "bandwagon", "guilt", "ultimatum",
        "urgency", "challenge", "hard_sell", "self_promotion", "recruiting", "absolutism",
    },
    "cancel": {"quoting", "reported", "negation", "self_directed", "apology", "joy", "idiom"},
}  # fmt: skip
SLURS = re.compile(r"retard|fag|nigg|tranny|spastic|kike|chink|paki|dyke|cunt|whore|slut|bitch")


def test_at_least_220_cues_over_the_three_tones():
    assert sum(cue.tone is not None for cue in CUES) >= 220
    assert all(sum(cue.tone is tone for cue in CUES) >= 60 for tone in TONES)


def test_ids_are_unique_and_begin_with_the_tone():
    assert not [name for name, count in Counter(cue.id for cue in CUES).items() if count > 1]
    assert all(cue.id.partition(".")[0] == (cue.tone or "cancel") for cue in CUES)


@pytest.mark.parametrize("home", KINDS)
def test_every_kind_of_the_codebook_has_cues_and_no_other_kind_has(home):
    assert {cue.kind for cue in CUES if cue.id.startswith(f"{home}.")} == KINDS[home]


def test_strengths_are_probabilities_above_zero():
    assert all(0 < cue.strength <= 1 for cue in CUES)


def test_only_cancelling_cues_reach_beyond_their_words():
    assert all(cue.reach == 0 for cue in CUES if cue.tone)


@pytest.mark.parametrize("cue", [cue for cue in CUES if cue.tone], ids=lambda cue: cue.id)
def test_what_a_cue_says_is_a_short_predicate_on_the_words(cue):
    verb = cue.says.split()[0]
    assert verb.endswith("s")
    assert bare(cue.says) != cue.says
    assert len(cue.says.split()) <= 8
    assert not re.search(r"[.!?;]", cue.says)


def test_no_slur_stands_in_the_data():
    words = {word for cue in CUES for phrase in cue.phrases for word in phrase}
    texts = " ".join(text for cue in CUES for text in (*cue.examples, *cue.near_misses))
    assert not [word for word in {*words, *texts.lower().split()} if SLURS.match(word)]


def test_a_template_stands_for_every_combination_of_its_alternatives():
    assert set(expand("(just|) {verb} it", {"verb": ["google", "bing"]})) == {
        ("just", "google", "it"), ("just", "bing", "it"), ("google", "it"), ("bing", "it"),
    }  # fmt: skip


def test_a_template_asks_for_sentence_ends_with_points():
    assert list(expand(". whatever .", {})) == [("|", "whatever", "|")]


def test_a_template_that_grows_too_large_is_refused():
    numbers = "|".join(map(str, range(50)))
    with pytest.raises(ValueError, match="has 2500 forms; 600 are allowed"):
        list(expand(f"({numbers}) ({numbers})", {}))


def test_a_row_without_an_example_is_refused():
    row = {"id": "hostility.x", "kind": "insult", "strength": 0.5, "says": "jeers"}
    with pytest.raises(KeyError, match="examples"):
        read_cue(row, {})
